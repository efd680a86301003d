//! What a watching client hears.

use serde::{Deserialize, Serialize};

use super::status::AccountStatus;

/// Something that happened to an account, or the state that it is in. Never a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// By which a client that comes back tells what it knows; `None` for what is no news by itself.
    pub id: Option<String>,
    /// What it is.
    pub kind: EventKind,
    /// The account; `None` where it concerns none.
    pub account: Option<String>,
    /// The account as it was right after.
    pub status: Option<Box<AccountStatus>>,
    /// More for people: why a client is dropped.
    pub detail: Option<String>,
}

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventKind {
    /// The state of an account when the watch began.
    Present,
    /// All of them have been told; from here on there is only news.
    Complete,
    /// An account has a new token.
    Token,
    /// An account's state, trouble or user is another one.
    State,
    /// There is no such account any more.
    Removed,
    /// The client took too long to read, and missed events: it must begin anew.
    Dropped,
}

impl EventKind {
    /// The stable name that scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Complete => "complete",
            Self::Token => "token",
            Self::State => "state",
            Self::Removed => "removed",
            Self::Dropped => "dropped",
        }
    }
}
