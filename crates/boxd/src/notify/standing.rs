//! An account as the notifier looks at it.

use boxd_engine::{GrantId, State};
use boxd_proto::GrantState;

/// What there is to say of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The grant that it holds.
    pub grant: Option<GrantId>,
    /// Number of its token.
    pub generation: u64,
    /// The state of its grant.
    pub state: State,
    /// The same, as clients are told.
    pub shown_state: GrantState,
    /// What is wrong, if anything.
    pub fault: Option<Fault>,
    /// When its refresh token dies unused, in seconds since the Unix epoch.
    pub deadline: Option<i64>,
    /// Seconds until then; negative where that is past.
    pub left: Option<i64>,
}

/// What is wrong with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A word for it that programs can go by.
    pub name: &'static str,
    /// The code that clients get.
    pub code: &'static str,
    /// What happened, for people.
    pub detail: String,
    /// What to do, for people, with the command.
    pub next_step: String,
    /// The command that a person runs next.
    pub command: String,
    /// How it ends.
    pub nature: Nature,
}

/// How a fault ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// By itself, as a rule.
    Passing,
    /// By itself, as a rule; else somebody must see to the disk.
    OfStore,
    /// By a change of the config, or by a person's word to boxd: nothing new is needed from Box.
    Local,
    /// By a new token.
    OfBox,
}
