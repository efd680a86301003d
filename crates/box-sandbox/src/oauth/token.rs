//! The value of a token or code, and its end.

use super::change::{Change, Log};
use super::journal::{Cause, Kind};

/// A token value and its end.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) value: String,
    pub(super) expires_at: i64,
    /// Cleared for good when the token is killed; expiry is separate.
    alive: bool,
}

impl Token {
    pub(super) fn new(value: String, now: i64, life: u64) -> Self {
        Self { value, expires_at: now.saturating_add_unsigned(life), alive: true }
    }

    pub(super) fn seconds_left(&self, now: i64) -> u64 {
        u64::try_from(self.expires_at.saturating_sub(now)).unwrap_or(0)
    }

    pub(super) fn is_valid(&self, now: i64) -> bool {
        self.alive && now < self.expires_at
    }

    /// Not killed; it may have expired.
    pub(super) fn is_alive(&self) -> bool {
        self.alive
    }

    pub(super) fn kill(&mut self, kind: Kind, cause: Cause, log: Log<'_>) {
        if std::mem::take(&mut self.alive) {
            log(Change::Killed { kind, token: self.value.clone(), cause });
        }
    }
}
