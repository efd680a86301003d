//! A caller's wish for a token, and the session's answer.

use std::time::Duration;

use crate::{grant::Generation, snapshot::Served, time::BootTime, trouble::Trouble};

/// What a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The token must live at least this long by boxd's promise.
    pub min_ttl: Duration,
    /// Box answered 401 to the token of this generation.
    pub rejected: Option<Generation>,
    /// Until when the caller waits.
    pub until: BootTime,
}

/// What a caller gets now.
#[derive(Debug)]
pub enum Answer {
    /// A token.
    Serve(Served),
    /// A renewal is under way or planned; ask again at the next snapshot, until the caller's time is up.
    Wait,
    /// No token, and waiting would not help.
    Refuse(Refusal),
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The grant is in a state that only a person can change.
    Trouble(Trouble),
    /// No token of this account lives that long.
    MinTtlUnattainable {
        /// The longest life that a fresh token is promised to have.
        attainable: Duration,
    },
    /// Try again after this time.
    Unavailable {
        /// The wait that would help.
        retry_after: Duration,
        /// What is in the way, if anything is known.
        trouble: Option<Trouble>,
    },
}
