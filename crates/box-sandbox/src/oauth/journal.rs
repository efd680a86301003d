//! The journal: what happened, in order, with the sandbox's time.

use serde::Serialize;

use super::grant_type::Origin;
use super::id::{GrantId, UserId};
use super::scope::Scopes;
use crate::fault::{Endpoint, When};

/// Which of the two tokens of a pair, or the code before them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Access token.
    Access,
    /// Refresh token.
    Refresh,
    /// Authorization code.
    Code,
}

/// Why a token was killed. Tokens that merely expire are not in the journal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// By the very refresh that made its successor (strict replay, or old tokens that die at once).
    Refreshed,
    /// By the first use of its successor.
    Replaced,
    /// By the revocation endpoint.
    Revoked,
    /// By `POST /_sandbox/revoke`.
    Ended,
    /// With the token that it was exchanged for.
    Parent,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A request to one of Box's endpoints was read completely.
    Received {
        /// Where.
        endpoint: Endpoint,
        /// As sent, token endpoint only.
        grant_type: Option<String>,
        /// The grant whose token it carries.
        grant: Option<GrantId>,
    },
    /// An endpoint did its work and decided on an answer (which a fault may still replace).
    Handled {
        /// Where.
        endpoint: Endpoint,
        /// The grant whose token the request carried.
        grant: Option<GrantId>,
        /// HTTP status.
        status: u16,
        /// `ok`, or the error and its description.
        outcome: String,
    },
    /// A queued fault struck. For `refuse` the endpoint is not known.
    Fault {
        /// Where.
        endpoint: Option<Endpoint>,
        /// The grant whose token the request carried.
        grant: Option<GrantId>,
        /// Its name.
        fault: &'static str,
        /// Before or after the endpoint did its work.
        when: When,
    },
    /// The client of a hung request went away before it was released.
    Abandoned {
        /// Where.
        endpoint: Endpoint,
        /// The grant whose token the request carried.
        grant: Option<GrantId>,
    },
    /// A token came into being.
    Issued {
        /// None for tokens without a grant.
        grant: Option<GrantId>,
        /// Which token.
        kind: Kind,
        /// Its value.
        token: String,
        /// Unix seconds.
        expires_at: i64,
        /// Where from.
        origin: Origin,
        /// For whom it speaks.
        user: UserId,
        /// To which app.
        client_id: String,
        /// What it is narrowed to.
        #[serde(skip_serializing_if = "Scopes::is_empty")]
        scope: Scopes,
        /// The token that it was exchanged for.
        #[serde(skip_serializing_if = "Option::is_none")]
        parent: Option<String>,
    },
    /// A refresh token or code was accepted, or an access token at the API.
    Used {
        /// None for tokens without a grant.
        grant: Option<GrantId>,
        /// Which token.
        kind: Kind,
        /// Its value.
        token: String,
        /// False for a replayed refresh token and for any later use of an access token.
        first: bool,
    },
    /// A token ended before its time.
    Killed {
        /// None for tokens without a grant.
        grant: Option<GrantId>,
        /// Which token.
        kind: Kind,
        /// Its value.
        token: String,
        /// Why.
        cause: Cause,
    },
}

/// An event with its place.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Counted from 1 without gaps.
    pub seq: u64,
    /// Unix seconds of the sandbox's clock.
    pub time: i64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// All entries since the start.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Vec<Entry>,
    last: u64,
}

impl Journal {
    /// Appends an event.
    pub fn record(&mut self, time: i64, event: Event) {
        self.last += 1;
        self.entries.push(Entry { seq: self.last, time, event });
    }

    /// The sequence number of the newest entry, 0 before the first.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The entries after `seq`.
    pub fn since(&self, seq: u64) -> &[Entry] {
        let skip = usize::try_from(seq).unwrap_or(usize::MAX);
        self.entries.get(skip..).unwrap_or_default()
    }
}
