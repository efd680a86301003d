//! The Credential Manager of Windows: open for as long as its user is logged on.

use keyring_core::{Entry, Error, api::CredentialStoreApi as _};
use windows_native_keyring_store::Store;
use zeroize::Zeroizing;

use super::{
    super::{KeyId, SealingKey, text},
    Keyring, KeyringError,
};

/// Under which credentials are found.
const SERVICE: &str = "boxd";
/// A user that no key has, to see whether the manager answers.
const NOBODY: &str = "none";

/// The credentials of this user.
#[derive(Debug)]
pub(super) struct CredentialManager;

impl Keyring for CredentialManager {
    fn kind(&self) -> &'static str {
        "Credential Manager"
    }

    fn ready(&self) -> Result<(), KeyringError> {
        match entry(NOBODY)?.get_secret().map_err(told) {
            Ok(_) | Err(KeyringError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn read(&self, id: KeyId) -> Result<SealingKey, KeyringError> {
        let secret = Zeroizing::new(entry(&id.to_string())?.get_secret().map_err(told)?);
        text::parse(&secret)
            .ok_or_else(|| KeyringError::Refused(format!("what it keeps is not {}", text::FORMS)))
    }

    fn write(&self, key: &SealingKey, _label: &str) -> Result<(), KeyringError> {
        entry(&key.id().to_string())?.set_secret(text::hexadecimal(key).as_bytes()).map_err(told)
    }

    fn remove(&self, id: KeyId) -> Result<(), KeyringError> {
        entry(&id.to_string())?.delete_credential().map_err(told)
    }
}

fn entry(user: &str) -> Result<Entry, KeyringError> {
    Store::new().and_then(|store| store.build(SERVICE, user, None)).map_err(told)
}

fn told(error: Error) -> KeyringError {
    match error {
        Error::NoEntry => KeyringError::Missing,
        // No logon session, as for a task that runs whether or not its user is logged on.
        Error::NoStorageAccess(error) => KeyringError::Unreachable(error.to_string()),
        error => KeyringError::Refused(error.to_string()),
    }
}
