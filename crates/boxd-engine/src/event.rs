//! What a session is told, and what it asks its driver to do.

use crate::{
    grant::{Generation, GrantId, Record, User, Which},
    reply::Exchange,
    schedule::Settings,
    time::Moment,
    trouble::Trouble,
};

/// A grant that a login or import brings; the session gives it its generation.
#[derive(Debug)]
pub struct NewGrant {
    /// The grant; its `generation` is ignored.
    pub record: Record,
    /// Spend it once at once and use the new token, which ends every older copy of it.
    pub renew_now: bool,
    /// What the configuration says of the account once it holds this grant.
    pub settings: Settings,
}

/// One refresh request: the record travels with it, so that a grant cannot be spent twice at once.
///
/// Deliver it back with [`Event::Answered`], whatever happened.
#[derive(Debug)]
pub struct Spend {
    /// The grant that is spent.
    pub record: Box<Record>,
    /// Which of its refresh tokens is sent.
    pub which: Which,
}

impl Spend {
    /// The token to send as `refresh_token` (RFC 6749 section 6).
    pub fn refresh_token(&self) -> Option<&str> {
        self.record.token_of(self.which).map(crate::secret::RefreshToken::expose)
    }
}

/// Why a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitReason {
    /// The successor of a spend, through the journal entry that was proved.
    Successor,
    /// A login or import takes the place of whatever the account held.
    Replacement,
    /// A note in the record (logging out, or no longer) with the same tokens.
    Note,
}

/// A write of a record: it travels with it and comes back with [`Event::Committed`].
#[derive(Debug)]
pub struct Commit {
    /// What to make durable.
    pub record: Box<Record>,
    /// Why.
    pub reason: CommitReason,
    /// How often this record failed to be written before: from the first failure on, new files are used.
    pub failures: u32,
}

/// A failed write, with the system's reason. It never carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreFault(pub String);

/// A number by which the driver knows an [`Event::Replace`] or [`Event::Logout`] again when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation(pub u64);

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A due time of [`crate::Session::due`] has come.
    Tick,
    /// The machine woke, or a clock was stepped: what stood in the way before may be gone.
    Woke,
    /// The intent of [`Effect::Prove`] is durable, or could not be made so.
    Proved {
        /// Generation of the intent.
        generation: Generation,
        /// What the store said.
        result: Result<(), StoreFault>,
    },
    /// What came of an [`Effect::Spend`].
    Answered {
        /// The spend, given back.
        spend: Box<Spend>,
        /// When the request was sent, or was about to be.
        sent: Moment,
        /// Box's answer, or its absence.
        exchange: Exchange,
    },
    /// What came of an [`Effect::Commit`].
    Committed {
        /// The commit, given back.
        commit: Box<Commit>,
        /// What the store said.
        result: Result<(), StoreFault>,
    },
    /// A login or import: the new grant takes the place of the old one once it is durable.
    Replace {
        /// By which [`Effect::Finished`] names it.
        operation: Operation,
        /// The grant.
        grant: Box<NewGrant>,
    },
    /// Revoke the newest pair at Box, then forget the account; `local` only forgets.
    Logout {
        /// By which [`Effect::Finished`] names it.
        operation: Operation,
        /// Forget without asking Box.
        local: bool,
    },
    /// What came of an [`Effect::Revoke`].
    Revoked {
        /// The grant, given back.
        record: Box<Record>,
        /// Box's answer, or its absence.
        exchange: Exchange,
    },
    /// What came of an [`Effect::Forget`].
    Forgotten {
        /// What the store said.
        result: Result<(), StoreFault>,
    },
    /// The configuration was read anew, with or without a change; also after a secret changed.
    Configured(Settings),
    /// A person takes over a store that came from another machine.
    Adopt {
        /// By which [`Effect::Finished`] names it.
        operation: Operation,
    },
    /// `GET /2.0/users/me` told for whom the grant acts.
    Identified(User),
}

/// What the driver must do. Every effect that carries something is answered with the event it names.
#[derive(Debug)]
pub enum Effect {
    /// Make an intent to spend durable at full size; answer with [`Event::Proved`].
    Prove {
        /// The grant to be spent.
        grant: GrantId,
        /// Its generation.
        generation: Generation,
    },
    /// Remove the intent: nothing was sent, or Box has definitely refused. Best effort, no answer.
    Withdraw,
    /// Send one refresh request; answer with [`Event::Answered`].
    Spend(Box<Spend>),
    /// Make a record durable; answer with [`Event::Committed`].
    Commit(Box<Commit>),
    /// Use the published access token once (`GET /2.0/users/me`), which ends every older copy of the
    /// grant; answer with [`Event::Identified`] where that works.
    Confirm,
    /// Revoke the record's refresh token at Box (RFC 7009), which ends the whole pair; answer with
    /// [`Event::Revoked`].
    Revoke(Box<Record>),
    /// Replace the account's file by a bare generation counter; answer with [`Event::Forgotten`].
    Forget {
        /// The last generation used.
        generation: Generation,
    },
    /// An operation of [`Event::Replace`], [`Event::Logout`] or [`Event::Adopt`] has ended.
    Finished {
        /// Which.
        operation: Operation,
        /// `Ok`, or why it did not happen; the account is then as before.
        result: Result<(), Trouble>,
    },
    /// Something a log and an event stream should hear of.
    Notice(Notice),
}

/// Events of note in the life of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A renewal begins.
    Renewing {
        /// The generation that is spent.
        generation: Generation,
        /// Why now.
        cause: Cause,
    },
    /// A new token is published.
    Renewed {
        /// Its generation.
        generation: Generation,
    },
    /// Something went wrong; the session goes on as its state says.
    Failed {
        /// The generation concerned.
        generation: Generation,
        /// What went wrong.
        trouble: Trouble,
    },
    /// Wall clock and boot clock disagree, or a token seems to come from the future.
    ClockDoubt,
    /// An unused refresh token dies within this many days.
    DeadlineNear {
        /// 14, 7 or 1.
        days: u8,
    },
}

/// Why a renewal begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its planned time has come.
    Schedule,
    /// An earlier attempt failed or was lost.
    Retry,
    /// A caller's `min_ttl`, or there was no valid token.
    Demand,
    /// A caller reports that Box refused the token.
    Rejected,
    /// A person or script said `refresh`.
    Explicit,
    /// The clock cannot be trusted.
    Clock,
    /// A freshly imported grant, spent once so that older copies end.
    Import,
    /// A logout needs to know the newest pair.
    Logout,
}
impl Effect {
    /// Shorthand for a failure notice.
    pub(crate) fn failed(generation: Generation, trouble: &Trouble) -> Self {
        Self::Notice(Notice::Failed { generation, trouble: trouble.clone() })
    }
}
