//! One account's grant and everything that may happen to it.

mod clocks;
mod commit;
mod demand;
mod load;
mod logout;
mod plan;
mod server;
mod spend;
mod view;

use std::{sync::Arc, time::Duration};

use crate::{
    event::{Cause, CommitReason, Effect, Event, NewGrant, Operation},
    grant::{Binding, Credential, Generation, GrantId, Record, Registration, ServerAuth, User, Which},
    schedule::{Mode, Settings},
    secret::RefreshToken,
    snapshot::{Published, Way},
    time::{BootId, BootTime, Moment, Now},
    trouble::{Remedy, Trouble},
};

pub use load::Loaded;

/// The life cycle of one account's grant. See the crate's documentation.
#[derive(Debug)]
pub struct Session {
    boot_id: BootId,
    settings: Settings,
    phase: Phase,
    /// The committed access token that readers may be given, valid or not.
    published: Option<Published>,
    /// The generation that readers see.
    generation: Generation,
    /// The highest generation ever assigned to this account name.
    highest: Generation,
    /// What is wrong, if anything.
    trouble: Option<Trouble>,
    /// An answer is missing: the refresh token at hand may have been spent.
    doubt: Option<Doubt>,
    /// The newest refresh token is proved dead; the one before it is sent.
    last_resort: Resort,
    /// What will be said if the last resort fails too.
    last_words: Option<Trouble>,
    /// The journal holds a durable intent for the record at hand.
    proved: bool,
    /// When the next attempt is due, and why it will be made.
    next: Option<BootTime>,
    cause: Cause,
    /// Failed attempts in a row, and pairs in a row that had expired on arrival.
    failures: u32,
    expired_arrivals: u32,
    /// No attempt before this: Box said `Retry-After`.
    not_before: BootTime,
    last_attempt: Option<BootTime>,
    last_forced: Option<BootTime>,
    /// The last renewal because the token was said to be refused, and how many of them came in a row: each less than
    /// a token's life after the one before.
    last_rejected: Option<(BootTime, u32)>,
    /// Until when somebody waits for a token.
    demand_until: BootTime,
    attempts: u64,
    /// The store was made on another machine: nothing is served or spent.
    foreign: bool,
    /// The configuration changed while the record was away, and its mode that was heeded last.
    unheeded: bool,
    heeded_mode: Mode,
    /// A renewal that was asked for while something else than a renewal was being written.
    wish: Option<Cause>,
    /// What was asked for while the record was away.
    queued: Option<Queued>,
    clocks: clocks::Anchor,
    /// Until when failed attempts are repeated quickly: the machine woke not long ago.
    eager_until: BootTime,
    /// `lead` as it was configured when the published token was committed.
    lead_in_force: Duration,
    /// The longest life seen of this grant's tokens; a replayed answer tells a shorter one.
    longest_life: Duration,
    /// How much of the published token's life was left when it became durable; all of it where that was in
    /// another process.
    left_at_commit: Duration,
    /// How much earlier than its lead the published token is renewed. Chosen once for each token, so that no
    /// promise is taken back.
    early: Duration,
    /// When the attempt under way began: nothing is promised beyond it.
    begun: BootTime,
    warning_at: Option<BootTime>,
    /// The smallest deadline warning given so far, in days; 255 where none was.
    warned: u8,
    // What `status` shows of the record, also while it is away.
    born: Option<Moment>,
    user: Option<Arc<User>>,
    application: Option<(Binding, Option<Arc<Registration>>)>,
    way: Option<Way>,
    minted_as: Option<ServerAuth>,
    /// By which the same refresh token, or the one before it, is known again.
    fingerprints: [Option<u64>; 2],
    grant: Option<GrantId>,
}

/// Where the one record is.
#[derive(Debug)]
enum Phase {
    /// There is none.
    Absent,
    /// Here, and nothing is under way.
    Rest(Box<Record>),
    /// Here, while the store makes an intent durable.
    Proving(Box<Record>),
    /// Away in an [`Effect::Spend`], named by what it must come back as.
    Spending(GrantId, Generation),
    /// Away in an [`Effect::Commit`].
    Committing(Writing),
    /// Here, but not durable: it is committed again before anything else.
    Unsaved(Box<Record>, CommitReason),
    /// Away in an [`Effect::Revoke`].
    Revoking(GrantId, Option<Operation>),
    /// Gone; the store is being told to forget it.
    Forgetting(Option<Operation>),
    /// Gone, but the store could not forget it yet.
    Unforgotten,
}

