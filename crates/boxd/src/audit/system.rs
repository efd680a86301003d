//! What systems do differently with the log's file.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

#[cfg(unix)]
pub(super) use unix::{is_in_place, options, sync_names};
#[cfg(windows)]
pub(super) use windows::{is_in_place, options, sync_names};

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

    use super::{File, OpenOptions, Path, io};

    /// For the owner alone, and not through a symbolic link.
    pub(in super::super) fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        options
    }

    /// Whether the file still has its name: what is written into one that somebody removed is nowhere.
    pub(in super::super) fn is_in_place(file: &File, path: &Path) -> bool {
        let here = std::fs::symlink_metadata(path);
        matches!((here, file.metadata()), (Ok(here), Ok(open)) if (here.dev(), here.ino()) == (open.dev(), open.ino()))
    }

    /// Puts names on the disk.
    pub(in super::super) fn sync_names(directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

#[cfg(windows)]
mod windows {
    use std::os::windows::fs::OpenOptionsExt as _;

    use super::{File, OpenOptions, Path, io};

    /// `FILE_SHARE_READ` and `FILE_SHARE_WRITE` of `CreateFileW`; not `FILE_SHARE_DELETE`.
    const NOT_TO_BE_REMOVED: u32 = 1 | 2;

    /// Nobody can remove the file or give it another name while it is open. Its rights are those of its directory.
    pub(in super::super) fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.share_mode(NOT_TO_BE_REMOVED);
        options
    }

    /// [`options`] sees to it.
    pub(in super::super) fn is_in_place(_file: &File, _path: &Path) -> bool {
        true
    }

    /// No handle can flush a directory there; NTFS logs a new name before what is written behind it.
    #[expect(clippy::unnecessary_wraps, reason = "other systems can fail here")]
    pub(in super::super) fn sync_names(_directory: &Path) -> io::Result<()> {
        Ok(())
    }
}
