//! All places where keys can be kept, behind one face.

use std::{path::PathBuf, sync::Arc};

use super::{
    super::{OpenError, disk::Disk},
    KeyId, KeyName, KeySource, SealingKey, credential, file,
    keyring::{Keyring, KeyringError},
};

/// Where this store's keys can be.
#[derive(Clone, Debug)]
pub(in super::super) struct Sources {
    pub(in super::super) state_dir: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`.
    pub(in super::super) credentials: Option<PathBuf>,
    pub(in super::super) keyring: Arc<dyn Keyring>,
}

/// Why a key cannot be had.
#[derive(Debug)]
pub(in super::super) enum Unavailable {
    /// Its source answers, and has no such key.
    Missing,
    /// It may be there, and can be had later without a restart: a keyring that is locked or away.
    Later(KeyringError),
    /// It cannot be used as it is.
    Unusable(OpenError),
}

impl From<OpenError> for Unavailable {
    fn from(error: OpenError) -> Self {
        Self::Unusable(error)
    }
}

impl Sources {
    /// A key by its name.
    pub(in super::super) fn read(&self, disk: &dyn Disk, name: KeyName) -> Result<SealingKey, Unavailable> {
        let key = match name.source {
            KeySource::File => file::read(disk, &self.state_dir, name.id)?.map(|(_, key)| key),
            KeySource::Credential => credential::read(disk, self.credentials.as_deref())?,
            KeySource::Keyring => match self.keyring.read(name.id) {
                Ok(key) => Some(key),
                Err(KeyringError::Missing) => None,
                Err(error) => return Err(Unavailable::Later(error)),
            },
        };
        key.filter(|key| key.id() == name.id).ok_or(Unavailable::Missing)
    }

    /// A key by its id alone, for a store whose note is lost.
    pub(in super::super) fn find(&self, disk: &dyn Disk, id: KeyId) -> Option<(KeyName, SealingKey)> {
        [KeySource::File, KeySource::Credential, KeySource::Keyring].into_iter().find_map(|source| {
            let name = KeyName { source, id };
            self.read(disk, name).ok().map(|key| (name, key))
        })
    }

    /// The key in the file of the usual name, whatever its id.
    pub(in super::super) fn usual_file(&self, disk: &dyn Disk) -> Result<Option<SealingKey>, OpenError> {
        file::read_usual(disk, &self.state_dir)
    }

    /// The key among the credentials, whatever its id.
    pub(in super::super) fn credential(&self, disk: &dyn Disk) -> Result<Option<SealingKey>, OpenError> {
        credential::read(disk, self.credentials.as_deref())
    }

    /// Puts a key into a source, durably. A credential cannot be put anywhere: it must be there.
    pub(in super::super) fn write(
        &self,
        disk: &dyn Disk,
        source: KeySource,
        key: &SealingKey,
    ) -> Result<(), OpenError> {
        match source {
            KeySource::File => file::write(disk, &self.state_dir, key),
            KeySource::Keyring => {
                let label = format!("boxd: key of {}", self.state_dir.display());
                self.keyring.write(key, &label).map_err(|error| OpenError::NoSource {
                    source_name: source.name(),
                    why: format!("{error}; {}", error.next_step()),
                })
            }
            KeySource::Credential => Ok(()),
        }
    }

    /// Takes a key out of its source for good; one that is not there is no error.
    pub(in super::super) fn remove(&self, disk: &dyn Disk, name: KeyName) -> Result<(), OpenError> {
        match name.source {
            KeySource::File => file::remove(disk, &self.state_dir, name.id),
            KeySource::Keyring => match self.keyring.remove(name.id) {
                Ok(()) | Err(KeyringError::Missing) => Ok(()),
                Err(error) => Err(OpenError::NoSource {
                    source_name: name.source.name(),
                    why: format!("{error}; {}", error.next_step()),
                }),
            },
            // systemd's, and its owner's to remove.
            KeySource::Credential => Ok(()),
        }
    }

    /// Where a key is, for people.
    pub(in super::super) fn place(&self, disk: &dyn Disk, name: KeyName) -> String {
        match name.source {
            KeySource::File => {
                format!("the key file {}", file::place_of(disk, &self.state_dir, name.id).display())
            }
            KeySource::Credential => match credential::place(self.credentials.as_deref()) {
                Some(path) => format!("the systemd credential {}", path.display()),
                None => format!("the systemd credential {} (none was handed to boxd)", credential::NAME),
            },
            KeySource::Keyring => format!("the keyring ({}, key {})", self.keyring.kind(), name.id),
        }
    }
}