/// What a commit under way will lead to.
#[derive(Debug)]
enum Writing {
    Successor,
    Replacement {
        operation: Operation,
        old: Option<Box<Record>>,
        renew_now: bool,
        settings: Settings,
    },
    LogoutNote {
        operation: Option<Operation>,
    },
    /// Something that readers know already is kept for the next start.
    Detail,
    /// The truth is written again after a failed write or a withdrawn note.
    Rewrite,
    Adoption {
        operation: Operation,
    },
}

#[derive(Debug)]
struct Doubt {
    attempts: u32,
    refusals: u32,
    first_refusal: Option<BootTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resort {
    Untried,
    Trying,
    Tried,
}

#[derive(Debug)]
enum Queued {
    Replace { operation: Operation, grant: Box<NewGrant> },
    Logout { operation: Option<Operation>, local: bool, recovering: Option<u64> },
    Adopt { operation: Operation },
}

impl Session {
    /// Tells the session what happened; it answers with what must be done, in order.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.watch_clocks(now, &mut effects);
        match event {
            Event::Tick => {}
            Event::Woke => self.woke(now),
            Event::Proved { generation, result } => self.proved(now, generation, result, &mut effects),
            Event::Answered { spend, sent, exchange } => {
                self.answered(now, *spend, sent, &exchange, &mut effects);
            }
            Event::Committed { commit, result } => self.committed(now, *commit, result, &mut effects),
            Event::Replace { operation, grant } => {
                self.enqueue(Queued::Replace { operation, grant }, operation, &mut effects);
            }
            Event::Logout { operation, local } => {
                let logout = Queued::Logout { operation: Some(operation), local, recovering: None };
                self.enqueue(logout, operation, &mut effects);
            }
            Event::Adopt { operation } => {
                self.enqueue(Queued::Adopt { operation }, operation, &mut effects);
            }
            Event::Revoked { record, exchange } => self.revoked(record, &exchange, &mut effects),
            Event::Forgotten { result } => self.forgotten(now, result, &mut effects),
            Event::Configured(settings) => self.configured(now, settings),
            Event::Identified(user) => self.identified(user, &mut effects),
        }
        self.advance(now, &mut effects);
        effects
    }

    /// When [`Event::Tick`] is due; `None` while an effect is under way or nothing is planned.
    pub fn due(&self) -> Option<BootTime> {
        match &self.phase {
            Phase::Rest(_) => [self.next, self.warning_due()].into_iter().flatten().min(),
            Phase::Unsaved(..) | Phase::Unforgotten => self.next,
            _ => None,
        }
    }

    /// Whether nothing is under way that a shutdown should wait for.
    pub fn at_rest(&self) -> bool {
        matches!(self.phase, Phase::Absent | Phase::Rest(_) | Phase::Unsaved(..) | Phase::Unforgotten)
    }

    /// The successor that could not be saved, for a spare copy elsewhere when the process ends.
    pub fn unsaved(&self) -> Option<&Record> {
        match &self.phase {
            Phase::Unsaved(record, _) => Some(record),
            _ => None,
        }
    }

    /// Takes the record out for a rename; `None` unless it is at rest, in no doubt and of this machine.
    /// The store's file still holds it: to undo, load it again.
    pub fn detach(&mut self) -> Option<Box<Record>> {
        if self.doubt.is_some() || self.foreign || self.queued.is_some() {
            return None;
        }
        let record = self.take_rest()?;
        self.published = None;
        self.trouble = Some(Trouble::Absent);
        self.next = None;
        self.describe(None);
        Some(record)
    }

    /// To whom the grant may be shown, and the application and endpoints that the store knows of it.
    pub fn application(&self) -> Option<(&Binding, Option<&Registration>)> {
        let (binding, registration) = self.application.as_ref()?;
        Some((binding, registration.as_deref()))
    }

    /// What the store knows of the grant's application and endpoints.
    pub fn registration(&self) -> Option<Arc<Registration>> {
        self.application.as_ref().and_then(|(_, registration)| registration.clone())
    }

    /// The identity of the grant that it holds, also while that is under way.
    pub fn grant(&self) -> Option<GrantId> {
        self.grant
    }

    /// Whether this session holds the refresh token of `other`, or has spent it last.
    pub fn holds_grant_of(&self, other: &Record) -> bool {
        other.refresh_token().is_some_and(|token| self.fingerprints.contains(&Some(token.fingerprint())))
    }

    /// The refresh token of the record and the one before it, where the record is here: not while it is being
    /// renewed or written.
    pub fn refresh_tokens(&self) -> [Option<&RefreshToken>; 2] {
        let record = match &self.phase {
            Phase::Rest(record) | Phase::Proving(record) | Phase::Unsaved(record, _) => Some(record),
            _ => None,
        };
        [Which::Current, Which::Previous].map(|which| record?.token_of(which))
    }

