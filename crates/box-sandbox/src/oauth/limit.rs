//! Rate limits per client and per user (Box: guides/api-calls/permissions-and-errors/rate-limits).

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::id::{ClientId, UserId};
use crate::fault::Endpoint;

/// So many requests in any window of so many seconds; 0 refuses all.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    limit: usize,
    window_seconds: u32,
}

/// The limits in force; none at the start.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    per_client: Option<Limit>,
    per_user: Option<Limit>,
    /// Only there; everywhere if absent.
    path: Option<Endpoint>,
}

/// Whom a request is counted for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Party {
    pub(super) client: Option<ClientId>,
    pub(super) user: Option<UserId>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Key {
    Client(ClientId),
    User(UserId),
}

/// The limits and the requests that they have let pass.
#[derive(Debug, Default)]
pub(super) struct Gate {
    limits: Limits,
    passed: HashMap<Key, VecDeque<i64>>,
}

impl Gate {
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Counting begins anew.
    pub(super) fn set(&mut self, limits: Limits) {
        *self = Self { limits, passed: HashMap::new() };
    }

    /// No request needs to be looked at.
    pub(super) fn is_open(&self) -> bool {
        self.limits.per_client.is_none() && self.limits.per_user.is_none()
    }

    /// Counts a request, or says how many seconds it has to wait. What is refused is not counted.
    pub(super) fn pass(&mut self, now: i64, endpoint: Endpoint, party: Party) -> Result<(), u64> {
        if self.limits.path.is_some_and(|path| path != endpoint) {
            return Ok(());
        }
        let of_client = self.limits.per_client.zip(party.client.map(Key::Client));
        let of_user = self.limits.per_user.zip(party.user.map(Key::User));
        let bounds = [of_client, of_user];
        for (limit, key) in bounds.into_iter().flatten() {
            self.room(now, limit, key)?;
        }
        for (_, key) in bounds.into_iter().flatten() {
            self.passed.entry(key).or_default().push_back(now);
        }
        Ok(())
    }

    fn room(&mut self, now: i64, limit: Limit, key: Key) -> Result<(), u64> {
        let window = i64::from(limit.window_seconds);
        let passed = self.passed.entry(key).or_default();
        // A clock that was set back leaves nothing from the future.
        passed.retain(|time| now.saturating_sub(*time) < window && *time <= now);
        if passed.len() < limit.limit {
            return Ok(());
        }
        let free_at = passed.front().unwrap_or(&now).saturating_add(window);
        Err(u64::try_from(free_at.saturating_sub(now)).unwrap_or(1).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::Clients;
    use super::*;

    #[test]
    fn lets_pass_what_fits_into_the_window() {
        let mut gate = Gate::default();
        let party = Party { client: Some(Clients::FIRST), user: None };
        let limit = Limit { limit: 2, window_seconds: 10 };
        gate.set(Limits { per_client: Some(limit), path: Some(Endpoint::Token), ..Limits::default() });
        let mut pass = |now, endpoint| gate.pass(now, endpoint, party);
        assert_eq!((pass(100, Endpoint::Token), pass(103, Endpoint::Token)), (Ok(()), Ok(())));
        assert_eq!((pass(104, Endpoint::Token), pass(104, Endpoint::Api)), (Err(6), Ok(())));
        assert_eq!((pass(110, Endpoint::Token), pass(111, Endpoint::Token)), (Ok(()), Err(2)));
    }
}
