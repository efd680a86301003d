//! One history: the session, the disk, Box, two clocks, and a check after every step.

use std::time::Duration;

use boxd_engine::{
    Answer as Asked, Ask, Binding, BootId, BootTime, Credential, Effect, Event, Exchange, Generation,
    GrantId, Jitter, Loaded, Moment, NewGrant, Now, Operation, Record, RefreshToken, Refusal, Reply, Session,
    Settings, State, Trouble, WallTime,
};

use crate::{
    box_model::{Answer, BoxModel, Mood},
    disk::{Disk, Fault, Written},
};

/// What happens to one request to Box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Works,
    /// Nothing left the machine.
    Unreachable,
    /// Box never saw it, and nobody can tell.
    LostBefore,
    /// Box spent it, and the answer was lost.
    LostAfter,
    /// Box spent it; an error page or half an answer came back.
    GarbledAfter,
    Status409,
    Status429,
    Status503,
    InvalidClient,
    PasswordReset,
    /// The process dies when Box has spent it.
    Killed,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) boot: u64,
    wall: i64,
    boot_id: u8,
    session: Session,
    pub(crate) disk: Disk,
    pub(crate) box_: BoxModel,
    mood: Mood,
    pending: Vec<Effect>,
    jitter: u32,
    /// A reason that excuses the loss of a grant without a replay window.
    pub(crate) excused: bool,
    highest_seen: Generation,
    last_send: Option<(String, u64)>,
    in_flight: u32,
    grants: u8,
    /// Promises made: access token and the boot time until which it was promised.
    promises: Vec<(String, u64)>,
    /// Callers with the right asked for an earlier change, or a clock was stepped, until this time.
    pub(crate) early_change: bool,
}

impl World {
    pub(crate) fn new(mood: Mood, life: u64) -> Self {
        let (boot, wall) = (1_000_000, 1_790_000_000_000);
        let mut world = Self {
            boot,
            wall,
            boot_id: 1,
            session: session(Loaded::Absent { highest: Generation(0) }, 1, boot, wall),
            disk: Disk::default(),
            box_: BoxModel::new(mood, life),
            mood,
            pending: Vec::new(),
            jitter: 7,
            excused: false,
            highest_seen: Generation(0),
            last_send: None,
            in_flight: 0,
            grants: 0,
            promises: Vec::new(),
            early_change: false,
        };
        world.log_in();
        world.settle(Network::Works, Fault::None);
        world.excused = false;
        world
    }

    pub(crate) fn now(&mut self) -> Now {
        self.jitter = self.jitter.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Now { boot: BootTime(self.boot), wall: WallTime(self.wall), jitter: Jitter(self.jitter) }
    }

    fn moment(&self) -> Moment {
        Moment { boot_id: BootId([self.boot_id; 16]), boot: BootTime(self.boot), wall: WallTime(self.wall) }
    }

    /// Logs in at Box and hands the pair to the session.
    pub(crate) fn log_in(&mut self) {
        let (_, refresh) = self.box_.log_in(self.boot);
        // Until the session holds the new grant, it rightly finds its old one ended.
        self.excused = true;
        self.last_send = None;
        self.early_change = true;
        self.grants += 1;
        let record = Record {
            grant: GrantId([self.grants; 16]),
            generation: Generation(0),
            binding: binding(),
            registration: None,
            credential: Credential::OAuth2 {
                access: None,
                refresh: RefreshToken::new(refresh),
                born: self.moment(),
                previous: None,
            },
            user: None,
            logging_out: false,
            unconfirmed: false,
            renamed_from: None,
        };
        let grant = Box::new(NewGrant { record, renew_now: true, settings: settings() });
        self.tell(Event::Replace { operation: Operation(u64::from(self.grants)), grant });
    }