    fn enqueue(&mut self, wanted: Queued, operation: Operation, effects: &mut Vec<Effect>) {
        if self.queued.is_some() || matches!(self.phase, Phase::Revoking(..) | Phase::Forgetting(_)) {
            effects.push(Effect::Finished { operation, result: Err(Trouble::Busy) });
        } else {
            self.queued = Some(wanted);
        }
    }

    /// Begins whatever may begin now that an event is dealt with.
    fn advance(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.warn_of_deadline(now, effects);
        if let Some(queued) = self.queued.take() {
            self.begin_queued(now, queued, effects);
        }
        self.heed_configuration(now);
        self.grant_wish(now);
        if self.next.is_none_or(|next| next > now.boot) {
            return;
        }
        match &self.phase {
            Phase::Rest(_) => self.begin_spend(now, effects),
            Phase::Unsaved(..) => self.save_again(effects),
            Phase::Unforgotten => self.forget(None, effects),
            _ => {}
        }
    }

    fn begin_queued(&mut self, now: Now, queued: Queued, effects: &mut Vec<Effect>) {
        if !self.at_rest() {
            self.queued = Some(queued);
            return;
        }
        match queued {
            Queued::Replace { operation, grant } => self.begin_replace(operation, *grant, effects),
            Queued::Logout { operation, local, recovering } => {
                self.begin_logout(now, operation, local, recovering, effects);
                self.withdraw_note(effects);
            }
            Queued::Adopt { operation } => self.begin_adopt(operation, effects),
        }
    }

    fn take_rest(&mut self) -> Option<Box<Record>> {
        match std::mem::replace(&mut self.phase, Phase::Absent) {
            Phase::Rest(record) => Some(record),
            other => {
                self.phase = other;
                None
            }
        }
    }

    /// Notes what `status` shows of a record, also while the record is away.
    fn describe(&mut self, record: Option<&Record>) {
        self.born = record.and_then(Record::refresh_born);
        self.user = record.and_then(|record| record.user.clone());
        self.application = record.map(|record| (record.binding.clone(), record.registration.clone()));
        self.minted_as = record.and_then(|record| match &record.credential {
            Credential::Server { auth, .. } => Some(auth.clone()),
            Credential::OAuth2 { .. } | Credential::AccessOnly { .. } => None,
        });
        self.way = record.map(|record| match &record.credential {
            Credential::OAuth2 { .. } => Way::Login,
            Credential::AccessOnly { .. } => Way::AccessOnly,
            Credential::Server { auth: ServerAuth::ClientCredentials(_), .. } => Way::ClientCredentials,
            Credential::Server { auth: ServerAuth::Jwt(_), .. } => Way::Jwt,
        });
        self.grant = record.map(|record| record.grant);
        self.fingerprints =
            [Which::Current, Which::Previous].map(|which| Some(record?.token_of(which)?.fingerprint()));
    }

    fn identified(&mut self, user: User, effects: &mut Vec<Effect>) {
        let unconfirmed = matches!(&self.phase, Phase::Rest(record) if record.unconfirmed);
        if self.user.as_deref() == Some(&user) && !unconfirmed {
            return;
        }
        let user = Arc::new(user);
        self.user = Some(Arc::clone(&user));
        match std::mem::replace(&mut self.phase, Phase::Absent) {
            // Kept for good at once, so that it is known after a restart.
            Phase::Rest(mut record) => {
                record.user = Some(user);
                record.unconfirmed = false;
                self.write(record, CommitReason::Note, Writing::Detail, effects);
            }
            mut other => {
                if let Phase::Proving(record) | Phase::Unsaved(record, _) = &mut other {
                    record.user = Some(user);
                    record.unconfirmed = false;
                }
                self.phase = other;
            }
        }
    }

    /// Whether there is anything to get a new token with.
    fn renewable(&self) -> bool {
        matches!(self.way, Some(Way::Login | Way::ClientCredentials | Way::Jwt))
    }

    /// Whether a new token leaves the ones before it alone: Box keeps minted tokens alive until their end.
    fn lives_on(&self) -> bool {
        matches!(self.way, Some(Way::ClientCredentials | Way::Jwt))
    }

    fn fail(&mut self, trouble: Trouble, effects: &mut Vec<Effect>) {
        effects.push(Effect::failed(self.generation, &trouble));
        self.trouble = Some(trouble);
    }

    fn needs_person(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.remedy() != Remedy::Wait)
    }
}
