//! A keyring in memory that can be locked, lost or away, and fails when its machine does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{
    super::key::{
        KeyId, SealingKey,
        keyring::{Keyring, KeyringError},
    },
    memory_disk::MemoryDisk,
};

/// What the next calls meet.
#[derive(Clone, Debug, Default)]
struct State {
    items: BTreeMap<KeyId, [u8; 32]>,
    error: Option<KeyringError>,
}

/// A keyring; clones show the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryKeyring {
    state: Arc<Mutex<State>>,
    /// The machine that it is on.
    disk: MemoryDisk,
}

impl MemoryKeyring {
    /// The same items on another machine.
    pub(super) fn on(&self, disk: &MemoryDisk) -> Self {
        let state = self.state.lock().unwrap().clone();
        Self { state: Arc::new(Mutex::new(state)), disk: disk.clone() }
    }

    /// From now on every call is answered with this.
    pub(super) fn set(&self, error: Option<KeyringError>) {
        self.state.lock().unwrap().error = error;
    }

    pub(super) fn items(&self) -> usize {
        self.state.lock().unwrap().items.len()
    }

    pub(super) fn clear(&self) {
        self.state.lock().unwrap().items.clear();
    }

    fn change(&self, act: impl FnOnce(&mut State)) -> Result<(), KeyringError> {
        self.ready()?;
        let changed = self.disk.elsewhere(|| act(&mut self.state.lock().unwrap()));
        changed.map_err(|error| KeyringError::Unreachable(error.to_string()))
    }
}

impl Keyring for MemoryKeyring {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn ready(&self) -> Result<(), KeyringError> {
        match &self.state.lock().unwrap().error {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn read(&self, id: KeyId) -> Result<SealingKey, KeyringError> {
        self.ready()?;
        let items = &self.state.lock().unwrap().items;
        items.get(&id).map(|bytes| SealingKey::from_bytes(*bytes)).ok_or(KeyringError::Missing)
    }

    fn write(&self, key: &SealingKey, _label: &str) -> Result<(), KeyringError> {
        self.change(|state| {
            state.items.insert(key.id(), *key.bytes());
        })
    }

    fn remove(&self, id: KeyId) -> Result<(), KeyringError> {
        self.change(|state| {
            state.items.remove(&id);
        })
    }
}
