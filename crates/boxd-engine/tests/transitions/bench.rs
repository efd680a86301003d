//! A session on a bench: time stands still until told, and every effect waits for its answer.

use std::time::Duration;

use boxd_engine::{
    Answer, Ask, BootId, BootTime, Commit, Credential, Effect, Event, Exchange, Generation, Jitter, Loaded,
    Moment, NewGrant, Now, Operation, Record, Refusal, Session, Settings, Spend, State, StoreFault, Trouble,
    WallTime, Which, event::Notice,
};

use crate::fixtures::{
    BOOT, INVALID_GRANT, LIFE, WALL, boot_id, grant, moment, newcomer, pair, record, reply, settings,
};

/// A session, its clocks, and what it asked for.
pub(crate) struct Bench {
    pub(crate) session: Session,
    pub(crate) boot_id: BootId,
    pub(crate) boot: u64,
    pub(crate) wall: i64,
    pub(crate) jitter: u32,
    /// The grant that Box's next answer continues: tokens are named by numbers that count up.
    issued: u64,
    waiting: Vec<Effect>,
    said: Vec<String>,
}

impl Bench {
    /// A healthy grant: access token `A5`, just issued, refresh token `R5` and `R4` before it.
    pub(crate) fn healthy() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let loaded = grant(record(5, moment(BOOT, WALL), LIFE));
        Self::load(loaded, settings, BOOT, WALL)
    }

    pub(crate) fn absent() -> Self {
        Self::load(Loaded::Absent { highest: Generation(5) }, settings(), BOOT, WALL)
    }

    pub(crate) fn loaded(loaded: Loaded) -> Self {
        Self::load(loaded, settings(), BOOT, WALL)
    }

    /// The next process: what was durable is loaded, `after` seconds later on both clocks.
    pub(crate) fn load(loaded: Loaded, settings: Settings, boot: u64, wall: i64) -> Self {
        let now = Now { boot: BootTime(boot), wall: WallTime(wall), jitter: Jitter(0) };
        let session = Session::load(loaded, settings, boot_id(), now);
        let (waiting, said) = (Vec::new(), Vec::new());
        let mut bench = Self { session, boot_id: boot_id(), boot, wall, jitter: 0, issued: 5, waiting, said };
        bench.tell(Event::Tick);
        bench
    }

    pub(crate) fn now(&self) -> Now {
        Now { boot: BootTime(self.boot), wall: WallTime(self.wall), jitter: Jitter(self.jitter) }
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment { boot_id: self.boot_id, boot: BootTime(self.boot), wall: WallTime(self.wall) }
    }

    // --- time ---

    /// Time passes on both clocks; nobody tells the session.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.pass(seconds * 1000);
    }

    fn pass(&mut self, millis: u64) {
        self.boot += millis;
        self.wall += i64::try_from(millis).unwrap();
    }

    /// Waits until the session is due and ticks it; returns the seconds waited, rounded down.
    pub(crate) fn next(&mut self) -> u64 {
        let due = self.due().unwrap();
        self.pass(due);
        self.tell(Event::Tick);
        due / 1000
    }

    /// Milliseconds until the session is due.
    pub(crate) fn due(&self) -> Option<u64> {
        self.session.due().map(|due| due.0.saturating_sub(self.boot))
    }

    /// Seconds until the session is due, rounded down.
    pub(crate) fn due_in(&self) -> Option<u64> {
        self.due().map(|due| due / 1000)
    }

    // --- events and effects ---

    pub(crate) fn tell(&mut self, event: Event) {
        let effects = self.session.handle(self.now(), event);
        self.take(effects);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.said.push(say(&effect));
            if !matches!(
                effect,
                Effect::Notice(_) | Effect::Withdraw | Effect::Confirm | Effect::Finished { .. }
            ) {
                self.waiting.push(effect);
            }
        }
        assert!(self.waiting.len() <= 1, "one thing at a time: {:?}", self.said);
    }

    /// Asserts what the session asked for and reported since the last call.
    #[track_caller]
    pub(crate) fn said(&mut self, expected: &[&str]) {
        assert_eq!(std::mem::take(&mut self.said), expected);
    }

    /// What the session asked for and reported since the last call.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// Whether a request to Box is under way.
    pub(crate) fn spending(&self) -> bool {
        matches!(self.waiting.last(), Some(Effect::Spend(_)))
    }

    /// Lets what is under way end, well or with this failure; returns whether there was anything.
    pub(crate) fn end(&mut self, exchange: Option<Exchange>, stored: Result<(), StoreFault>) -> bool {
        match self.waiting.last() {
            None => return false,
            Some(Effect::Prove { .. }) => self.prove(stored),
            Some(Effect::Commit(_)) => self.commit(stored),
            Some(Effect::Spend(_)) => match exchange {
                Some(exchange) => self.answer(exchange),
                None => self.grant(LIFE),
            },
            Some(other) => panic!("not in these histories: {other:?}"),
        }
        true
    }

    /// Forgets what was asked for and reported so far.
    pub(crate) fn hush(&mut self) {
        self.said.clear();
    }

    /// Whether a warning of the deadline is among what was reported since the last call.
    pub(crate) fn take_warning(&mut self) -> bool {
        std::mem::take(&mut self.said).iter().any(|said| said.ends_with("days left"))
    }

    /// Whether nothing is under way.
    pub(crate) fn idle(&self) -> bool {
        self.waiting.is_empty()
    }

    #[track_caller]
    pub(crate) fn proved(&mut self) {
        self.prove(Ok(()));
    }

    #[track_caller]
    pub(crate) fn prove(&mut self, result: Result<(), StoreFault>) {
        match self.waiting.pop() {
            Some(Effect::Prove { generation, .. }) => self.tell(Event::Proved { generation, result }),
            other => panic!("no intent to prove but {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn spend(&mut self) -> Spend {
        match self.waiting.pop() {
            Some(Effect::Spend(spend)) => *spend,
            other => panic!("no spend but {other:?}"),
        }
    }

    /// Box's answer to the request under way, sent just now.
    #[track_caller]
    pub(crate) fn answer(&mut self, exchange: Exchange) {
        let (spend, sent) = (Box::new(self.spend()), self.moment());
        self.tell(Event::Answered { spend, sent, exchange });
    }

    /// Box answers with the next pair.
    #[track_caller]
    pub(crate) fn grant(&mut self, life: u64) {
        self.issued += 1;
        let pair = pair(self.issued, life);
        self.answer(pair);
    }

    #[track_caller]
    pub(crate) fn commit(&mut self, result: Result<(), StoreFault>) {
        match self.waiting.pop() {
            Some(Effect::Commit(commit)) => self.tell(Event::Committed { commit, result }),
            other => panic!("no commit but {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn committed(&mut self) {
        self.commit(Ok(()));
    }

    /// The commit under way.
    #[track_caller]
    pub(crate) fn writing(&self) -> &Commit {
        match self.waiting.last() {
            Some(Effect::Commit(commit)) => commit,
            other => panic!("no commit but {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn revoked(&mut self, exchange: Exchange) {
        match self.waiting.pop() {
            Some(Effect::Revoke(record)) => self.tell(Event::Revoked { record, exchange }),
            other => panic!("no revocation but {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn forgotten(&mut self, result: Result<(), StoreFault>) {
        match self.waiting.pop() {
            Some(Effect::Forget { .. }) => self.tell(Event::Forgotten { result }),
            other => panic!("nothing to forget but {other:?}"),
        }
    }

    /// The renewal under way succeeds, from its proof on, with a token of this life.
    #[track_caller]
    pub(crate) fn renew(&mut self, life: u64) {
        self.proved();
        self.grant(life);
        self.committed();
    }

    /// The next renewal fails this way, from its proof on.
    #[track_caller]
    pub(crate) fn fail(&mut self, exchange: Exchange) {
        self.next();
        if matches!(self.waiting.last(), Some(Effect::Prove { .. })) {
            self.proved();
        }
        self.answer(exchange);
    }

    /// The next renewal is refused: `invalid_grant`.
    #[track_caller]
    pub(crate) fn refuse(&mut self) {
        self.next();
        if matches!(self.waiting.last(), Some(Effect::Prove { .. })) {
            self.proved();
        }
        self.hush();
        self.answer(reply(400, INVALID_GRANT));
    }

    /// Box refuses everything that is tried: the grant is dead.
    #[track_caller]
    pub(crate) fn die(&mut self) {
        self.refuse();
        self.answer(reply(400, INVALID_GRANT));
        assert_eq!(self.state(), State::LoginRequired);
    }

    /// Whether the refresh token before the newest one is on its way.
    pub(crate) fn last_resort(&self) -> bool {
        matches!(self.waiting.last(), Some(Effect::Spend(spend)) if spend.which == Which::Previous)
    }

    // --- wishes ---

    pub(crate) fn ask(&mut self, min_ttl: u64, rejected: Option<u64>) -> Answer {
        let ask = Ask {
            min_ttl: Duration::from_secs(min_ttl),
            rejected: rejected.map(Generation),
            until: BootTime(self.boot + 30_000),
        };
        let (answer, effects) = self.session.ask(self.now(), ask);
        self.take(effects);
        answer
    }

    pub(crate) fn refresh(&mut self) -> Result<(), Refusal> {
        let (result, effects) = self.session.refresh(self.now(), BootTime(self.boot + 30_000));
        self.take(effects);
        result
    }

    /// The token handed out now, and the seconds that it is promised for.
    #[track_caller]
    pub(crate) fn served(&mut self) -> (String, u64) {
        match self.ask(0, None) {
            Answer::Serve(served) => (served.access.expose().to_owned(), served.promised_for.as_secs()),
            other => panic!("no token but {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn refused(&mut self) -> Trouble {
        match self.ask(0, None) {
            Answer::Refuse(Refusal::Trouble(trouble)) => trouble,
            other => panic!("no refusal but {other:?}"),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.session.snapshot().state
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.session.snapshot().trouble
    }

    pub(crate) fn generation(&self) -> u64 {
        self.session.snapshot().generation.0
    }

    pub(crate) fn replace(&mut self, record: Record, renew_now: bool) {
        let grant = Box::new(NewGrant { record, renew_now, settings: settings() });
        self.tell(Event::Replace { operation: Operation(1), grant });
    }

    /// A login or import with a new grant, issued just now.
    pub(crate) fn log_in(&mut self, renew_now: bool) {
        let record = Record { unconfirmed: renew_now, ..newcomer(self.moment()) };
        self.replace(record, renew_now);
    }

    pub(crate) fn log_out(&mut self, local: bool) {
        self.tell(Event::Logout { operation: Operation(2), local });
    }
}

fn say(effect: &Effect) -> String {
    match effect {
        Effect::Prove { generation, .. } => format!("prove {generation}"),
        Effect::Withdraw => "withdraw".into(),
        Effect::Spend(spend) => match spend.refresh_token() {
            Some(token) => format!("spend {token}"),
            None => "mint".into(),
        },
        Effect::Commit(commit) => {
            let again = if commit.failures > 0 { " again" } else { "" };
            format!("commit {} {:?}{again}", commit.record.generation, commit.reason)
        }
        Effect::Confirm => "confirm".into(),
        Effect::Revoke(record) => match &record.credential {
            Credential::OAuth2 { refresh, .. } => format!("revoke {}", refresh.expose()),
            Credential::Server { access: Some(access), .. } => format!("revoke {}", access.token.expose()),
            Credential::AccessOnly { .. } | Credential::Server { .. } => panic!("nothing to revoke"),
        },
        Effect::Forget { generation } => format!("forget {generation}"),
        Effect::Finished { operation, result: Ok(()) } => format!("finished {}", operation.0),
        Effect::Finished { operation, result: Err(_) } => format!("refused {}", operation.0),
        Effect::Notice(Notice::Renewing { cause, .. }) => format!("renewing: {cause:?}"),
        Effect::Notice(Notice::Renewed { generation }) => format!("renewed {generation}"),
        Effect::Notice(Notice::Failed { .. }) => "failed".into(),
        Effect::Notice(Notice::ClockDoubt) => "clock".into(),
        Effect::Notice(Notice::DeadlineNear { days }) => format!("{days} days left"),
    }
}
