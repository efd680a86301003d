//! A file that only takes up room: freed when a commit finds the disk full, made again when there is room.

use std::{
    io,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use ring::rand::{SecureRandom as _, SystemRandom};

use super::disk::Disk;

/// Enough for several sealed grants with their directory blocks.
const BYTES: usize = 128 * 1024;

/// The ballast of a state directory.
#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
    in_place: AtomicBool,
}

impl Ballast {
    /// Nothing is looked at or made yet.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, in_place: AtomicBool::new(false) }
    }

    /// Notes whether the ballast is there.
    pub(super) fn look(&self, disk: &dyn Disk) {
        let there = disk.read_start(&self.path).is_ok_and(|(_, length)| usize::try_from(length) == Ok(BYTES));
        self.in_place.store(there, Ordering::Relaxed);
    }

    /// Gives the room back; says whether there was any.
    pub(super) fn free(&self, disk: &dyn Disk) -> bool {
        self.in_place.store(false, Ordering::Relaxed);
        let freed = disk.remove(&self.path).is_ok();
        if freed {
            tracing::warn!("the disk is full: the ballast was freed to save a grant");
        }
        freed
    }

    /// Makes the ballast where it is missing. Best effort: without room there is none.
    pub(super) fn fill(&self, disk: &dyn Disk) {
        if self.in_place.load(Ordering::Relaxed) {
            return;
        }
        // Random, since some file systems would store zeroes in no room at all.
        let mut bytes = vec![0; BYTES];
        let filled = SystemRandom::new()
            .fill(&mut bytes)
            .or(Err(io::Error::other("the system gives no random bytes")))
            .and_then(|()| disk.remove_if_there(&self.path))
            .and_then(|()| disk.write_new(&self.path, &bytes));
        if let Err(error) = filled {
            tracing::warn!(%error, "there is no room for the ballast");
            if let Err(error) = disk.remove_if_there(&self.path) {
                tracing::debug!(%error, "a part of the ballast is left");
            }
            return;
        }
        self.in_place.store(true, Ordering::Relaxed);
    }
}

/// Whether a fault may be mended by freeing the ballast.
pub(super) fn is_no_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
