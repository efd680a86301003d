//! The keys in use: which one seals, which ones open, and which are missing for now.

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
};

use boxd_engine::Lock;

use super::{
    format::{Flaw, Header},
    key::{KeyId, KeyName, keyring::KeyringError},
    seal::{Opened, Sealer, Unopened},
};

/// The keys of an open store.
pub(super) struct Keys(RwLock<Held>);

struct Held {
    current: KeyId,
    sealers: Vec<Arc<Sealer>>,
    missing: Vec<Missing>,
}

/// A key that the store needs, and that cannot be had now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) name: KeyName,
    pub(super) error: KeyringError,
}

impl Missing {
    /// What an account says whose files wait for this key.
    pub(super) fn lock(&self) -> Lock {
        let why = format!("the account's files wait for the store's key {}: {}", self.name.id, self.error);
        Lock { why, next_step: self.error.next_step().to_owned() }
    }
}

impl Keys {
    pub(super) fn new(current: KeyId, sealers: Vec<Sealer>, missing: Vec<Missing>) -> Self {
        let sealers = sealers.into_iter().map(Arc::new).collect();
        Self(RwLock::new(Held { current, sealers, missing }))
    }

    #[cfg(test)]
    pub(super) fn one(sealer: Sealer) -> Self {
        Self::new(KeyId(sealer.key_id()), vec![sealer], Vec::new())
    }

    /// The name of the key that seals, whether or not it is at hand.
    pub(super) fn current_id(&self) -> KeyId {
        self.held().current
    }

    /// The names of the keys that only open.
    pub(super) fn older_ids(&self) -> Vec<KeyId> {
        let held = self.held();
        let all = held.sealers.iter().map(|sealer| KeyId(sealer.key_id()));
        all.filter(|id| *id != held.current).collect()
    }

    /// The key that seals.
    pub(super) fn current(&self) -> io::Result<Arc<Sealer>> {
        let held = self.held();
        let sealer = held.sealers.iter().find(|sealer| sealer.key_id() == held.current.0);
        sealer.cloned().ok_or_else(|| {
            let missing = held.missing.iter().find(|missing| missing.name.id == held.current);
            io::Error::other(
                missing.map_or("the store's key is missing".to_owned(), |missing| missing.lock().why),
            )
        })
    }

    /// Seals from now on with this key, which `sealer` brings where it is not at hand yet.
    pub(super) fn switch(&self, sealer: Sealer) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        held.current = KeyId(sealer.key_id());
        held.sealers.retain(|known| known.key_id() != sealer.key_id());
        held.sealers.push(Arc::new(sealer));
    }

    /// A key that was missing, or why it still is; whether that is news.
    pub(super) fn learn(&self, name: KeyName, found: Result<Sealer, KeyringError>) -> bool {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(sealer) => {
                held.missing.retain(|missing| missing.name != name);
                held.sealers.retain(|known| known.key_id() != sealer.key_id());
                held.sealers.push(Arc::new(sealer));
                true
            }
            Err(error) => {
                let known = held.missing.iter_mut().find(|missing| missing.name == name);
                known.is_some_and(|missing| std::mem::replace(&mut missing.error, error.clone()) != error)
            }
        }
    }

    /// Forgets a key that nothing is sealed with any more.
    pub(super) fn drop(&self, id: KeyId) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if held.current != id {
            held.sealers.retain(|known| known.key_id() != id.0);
            held.missing.retain(|missing| missing.name.id != id);
        }
    }

    /// What cannot be had now.
    pub(super) fn missing(&self) -> Vec<Missing> {
        self.held().missing.clone()
    }

    /// Whether the key of this name is at hand.
    pub(super) fn has(&self, id: KeyId) -> bool {
        self.sealer(id.0).is_some()
    }

    /// What a file waits for, by its head, of which nothing is verified yet.
    pub(super) fn lock_of(&self, key_id: [u8; 8]) -> Option<Lock> {
        if self.sealer(key_id).is_some() {
            return None;
        }
        self.held().missing.iter().find(|missing| missing.name.id.0 == key_id).map(Missing::lock)
    }

    /// The authentic head of a file, and how long it is; its first [`super::format::LONGEST`] bytes are enough.
    pub(super) fn open_head(&self, file: &[u8]) -> Result<(Header, usize), Flaw> {
        self.sealer_for(file)?.open_head(file)
    }

    /// Opens the file of `account`.
    pub(super) fn open(&self, file: Vec<u8>, account: &str) -> Result<Opened, Unopened> {
        match self.sealer_for(&file) {
            Ok(sealer) => sealer.open(file, account),
            Err(flaw) => Err(Unopened { flaw, header: None }),
        }
    }

    fn sealer_for(&self, file: &[u8]) -> Result<Arc<Sealer>, Flaw> {
        let (header, _) = Header::decode(file)?;
        self.sealer(header.key_id)
            .ok_or_else(|| self.lock_of(header.key_id).map_or(Flaw::OtherKey, Flaw::Locked))
    }

    fn sealer(&self, key_id: [u8; 8]) -> Option<Arc<Sealer>> {
        self.held().sealers.iter().find(|sealer| sealer.key_id() == key_id).cloned()
    }

    fn held(&self) -> std::sync::RwLockReadGuard<'_, Held> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