    pub(crate) fn tell(&mut self, event: Event) {
        let now = self.now();
        let effects = self.session.handle(now, event);
        self.take(effects);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Withdraw => self.disk.withdraw(),
                Effect::Notice(_) | Effect::Finished { .. } => {}
                Effect::Confirm => {
                    let token = self.token();
                    if let Some(token) = token {
                        self.box_.use_token(&token, self.boot);
                    }
                }
                Effect::Spend(spend) => {
                    assert!(self.disk.has_intent(), "a spend without a proven store");
                    self.in_flight += 1;
                    assert_eq!(self.in_flight, 1, "two spends of a grant at once");
                    let token = spend.refresh_token().expect("a spend has a token").to_owned();
                    if let Some((last, at)) = &self.last_send
                        && *last == token
                    {
                        assert!(self.boot - at >= 5_000, "the same token again after {} ms", self.boot - at);
                    }
                    self.pending.push(Effect::Spend(spend));
                }
                other => self.pending.push(other),
            }
        }
        self.check();
    }

    fn token(&self) -> Option<String> {
        self.session.snapshot().token.map(|token| token.access.expose().to_owned())
    }

    /// What must hold at every moment.
    fn check(&mut self) {
        let view = self.session.snapshot();
        assert!(view.generation >= self.highest_seen || view.state == State::Absent, "generations went back");
        self.highest_seen = self.highest_seen.max(view.generation);
        if let Some(token) = &view.token {
            assert!(self.disk.held(token.access.expose()), "a token is visible that is not durable");
            assert!(token.promised <= token.expires);
        }
        let progress = self.session.due().is_some()
            || !self.pending.is_empty()
            || matches!(view.state, State::Absent | State::LoginRequired | State::ActionRequired);
        assert!(progress, "nothing is planned in {:?}", view.state);
    }

    /// Carries out the oldest effect under way; returns whether there was one.
    pub(crate) fn complete_one(&mut self, network: Network, fault: Fault) -> bool {
        if self.pending.is_empty() {
            return false;
        }
        match self.pending.remove(0) {
            Effect::Prove { grant, generation } => match self.disk.prove(grant, generation, fault) {
                Written::Told(result) => self.tell(Event::Proved { generation, result }),
                Written::Died => self.restart(),
            },
            Effect::Commit(commit) => {
                let successor = commit.reason == boxd_engine::CommitReason::Successor;
                if fault != Fault::None && successor {
                    self.excused = true;
                }
                match self.disk.commit(&commit, fault) {
                    Written::Told(result) => self.tell(Event::Committed { commit, result }),
                    Written::Died => self.restart(),
                }
            }
            Effect::Forget { generation } => match self.disk.forget(generation, fault) {
                Written::Told(result) => self.tell(Event::Forgotten { result }),
                Written::Died => self.restart(),
            },
            Effect::Spend(spend) => {
                let sent = self.moment();
                let token = spend.refresh_token().unwrap().to_owned();
                let leaves_doubt = matches!(
                    network,
                    Network::LostBefore
                        | Network::LostAfter
                        | Network::GarbledAfter
                        | Network::Status409
                        | Network::Status503
                );
                self.last_send = leaves_doubt.then(|| (token.clone(), self.boot));
                self.in_flight = 0;
                match self.exchange(&token, network) {
                    Some(exchange) => self.tell(Event::Answered { spend, sent, exchange }),
                    None => self.restart(),
                }
            }
            Effect::Revoke(record) => {
                let exchange = match network {
                    Network::Works => {
                        self.box_.revoke(record.refresh_token().unwrap().expose());
                        reply(200, "")
                    }
                    Network::Killed => {
                        return {
                            self.restart();
                            true
                        };
                    }
                    _ => Exchange::NotSent("down".into()),
                };
                self.tell(Event::Revoked { record, exchange });
            }
            other => panic!("unexpected {other:?}"),
        }
        true
    }

    fn exchange(&mut self, token: &str, network: Network) -> Option<Exchange> {
        let at = self.boot;
        Some(match network {
            Network::Works => match self.box_.refresh(token, at) {
                Answer::Pair { access, refresh, expires_in } => reply(
                    200,
                    &format!(
                        r#"{{"access_token":"{access}","refresh_token":"{refresh}","expires_in":{expires_in}}}"#
                    ),
                ),
                Answer::InvalidGrant => reply(400, r#"{"error":"invalid_grant"}"#),
            },
            Network::Unreachable => Exchange::NotSent("down".into()),
            Network::LostBefore => Exchange::Lost("reset".into()),
            Network::LostAfter => {
                self.excused = true;
                self.box_.refresh(token, at);
                Exchange::Lost("reset".into())
            }
            Network::GarbledAfter => {
                self.excused = true;
                self.box_.refresh(token, at);
                reply(200, r#"{"access_token":"x","refr"#)
            }
            Network::Status409 => reply(409, ""),
            Network::Status429 => Exchange::Reply(Reply {
                status: 429,
                retry_after: Some(Duration::from_secs(7)),
                body: Vec::new(),
            }),
            Network::Status503 => reply(503, "<html>"),
            Network::InvalidClient => reply(400, r#"{"error":"invalid_client"}"#),
            Network::PasswordReset => reply(400, r#"{"error":"password_reset_required"}"#),
            Network::Killed => {
                self.excused = true;
                self.box_.refresh(token, at);
                return None;
            }
        })
    }

    /// The process dies; the next one starts from what is durable.
    pub(crate) fn restart(&mut self) {
        if self.pending.iter().any(|effect| matches!(effect, Effect::Spend(_))) {
            // Sent or not: nobody knows. Here it was not.
            self.last_send = None;
        }
        if self.pending.iter().any(|effect| matches!(effect, Effect::Commit(_))) {
            self.excused = true;
        }
        self.pending.clear();
        self.in_flight = 0;
        self.last_send = None;
        self.early_change = true;
        self.boot += 50;
        self.wall += 50;
        let loaded = self.disk.load();
        self.highest_seen = self.disk.generation();
        self.session = session(loaded, self.boot_id, self.boot, self.wall);
        self.tell(Event::Tick);
    }

    /// The machine itself restarts: a new boot clock.
    pub(crate) fn reboot(&mut self, away: u64) {
        self.boot_id = self.boot_id.wrapping_add(1);
        // The model of Box counts on the same clock, so it only ever goes on.
        self.boot += away;
        self.wall += i64::try_from(away).unwrap();
        self.restart();
    }

    pub(crate) fn step_clock(&mut self, by: i64) {
        self.wall += by;
        self.early_change = true;
        self.tell(Event::Woke);
    }

    /// Time passes, and what falls due is told; what is under way stays under way.
    pub(crate) fn advance(&mut self, by: u64) {
        let end = self.boot + by;
        for _ in 0..10_000 {
            match self.session.due() {
                Some(due) if due.0 <= end && self.pending.is_empty() => {
                    let due = due.0.max(self.boot);
                    self.wall += i64::try_from(due - self.boot).unwrap();
                    self.boot = due;
                    self.tell(Event::Tick);
                    if !self.pending.is_empty() {
                        return;
                    }
                }
                _ => break,
            }
        }
        self.wall += i64::try_from(end - self.boot).unwrap();
        self.boot = end;
    }

    /// Lets everything that is under way come to an end, the same way each time.
    pub(crate) fn settle(&mut self, network: Network, fault: Fault) {
        for _ in 0..50 {
            if !self.complete_one(network, fault) {
                return;
            }
        }
        panic!("a loop of effects");
    }

    /// A caller asks; what it is handed is checked and, if `used`, used at Box.
    pub(crate) fn ask(&mut self, min_ttl: u64, rejected: Option<u64>, used: bool) {
        let now = self.now();
        let view = self.session.snapshot();
        let valid = view.token.as_ref().is_some_and(|token| token.expires > now.boot);
        let ask = Ask {
            min_ttl: Duration::from_secs(min_ttl),
            rejected: rejected.map(|back| Generation(view.generation.0.saturating_sub(back))),
            until: BootTime(self.boot + 30_000),
        };
        if min_ttl > 0 || ask.rejected == Some(view.generation) {
            self.early_change = true;
        }
        let (answer, effects) = self.session.ask(now, ask);
        self.take(effects);
        match answer {
            Asked::Serve(served) => {
                assert!(served.promised_for >= ask.min_ttl, "less than was asked for");
                let token = served.access.expose().to_owned();
                let promised = u64::try_from(served.promised_for.as_millis()).unwrap();
                self.promises.push((token.clone(), self.boot + promised));
                if used {
                    self.use_token(&token);
                }
            }
            Asked::Wait => {
                assert!(!(valid && min_ttl == 0 && ask.rejected != Some(view.generation)), "withheld");
            }
            Asked::Refuse(refusal) => {
                let plain = min_ttl == 0 && ask.rejected != Some(view.generation);
                assert!(!(valid && plain), "a valid token is withheld: {refusal:?}");
                if let Refusal::Trouble(Trouble::Taken(_) | Trouble::Lapsed(_) | Trouble::LostForGood(_)) =
                    refusal
                {
                    assert!(!self.box_.is_alive() || self.excused, "given up though alive");
                }
            }
        }
    }

    fn use_token(&mut self, token: &str) {
        self.box_.use_token(token, self.boot);
    }

    pub(crate) fn refresh(&mut self) {
        let now = self.now();
        self.early_change = true;
        let (_, effects) = self.session.refresh(now, BootTime(self.boot + 30_000));
        self.take(effects);
    }

    pub(crate) fn log_out(&mut self) {
        self.tell(Event::Logout { operation: Operation(999), local: false });
    }

    pub(crate) fn configure(&mut self, binding_differs: bool) {
        let mut settings = settings();
        if binding_differs {
            settings.binding = Some(Binding { client_id: "other".into(), ..binding() });
        }
        self.tell(Event::Configured(settings));
    }

    pub(crate) fn state(&self) -> State {
        self.session.snapshot().state
    }

    /// The grant is not lost: what is held, or was durably noted, still leads to a working pair.
    pub(crate) fn recovers(&mut self) -> bool {
        self.configure(false);
        for _ in 0..600 {
            self.settle(Network::Works, Fault::None);
            match self.state() {
                State::Healthy if self.box_.would_grant(self.disk.refresh_token().unwrap_or_default()) => {
                    return true;
                }
                State::LoginRequired | State::Absent => return false,
                _ => {}
            }
            let wait = self.session.due().map_or(60_000, |due| due.0.saturating_sub(self.boot));
            self.advance(wait.clamp(1, 3_600_000));
        }
        false
    }

    pub(crate) fn replays(&self) -> bool {
        self.mood.replay
    }
}

fn session(loaded: Loaded, boot_id: u8, boot: u64, wall: i64) -> Session {
    let now = Now { boot: BootTime(boot), wall: WallTime(wall), jitter: Jitter(1) };
    Session::load(loaded, settings(), BootId([boot_id; 16]), now)
}

fn settings() -> Settings {
    Settings { binding: Some(binding()), ..Settings::default() }
}

fn binding() -> Binding {
    Binding { client_id: "app".into(), token_origin: "https://api.box.com".into() }
}

fn reply(status: u16, body: &str) -> Exchange {
    Exchange::Reply(Reply { status, retry_after: None, body: body.as_bytes().to_vec() })
}
