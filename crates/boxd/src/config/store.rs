//! `[store]`: where the key that seals the store comes from.

use super::{
    ConfigError,
    document::{Keys, Value},
};
use crate::store::{KeyChoice, KeySource};

const STORE: Keys = Keys { known: &["key"], elsewhere: &[] };

/// `key` of the section.
pub(super) fn key(section: &Value<'_, '_>) -> Result<KeyChoice, ConfigError> {
    let Some(value) = section.table(STORE)?.get("key") else { return Ok(KeyChoice::Auto) };
    match value.string()? {
        "auto" => Ok(KeyChoice::Auto),
        name => KeySource::of_name(name)
            .map(KeyChoice::Only)
            .ok_or_else(|| value.invalid("expected \"auto\", \"credential\", \"keyring\" or \"file\"")),
    }
}
