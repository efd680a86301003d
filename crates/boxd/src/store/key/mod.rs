//! The sealing key: what it is, what it is called, and where it can be kept.

mod credential;
mod file;
pub(super) mod keyring;
mod register;
mod sources;
mod text;

use std::fmt;

use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use zeroize::Zeroizing;

pub(super) use self::{
    register::{Register, RegisterError},
    sources::{Sources, Unavailable},
};

/// Bytes of a sealing key.
pub(super) const KEY_LEN: usize = 32;

/// A key of the store, on its way between its source and the cipher. It cannot be printed or copied, and is wiped
/// when dropped.
pub(super) struct SealingKey(Box<Zeroizing<[u8; KEY_LEN]>>);

impl SealingKey {
    /// A fresh one; `None` where the system gives no random bytes.
    pub(super) fn generate() -> Option<Self> {
        let mut key = Self(Box::new(Zeroizing::new([0; KEY_LEN])));
        SystemRandom::new().fill(&mut **key.0).ok()?;
        Some(key)
    }

    /// `None` where the length is wrong.
    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Self(Box::new(Zeroizing::new([0; KEY_LEN])));
        if bytes.len() != KEY_LEN {
            return None;
        }
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    #[cfg(test)]
    pub(super) fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(Box::new(Zeroizing::new(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// Its name.
    pub(super) fn id(&self) -> KeyId {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.bytes()), b"boxd sealing key id");
        // A tag has 32 bytes.
        KeyId(tag.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

/// A name of a key that tells nothing about it: in the head of every file that it seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyId(pub(super) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl KeyId {
    /// Reads what its `Display` wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16)?;
        Some(Self(number.to_be_bytes()))
    }
}

/// Where a key can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeySource {
    /// `store-key` among the credentials that systemd hands to the service (systemd.exec(5), `LoadCredential=`).
    Credential,
    /// The keyring of the person who is logged in.
    Keyring,
    /// A file that only its owner can read, beside the data.
    File,
}

impl KeySource {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Credential, Self::Keyring, Self::File];

    /// Its name in the config and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Keyring => "keyring",
            Self::File => "file",
        }
    }

    /// The source of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }

    /// What a key from there protects against, and what not: one clause for people.
    pub fn protects(self) -> &'static str {
        match self {
            Self::Credential => {
                "the data is worthless without what the service manager keeps; made by systemd-creds it opens on this \
                 machine only, but root and boxd's own user can read it while boxd runs"
            }
            Self::Keyring => {
                "the data is worthless without the keyring, which opens when its owner logs in; programs of the same \
                 user can ask the open keyring too"
            }
            Self::File => "it lies beside the data, so it protects only copies of the data without it",
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `key` of `[store]`: where a new store gets its key from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyChoice {
    /// The credential where there is one, else the keyring where it is open, else a file.
    #[default]
    Auto,
    /// This source and no other.
    Only(KeySource),
}

/// A key by its name and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyName {
    pub(super) source: KeySource,
    pub(super) id: KeyId,
}
