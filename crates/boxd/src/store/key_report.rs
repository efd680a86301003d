//! The keys of an open store: what is said of them, waiting for missing ones, and changing them.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use super::{
    KeyChoice, KeySource, MigrateError, Store,
    disk::Disk,
    key::{Register, Sources, Unavailable, keyring::KeyringError},
    keys::Missing,
    migrate::Migration,
    unlock::sealer_of,
};

/// What there is to say of a store's keys.
#[derive(Clone, Debug)]
pub struct KeyReport {
    /// Where the key in use is kept.
    pub source: KeySource,
    /// Its name, which tells nothing about it.
    pub id: String,
    /// Where exactly, for people.
    pub place: String,
    /// What a new store would take.
    pub choice: KeyChoice,
    /// Keys that cannot be had now: why, and what a person does about it.
    pub missing: Vec<(String, String)>,
    /// A change of keys that is not finished: where the old key is.
    pub retiring: Option<String>,
    /// Whether the key in use stays out of swap space and core files; the system's reason where not.
    pub locked_memory: Result<(), String>,
}

/// What came of another look for missing keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing is missing.
    AllThere,
    /// As before.
    None,
    /// A key came, or is missing for another reason than before: accounts are to be loaded again.
    Changed,
}

/// Where the key comes from, and what that is worth.
pub(super) fn described(disk: &dyn Disk, sources: &Sources, register: &Register) -> String {
    let key = register.current;
    format!("{}; {}", sources.place(disk, key), key.source.protects())
}

impl Store {
    /// Where the sealing key comes from, and what that is worth.
    pub fn key_source(&self) -> String {
        described(&*self.vault.disk, &self.sources, &self.noted())
    }

    /// Where the key in use is kept.
    pub fn key_source_kind(&self) -> KeySource {
        self.noted().current.source
    }

    /// All that is to be said of the keys.
    pub fn key_report(&self) -> KeyReport {
        let register = self.noted();
        let place = |name| self.sources.place(&*self.vault.disk, name);
        let sealer = self.vault.keys.current();
        KeyReport {
            source: register.current.source,
            id: register.current.id.to_string(),
            place: place(register.current),
            choice: self.choice,
            missing: self.vault.keys.missing().iter().map(parts).collect(),
            retiring: register.retiring.map(place),
            locked_memory: match &sealer {
                Ok(sealer) => sealer.locked().map_err(str::to_owned),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// Whether keys are missing, or an old one waits to go.
    pub fn keys_are_unsettled(&self) -> bool {
        let register = self.noted();
        register.retiring.is_some() || register.coming.is_some() || !self.vault.keys.missing().is_empty()
    }

    /// Looks again for keys that were missing.
    pub fn look_for_keys(&self) -> News {
        let missing = self.vault.keys.missing();
        if missing.is_empty() {
            return News::AllThere;
        }
        let mut is_news = false;
        for Missing { name, .. } in missing {
            let found = match self.sources.read(&*self.vault.disk, name) {
                Ok(key) => sealer_of(&key).map_err(|error| KeyringError::Refused(error.to_string())),
                Err(Unavailable::Missing) => Err(KeyringError::Missing),
                Err(Unavailable::Later(error)) => Err(error),
                Err(Unavailable::Unusable(error)) => Err(KeyringError::Refused(error.to_string())),
            };
            if let Err(error) = &found {
                tracing::debug!(key = %name.id, %error, "the store still waits for its key");
            }
            is_news |= self.vault.keys.learn(name, found);
        }
        if is_news { News::Changed } else { News::None }
    }

    /// Goes on with a change of keys that was cut short.
    ///
    /// # Errors
    /// Then both keys stay in use.
    pub fn finish_migration(&self) -> Result<(), MigrateError> {
        self.migration(|migration| migration.finish().map_err(MigrateError::NotFinished))
    }

    /// Seals the store with a fresh key from `to`, or where that is `None` from where the key is now.
    ///
    /// # Errors
    /// Then each file opens as before, with the old key or with the new one.
    pub fn migrate(&self, to: Option<KeySource>) -> Result<(), MigrateError> {
        self.migration(|migration| migration.run(to.unwrap_or(self.noted().current.source)))
    }

    fn migration<T>(&self, work: impl FnOnce(&Migration<'_>) -> T) -> T {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let alone = |account: Option<&_>, work: &mut dyn FnMut() -> io::Result<()>| {
            if let Some(account) = account {
                let _alone = self.alone(account);
                return work();
            }
            let lock = |stripe| Mutex::lock(stripe).unwrap_or_else(PoisonError::into_inner);
            let _all: Vec<_> = self.stripes.iter().map(lock).collect();
            work()
        };
        let (vault, sources, register) = (&self.vault, &self.sources, &self.register);
        work(&Migration { vault, sources, register, alone: &alone })
    }

    fn noted(&self) -> Register {
        *self.register.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parts(missing: &Missing) -> (String, String) {
    let lock = missing.lock();
    (lock.why, lock.next_step)
}
