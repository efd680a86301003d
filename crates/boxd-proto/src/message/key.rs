//! The key that seals the daemon's store, and what else keeps its secrets in.

use serde::{Deserialize, Serialize};

/// Where a key can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum KeySource {
    /// A credential that systemd hands to the service.
    Credential,
    /// The keyring of the person who is logged in.
    Keyring,
    /// A file beside the data.
    File,
}

impl KeySource {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Credential, Self::Keyring, Self::File];

    /// Its name on command lines and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Keyring => "keyring",
            Self::File => "file",
        }
    }
}

/// The key in use, keys that are missing, and what keeps secrets in the daemon's memory. None of it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStatus {
    /// Where the key in use is kept.
    pub source: KeySource,
    /// Its name: 16 hexadecimal digits that tell nothing about it.
    pub id: String,
    /// Where exactly, for people.
    pub place: String,
    /// What it protects against, and what not, for people.
    pub protects: String,
    /// What the config asks for; `None`: `auto`.
    pub wanted: Option<KeySource>,
    /// Keys that cannot be had now: accounts wait for them.
    pub missing: Vec<MissingKey>,
    /// Where the old key is, while a change of keys is not finished.
    pub retiring: Option<String>,
    /// Measures that keep secrets in the daemon's memory.
    pub protections: Vec<Protection>,
}

/// A key that cannot be had now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingKey {
    /// Which key, and why.
    pub detail: String,
    /// What a person does about it.
    pub next_step: String,
}

/// One measure, and whether it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// A name that stays the same: `not-dumpable`, `no-core-files` or `locked-key`.
    pub name: String,
    /// What it keeps off, for people.
    pub keeps_off: String,
    /// Why it is not in force; `None`: it is.
    pub error: Option<String>,
}
