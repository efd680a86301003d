//! Keys in files of the state directory, mode 0600.

use std::{
    io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    super::{OpenError, disk::Disk},
    KEY_LEN, KeyId, SealingKey,
};

/// Where a store has its first key.
fn usual(state_dir: &Path) -> PathBuf {
    state_dir.join("key")
}

/// Where a key goes while another has the usual place.
fn named(state_dir: &Path, id: KeyId) -> PathBuf {
    state_dir.join(format!("key-{id}"))
}

/// The key in the usual place, or `None` where there is none.
pub(super) fn read_usual(disk: &dyn Disk, state_dir: &Path) -> Result<Option<SealingKey>, OpenError> {
    read_at(disk, &usual(state_dir))
}

/// The file that holds this key, and the key.
pub(super) fn read(
    disk: &dyn Disk,
    state_dir: &Path,
    id: KeyId,
) -> Result<Option<(PathBuf, SealingKey)>, OpenError> {
    for path in [named(state_dir, id), usual(state_dir)] {
        if let Some(key) = read_at(disk, &path)?.filter(|key| key.id() == id) {
            return Ok(Some((path, key)));
        }
    }
    Ok(None)
}

/// Where this key is, or would be.
pub(super) fn place_of(disk: &dyn Disk, state_dir: &Path, id: KeyId) -> PathBuf {
    match read(disk, state_dir, id) {
        Ok(Some((path, _))) => path,
        // One that is there and cannot be used is what people have to look at.
        Err(_) if disk.read_start(&named(state_dir, id)).is_ok() => named(state_dir, id),
        _ => usual(state_dir),
    }
}

fn read_at(disk: &dyn Disk, path: &Path) -> Result<Option<SealingKey>, OpenError> {
    match disk.read(path) {
        Ok(bytes) => {
            let bytes = Zeroizing::new(bytes);
            disk.refuse_readable_by_others(path)?;
            let why = || format!("it has {} bytes instead of {KEY_LEN}", bytes.len());
            let unusable = || OpenError::KeyUnusable { place: path.display().to_string(), why: why() };
            SealingKey::from_slice(&bytes).map(Some).ok_or_else(unusable)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(OpenError::KeyUnusable { place: path.display().to_string(), why: error.to_string() })
        }
    }
}

/// Makes a key durable before anything is sealed with it. No file is replaced by it.
pub(super) fn write(disk: &dyn Disk, state_dir: &Path, key: &SealingKey) -> Result<(), OpenError> {
    let id = key.id();
    let is_taken = !matches!(disk.read_start(&usual(state_dir)),
        Err(error) if error.kind() == io::ErrorKind::NotFound);
    let path = if is_taken { named(state_dir, id) } else { usual(state_dir) };
    let failed = |source| OpenError::io("make the sealing key", &path, source);
    let fresh = state_dir.join("key.new");
    wipe(disk, &fresh).map_err(failed)?;
    disk.write_new(&fresh, key.bytes()).map_err(failed)?;
    disk.rename(&fresh, &path).map_err(failed)?;
    disk.sync_dir(state_dir).map_err(failed)
}

/// Overwrites and removes every file that holds this key, for good, and what an earlier call left.
pub(super) fn remove(disk: &dyn Disk, state_dir: &Path, id: KeyId) -> Result<(), OpenError> {
    let failed = |path: &Path, source| OpenError::io("remove the old sealing key", path, source);
    let going = state_dir.join("key.old");
    wipe(disk, &going).map_err(|source| failed(&going, source))?;
    for path in [named(state_dir, id), usual(state_dir)] {
        // What is damaged or not ours is no key of this name: it stays.
        if matches!(read_at(disk, &path), Ok(Some(key)) if key.id() == id) {
            // Out of its place first: one that is half overwritten must not be taken for a key.
            disk.rename(&path, &going).map_err(|source| failed(&path, source))?;
            wipe(disk, &going).map_err(|source| failed(&going, source))?;
        }
    }
    let fresh = state_dir.join("key.new");
    wipe(disk, &fresh).map_err(|source| failed(&fresh, source))?;
    disk.sync_dir(state_dir).map_err(|source| failed(state_dir, source))
}

/// Overwrites first, so that the key does not stay in the blocks of a file that is gone. File systems that write
/// elsewhere (btrfs, zfs) and flash memory may keep it all the same.
fn wipe(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.overwrite(path, &[0; KEY_LEN]) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(()) => {}
    }
    disk.remove_if_there(path)
}
