//! The login keychain of macOS.

use security_framework::{
    base::Error,
    os::macos::keychain::{KeychainUserInteractionLock, SecKeychain},
    passwords::{delete_generic_password, get_generic_password, set_generic_password},
};
use zeroize::Zeroizing;

use super::{
    super::{KeyId, SealingKey, text},
    Keyring, KeyringError,
};

/// Under which items are found.
const SERVICE: &str = "boxd";
/// An account that no key has, to see whether the keychain answers.
const NOBODY: &str = "none";
/// `errSecItemNotFound` and others of `<Security/SecBase.h>`.
const NOT_FOUND: i32 = -25300;
const NOT_AVAILABLE: i32 = -25291;
const AUTH_FAILED: i32 = -25293;
const INTERACTION_NOT_ALLOWED: i32 = -25308;

/// The keychain of this session.
#[derive(Debug)]
pub(super) struct Keychain;

impl Keyring for Keychain {
    fn kind(&self) -> &'static str {
        "login keychain"
    }

    /// An item opens to the program that made it, by its signature: without one that stays the same, each upgrade would
    /// have to be let in by hand.
    fn is_taken_by_itself(&self) -> bool {
        false
    }

    fn ready(&self) -> Result<(), KeyringError> {
        let _quiet = quiet()?;
        match get_generic_password(SERVICE, NOBODY).map_err(told) {
            Ok(_) | Err(KeyringError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn read(&self, id: KeyId) -> Result<SealingKey, KeyringError> {
        let _quiet = quiet()?;
        let secret = Zeroizing::new(get_generic_password(SERVICE, &id.to_string()).map_err(told)?);
        text::parse(&secret)
            .ok_or_else(|| KeyringError::Refused(format!("what it keeps is not {}", text::FORMS)))
    }

    fn write(&self, key: &SealingKey, _label: &str) -> Result<(), KeyringError> {
        let _quiet = quiet()?;
        set_generic_password(SERVICE, &key.id().to_string(), text::hexadecimal(key).as_bytes()).map_err(told)
    }

    fn remove(&self, id: KeyId) -> Result<(), KeyringError> {
        let _quiet = quiet()?;
        delete_generic_password(SERVICE, &id.to_string()).map_err(told)
    }
}

/// A daemon opens no dialogs: what would need one is refused.
fn quiet() -> Result<KeychainUserInteractionLock, KeyringError> {
    SecKeychain::disable_user_interaction().map_err(told)
}

fn told(error: Error) -> KeyringError {
    match error.code() {
        NOT_FOUND => KeyringError::Missing,
        INTERACTION_NOT_ALLOWED | AUTH_FAILED => KeyringError::Locked,
        NOT_AVAILABLE => KeyringError::Unreachable(error.to_string()),
        _ => KeyringError::Refused(error.to_string()),
    }
}
