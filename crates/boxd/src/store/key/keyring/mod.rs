//! The keyring of the person who is logged in, as the store sees it: one seam, one implementation a system.

#[cfg(all(unix, not(target_vendor = "apple")))]
mod bus;
#[cfg(windows)]
mod credential_manager;
#[cfg(target_vendor = "apple")]
mod keychain;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod secret_service;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod wire;

use std::{fmt::Debug, sync::Arc};

use super::{KeyId, SealingKey};

/// A keyring. Calls block, for some seconds at most.
pub(in super::super) trait Keyring: Debug + Send + Sync {
    /// Which keyring it is, for people.
    fn kind(&self) -> &'static str;
    /// Whether a new store takes it where nobody chose.
    fn is_taken_by_itself(&self) -> bool {
        true
    }
    /// Whether a key could be put there now, without asking anybody.
    fn ready(&self) -> Result<(), KeyringError>;
    /// The key of this name.
    fn read(&self, id: KeyId) -> Result<SealingKey, KeyringError>;
    /// Keeps a key under its name.
    fn write(&self, key: &SealingKey, label: &str) -> Result<(), KeyringError>;
    /// Removes the key of this name.
    fn remove(&self, id: KeyId) -> Result<(), KeyringError>;
}

/// Why a keyring does not give what is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum KeyringError {
    /// Its owner must unlock it.
    #[cfg_attr(
        all(windows, not(test)),
        expect(dead_code, reason = "it is open for as long as its user is logged on")
    )]
    #[error("the keyring is locked")]
    Locked,
    /// It is open, and has no such key.
    #[error("the keyring has no such key")]
    Missing,
    /// There is none, or it does not answer.
    #[error("the keyring cannot be reached: {0}")]
    Unreachable(String),
    /// It answered, but not what it should.
    #[error("the keyring refused: {0}")]
    Refused(String),
}

impl KeyringError {
    /// What a person does about it.
    pub(in super::super) fn next_step(&self) -> &'static str {
        match self {
            Self::Locked => {
                "unlock your keyring, for example by logging in to the desktop; boxd goes on by itself"
            }
            Self::Missing => {
                "restore the keyring from a backup, and boxd goes on by itself; if the key is lost for good, stop \
                 boxd, move `accounts` and `key.json` out of the state directory (`boxctl paths state`), start boxd, \
                 and log in again"
            }
            Self::Unreachable(_) => {
                "start boxd within the login session that has the keyring, or start the keyring's daemon; boxd goes \
                 on by itself"
            }
            Self::Refused(_) => "see the log of the keyring's daemon; boxd tries again by itself",
        }
    }
}

/// The keyring of this system.
#[cfg(all(unix, not(target_vendor = "apple")))]
pub(in super::super) fn of_this_system() -> Arc<dyn Keyring> {
    Arc::new(secret_service::SecretService::of_this_session(|name| std::env::var_os(name)))
}

/// The keyring of this system.
#[cfg(target_vendor = "apple")]
pub(in super::super) fn of_this_system() -> Arc<dyn Keyring> {
    Arc::new(keychain::Keychain)
}

/// The keyring of this system.
#[cfg(windows)]
pub(in super::super) fn of_this_system() -> Arc<dyn Keyring> {
    Arc::new(credential_manager::CredentialManager)
}
