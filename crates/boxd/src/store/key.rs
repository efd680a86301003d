//! The sealing key: where it comes from, and its making on first use.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::{OpenError, disk::Disk, place};

/// Bytes of a sealing key.
pub(super) const KEY_LEN: usize = 32;

/// A key of the store. It cannot be printed or copied, and is wiped when dropped.
pub(super) struct SealingKey(Zeroizing<[u8; KEY_LEN]>);

impl SealingKey {
    #[cfg(test)]
    pub(super) fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

/// Where the sealing key is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file that only its owner can read, beside the data.
    File(PathBuf),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(
                f,
                "the key file {}; it lies beside the data, so it protects only copies of the data without it",
                path.display()
            ),
        }
    }
}

impl KeySource {
    /// The key file of a state directory.
    pub(super) fn in_directory(state_dir: &Path) -> Self {
        Self::File(state_dir.join("key"))
    }

    /// The key, or `None` where none was made yet.
    pub(super) fn read(&self, disk: &dyn Disk) -> Result<Option<SealingKey>, OpenError> {
        let Self::File(path) = self;
        match disk.read(path) {
            Ok(bytes) => {
                place::refuse_readable_by_others(path)?;
                let bytes = Zeroizing::new(bytes);
                let unusable = || OpenError::KeyUnusable {
                    path: path.clone(),
                    why: format!("it has {} bytes instead of {KEY_LEN}", bytes.len()),
                };
                let key = bytes.as_array::<KEY_LEN>().ok_or_else(unusable)?;
                Ok(Some(SealingKey(Zeroizing::new(*key))))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::KeyUnusable { path: path.clone(), why: error.to_string() }),
        }
    }

    /// Makes a key and has it durable before anything is sealed with it.
    pub(super) fn make(&self, disk: &dyn Disk) -> Result<SealingKey, OpenError> {
        let Self::File(path) = self;
        let mut key = SealingKey(Zeroizing::new([0; KEY_LEN]));
        let failed = |source| OpenError::io("make the sealing key", path, source);
        SystemRandom::new()
            .fill(&mut *key.0)
            .or(Err(io::Error::other("the system gives no random bytes")))
            .map_err(failed)?;
        let fresh = path.with_extension("new");
        disk.remove_if_there(&fresh).map_err(failed)?;
        disk.write_new(&fresh, key.bytes()).map_err(failed)?;
        disk.rename(&fresh, path).map_err(failed)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        disk.sync_dir(directory).map_err(failed)?;
        Ok(key)
    }
}
