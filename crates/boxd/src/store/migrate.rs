//! Changes the key of a store: at every moment each file opens with a key that can be had, whatever is cut short.
//!
//! The new key goes into its source and comes back from there before anything is sealed with it (`coming`). From the
//! switch on everything is written with it, and the old one only opens (`retiring`), until each file is sealed anew
//! and durably so. Only then does the old key go. What a crash leaves is gone on with at the next start.

use std::{
    io,
    path::Path,
    sync::{PoisonError, RwLock},
};

use super::{
    OpenError,
    format::{Header, Kind},
    key::{KeyId, KeyName, KeySource, Register, Sources},
    names, payload,
    seal::{Opened, SealError, Size},
    survey,
    unlock::{fresh_key, no_credential, note, put, sealer_of, seals},
    vault::{Vault, list},
};
use crate::account_name::AccountName;

/// Where a file goes on its way to its place: a name that no account's file has.
const FRESH: &str = "resealed.new";

/// Why the key was not changed, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Nothing was changed.
    #[error(transparent)]
    NotBegun(#[from] OpenError),
    /// The store is sealed with the key that it should get.
    #[error(
        "the store is sealed with the key of the credential already; to change that, go by way of a file"
    )]
    Already,
    /// The store's own key is missing.
    #[error("the store is locked: {0}")]
    Locked(String),
    /// Both keys are in use until it can go on.
    #[error("the new key is in use, but the old one still is too: {0}; it goes on at the next start")]
    NotFinished(String),
}

/// Runs something while nothing else writes: to one account, or to any.
pub(super) type Alone<'a> =
    &'a dyn Fn(Option<&AccountName>, &mut dyn FnMut() -> io::Result<()>) -> io::Result<()>;

/// A change of keys.
pub(super) struct Migration<'a> {
    pub(super) vault: &'a Vault,
    pub(super) sources: &'a Sources,
    pub(super) register: &'a RwLock<Register>,
    pub(super) alone: Alone<'a>,
}

impl Migration<'_> {
    /// Moves the store to a key from `to`: a fresh one, or the credential's.
    pub(super) fn run(&self, to: KeySource) -> Result<(), MigrateError> {
        if let Err(unfinished) = self.finish() {
            self.leave_behind(unfinished)?;
        }
        if let Err(error) = self.vault.keys.current() {
            return Err(MigrateError::Locked(error.to_string()));
        }
        let disk = &*self.vault.disk;
        let key = match to {
            KeySource::Credential => self.sources.credential(disk)?.ok_or_else(no_credential)?,
            KeySource::Keyring | KeySource::File => fresh_key()?,
        };
        let old = self.noted().current;
        let new = KeyName { source: to, id: key.id() };
        if new == old {
            return Err(MigrateError::Already);
        }
        self.note(Register { coming: Some(new), ..self.noted() })?;
        if let Err(error) = put(disk, self.sources, to, &key) {
            self.give_up_coming();
            return Err(error.into());
        }
        let sealer = sealer_of(&key)?;
        drop(key);
        // Durable before anything is sealed with it; where this fails nobody knows which note is there, and either
        // leads to both keys or to the old one, which is still the only one in use.
        self.note(Register { current: new, coming: None, retiring: Some(old) })?;
        let mut sealer = Some(sealer);
        (self.alone)(None, &mut || {
            if let Some(sealer) = sealer.take() {
                self.vault.keys.switch(sealer);
            }
            Ok(())
        })
        .map_err(|error| MigrateError::NotFinished(error.to_string()))?;
        tracing::info!(from = %old.source, to = %to, "the store gets another key");
        self.finish().map_err(MigrateError::NotFinished)
    }

    /// Goes on with what was begun, where the keys for it are at hand.
    pub(super) fn finish(&self) -> Result<(), String> {
        self.give_up_coming();
        let Register { current, retiring: Some(old), .. } = self.noted() else { return Ok(()) };
        if old.id != current.id {
            self.reseal_all(old.id).map_err(|error| error.to_string())?;
        }
        self.sources.remove(&*self.vault.disk, old).map_err(|error| error.to_string())?;
        self.note(Register { retiring: None, ..self.noted() }).map_err(|error| error.to_string())?;
        self.vault.keys.drop(old.id);
        tracing::info!(from = %old.source, to = %current.source, "the store has another key");
        Ok(())
    }

    /// Goes on although an earlier change did not come to its end, where all that is missing is that the old key goes
    /// from its source: nothing is sealed with it any more.
    fn leave_behind(&self, unfinished: String) -> Result<(), MigrateError> {
        let Register { retiring: Some(old), .. } = self.noted() else {
            return Err(MigrateError::NotFinished(unfinished));
        };
        let (disk, places) = (&*self.vault.disk, &self.vault.places);
        let is_used = seals(disk, places, &survey::sealing_keys(disk, places)?, old);
        if is_used || self.vault.keys.missing().iter().any(|missing| missing.name == old) {
            return Err(MigrateError::NotFinished(unfinished));
        }
        tracing::warn!(
            key = %old.id, source = %old.source, why = unfinished,
            "an old key could not be removed from its source, and is left there; nothing is sealed with it"
        );
        self.note(Register { retiring: None, ..self.noted() })?;
        self.vault.keys.drop(old.id);
        Ok(())
    }

    /// Nothing is sealed with a key that was only coming: it goes. Where it cannot it is tried at the next start.
    fn give_up_coming(&self) {
        let noted = self.noted();
        let Some(coming) = noted.coming.filter(|coming| noted.keys().all(|name| name != *coming)) else {
            return;
        };
        // After a note that failed nobody knows what the disk says: it must not name a key that is gone.
        let given_up = self
            .note(noted)
            .and_then(|()| self.sources.remove(&*self.vault.disk, coming))
            .and_then(|()| self.note(Register { coming: None, ..noted }));
        if let Err(error) = given_up {
            tracing::warn!(%error, "a key that was never used is left in its source");
        }
    }

    fn note(&self, register: Register) -> Result<(), OpenError> {
        note(&*self.vault.disk, self.sources, &register)?;
        *self.register.write().unwrap_or_else(PoisonError::into_inner) = register;
        Ok(())
    }

    fn noted(&self) -> Register {
        *self.register.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seals every file anew that the old key seals. Files that no key opens stay as they are.
    fn reseal_all(&self, old: KeyId) -> io::Result<()> {
        let vault = self.vault;
        if !vault.keys.has(old) {
            let seals = survey::sealing_keys(&*vault.disk, &vault.places).map_err(io::Error::other)?;
            let awaited = vault.keys.missing().iter().any(|missing| missing.name.id == old);
            if !awaited && !seals.contains(&old) {
                return Ok(());
            }
            return Err(io::Error::other(format!("the old key {old} is missing")));
        }
        vault.keys.current()?;
        let accounts = &vault.places.accounts;
        for file in list(&*vault.disk, accounts)? {
            let Some((account, _)) = names::owner_of(&file) else { continue };
            let path = accounts.join(&file);
            (self.alone)(Some(&account), &mut || vault.reseal(&path, &path, accounts, old))?;
        }
        (self.alone)(None, &mut || vault.reseal_spares(old))?;
        vault.disk.sync_dir(accounts)?;
        // What was set aside meanwhile has another name now.
        for file in list(&*vault.disk, accounts)? {
            if names::owner_of(&file).is_some() && vault.opens_with(&accounts.join(&file), old) {
                return Err(io::Error::other(format!("{file} came in between")));
            }
        }
        Ok(())
    }
}

