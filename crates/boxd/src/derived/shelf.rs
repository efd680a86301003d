//! Derived tokens by what they are: bounded, the least recently used goes first.

use std::{collections::HashMap, time::Duration};

use boxd_engine::{AccessToken, BootTime, Generation};
use boxd_proto::Problem;
use tokio::sync::watch;

use super::Restriction;
use crate::account_name::AccountName;

/// Entries of one account, and in all.
pub(super) const MOST_OF_ACCOUNT: usize = 64;
pub(super) const MOST: usize = 4096;

/// What a derived token is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) account: AccountName,
    /// As this Box user; `None`: as the account's own.
    pub(super) user: Option<String>,
    /// `None`: not downscoped.
    pub(super) restriction: Option<Restriction>,
}

/// A derived token.
#[derive(Clone, Debug)]
pub(super) struct Derived {
    pub(super) access: AccessToken,
    /// Counts up over all derived tokens, also over restarts, but not by ones.
    pub(super) generation: Generation,
    /// Of the token that it was made from; `None` for a user's token, which was made from none.
    pub(super) parent: Option<Generation>,
    /// Box's own end of it.
    pub(super) expires: BootTime,
    /// Until when boxd promises it.
    pub(super) promised: BootTime,
    pub(super) life: Duration,
    pub(super) made: BootTime,
    pub(super) restricted_to: Option<String>,
}

/// What came of a request to Box, for all who wait for it.
pub(super) type Outcome = Option<Result<Derived, Problem>>;

/// A request to Box that is under way.
#[derive(Debug)]
pub(super) struct Flight {
    /// Tells it from another one for the same key, also where the account was dropped in between.
    pub(super) id: u64,
    /// The life that it asks for: whoever needs less must not wait for it.
    pub(super) min_ttl: Duration,
    pub(super) outcome: watch::Receiver<Outcome>,
}

/// What is known of a key.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) token: Option<Derived>,
    /// Requests to Box that are under way.
    pub(super) flights: Vec<Flight>,
    /// Box refused, and is not asked again before this.
    pub(super) refused: Option<(Problem, BootTime)>,
    used: u64,
}

#[derive(Debug, Default)]
pub(super) struct Shelf {
    entries: HashMap<Key, Entry>,
    uses: u64,
}

impl Shelf {
    /// The entry of a key that is there.
    pub(super) fn get(&mut self, key: &Key) -> Option<&mut Entry> {
        self.uses += 1;
        let uses = self.uses;
        let entry = self.entries.get_mut(key)?;
        entry.used = uses;
        Some(entry)
    }

    /// The entry of a key, made if there is none yet; the least recently used one makes room for it.
    pub(super) fn enter(&mut self, key: &Key) -> &mut Entry {
        if !self.entries.contains_key(key) {
            let of_account = self.entries.keys().filter(|other| other.account == key.account).count();
            if of_account >= MOST_OF_ACCOUNT {
                self.drop_oldest(|other| other.account == key.account);
            } else if self.entries.len() >= MOST {
                self.drop_oldest(|_| true);
            }
        }
        self.uses += 1;
        let uses = self.uses;
        let new = Entry { token: None, flights: Vec::new(), refused: None, used: uses };
        let entry = self.entries.entry(key.clone()).or_insert(new);
        entry.used = uses;
        entry
    }

    fn drop_oldest(&mut self, among: impl Fn(&Key) -> bool) {
        let oldest = self
            .entries
            .iter()
            // Somebody waits for those under way.
            .filter(|(key, entry)| entry.flights.is_empty() && among(key))
            .min_by_key(|(_, entry)| entry.used)
            .map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.entries.remove(&key);
        }
    }

    /// Forgets everything of an account.
    pub(super) fn drop_account(&mut self, account: &AccountName) {
        self.entries.retain(|key, _| key.account != *account);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
