//! The exclusive lock on the state directory: one daemon at a time.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
};

use super::{OpenError, disk::options_of_ours};

/// Held as long as the store is open; the system drops it with the process.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the lock or tells who has it.
    pub(super) fn take(state_dir: &Path) -> Result<Self, OpenError> {
        let path = state_dir.join("lock");
        let failed = |source| OpenError::io("lock the state directory", &path, source);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options_of_ours(&mut options).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked { path: state_dir.to_path_buf(), pid: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        write_pid(&mut file);
        Ok(Self { _file: file })
    }
}

/// The process id is a help for people; the lock holds without it, so a full disk must not matter.
fn write_pid(file: &mut File) {
    let pid = format!("{}\n", std::process::id());
    let written = file.set_len(0).and_then(|()| file.write_all(pid.as_bytes()));
    if let Err(error) = written {
        tracing::debug!(%error, "the process id could not be put into the lock file");
    }
}

fn holder(file: &mut File) -> Option<u32> {
    file.rewind().ok()?;
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