impl super::vault::Vault {
    /// Brings the spares of an old key under the name of the current one.
    fn reseal_spares(&self, old: KeyId) -> io::Result<()> {
        let (Some(spares), new) = (&self.places.spares, self.keys.current_id()) else { return Ok(()) };
        if old == new || !self.keys.has(old) {
            return Ok(());
        }
        let files = list(&*self.disk, spares).unwrap_or_default();
        for file in files {
            let Some(account) = names::owner_of_spare(&file, old.0) else { continue };
            let Some(to) = self.places.files(&account, new.0).spare else { continue };
            let from = spares.join(&file);
            self.reseal(&from, &to, spares, old)?;
            if self.opens_with(&to, new) {
                self.disk.sync_dir(spares)?;
                self.disk.remove_if_there(&from)?;
            }
        }
        Ok(())
    }

    /// Seals a file anew with the current key, if it opens with the old one.
    fn reseal(&self, from: &Path, to: &Path, directory: &Path, old: KeyId) -> io::Result<()> {
        let Some(bytes) = self.resealed(from, old)? else { return Ok(()) };
        let fresh = directory.join(FRESH);
        self.disk.remove_if_there(&fresh)?;
        self.disk.write_new(&fresh, &bytes).inspect_err(|_| self.remove_softly(&fresh))?;
        self.disk.rename(&fresh, to)
    }

    /// The same file under the current key: head and content as they are, but in the present format.
    fn resealed(&self, path: &Path, old: KeyId) -> io::Result<Option<Vec<u8>>> {
        let bytes = match self.disk.read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let size = bytes.len();
        let Some(opened) = self.opened_with(bytes, old) else { return Ok(None) };
        let content = match opened.header.kind {
            Kind::Intent | Kind::Tombstone => opened.content,
            Kind::Grant | Kind::Login { .. } => match payload::decode(&opened.header, &opened.content) {
                Ok(record) => payload::encode(&record)?,
                Err(_) => return Ok(None),
            },
        };
        let sealer = self.keys.current()?;
        let sealed = match sealer.seal(opened.header.clone(), &content, Size::Exactly(size)) {
            Err(SealError::TooLarge) => sealer.seal(opened.header, &content, Size::Roomy),
            sealed => sealed,
        };
        sealed.map(Some).map_err(io::Error::other)
    }

    /// Whether a file opens whole with this key.
    fn opens_with(&self, path: &Path, key: KeyId) -> bool {
        self.disk.read(path).is_ok_and(|bytes| self.opened_with(bytes, key).is_some())
    }

    /// A file of this key, whosever account its name says: one that was set aside may be another's.
    fn opened_with(&self, bytes: Vec<u8>, key: KeyId) -> Option<Opened> {
        let (header, _) = Header::decode(&bytes).ok().filter(|(header, _)| header.key_id == key.0)?;
        self.keys.open(bytes, &header.account).ok()
    }
}
