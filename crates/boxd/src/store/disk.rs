//! Every file system call of the store, as a seam: tests put a disk in here that fails or loses power.

use std::{
    fmt::Debug,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::Path,
};

use super::{OpenError, format, place};

/// No file of ours is larger: more is not read.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What the store asks of a file system. Links in the place of files are never followed.
pub(super) trait Disk: Debug + Send + Sync {
    /// A whole file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The first [`format::LONGEST`] bytes of a file, and how long it is.
    fn read_start(&self, path: &Path) -> io::Result<(Vec<u8>, u64)>;
    /// Names of the files in a directory; names that are no UTF-8 are none of ours.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;
    /// Makes a file that must not be there yet, mode 0600, and syncs it. After a failure it may be there.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Overwrites a file in place and syncs it. After a failure it holds anything.
    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Moves a file over another.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes what was renamed and removed in a directory durable.
    fn sync_dir(&self, directory: &Path) -> io::Result<()>;

    /// Refuses a secret file that others can read.
    fn refuse_readable_by_others(&self, path: &Path) -> Result<(), OpenError>;

    /// Removes a file that may not be there.
    fn remove_if_there(&self, path: &Path) -> io::Result<()> {
        match self.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The machine's file system.
#[derive(Debug)]
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (file, length) = open_to_read(path)?;
        // Room for all of it at once, since a buffer that grows leaves copies behind.
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(1));
        file.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn read_start(&self, path: &Path) -> io::Result<(Vec<u8>, u64)> {
        let (file, length) = open_to_read(path)?;
        let mut bytes = Vec::with_capacity(format::LONGEST);
        file.take(u64::try_from(format::LONGEST).unwrap_or(LARGEST)).read_to_end(&mut bytes)?;
        Ok((bytes, length))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut file = options_of_ours(&mut options).open(path)?;
        own_only(&file)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true);
        let mut file = options_of_ours(&mut options).open(path)?;
        regular(&file)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    #[cfg(unix)]
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(windows)]
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        boxd_os::windows::file::replace(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn refuse_readable_by_others(&self, path: &Path) -> Result<(), OpenError> {
        place::refuse_readable_by_others(path)
    }

    #[cfg(unix)]
    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    /// Windows has no handle by which a directory can be flushed. What was moved is on its way to the disk when that
    /// returns; what was removed may come back after a power cut, which the store's readers allow for.
    #[cfg(windows)]
    fn sync_dir(&self, _directory: &Path) -> io::Result<()> {
        Ok(())
    }
}

fn open_to_read(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.read(true);
    let file = options_of_ours(&mut options).open(path)?;
    let length = regular(&file)?;
    Ok((file, length))
}

/// The length of a regular file; anything else is refused.
fn regular(file: &File) -> io::Result<u64> {
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok(metadata.len())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

#[cfg(unix)]
pub(super) fn options_of_ours(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    // Without NONBLOCK a named pipe in the place of a file would block for ever.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
    options.mode(0o600).custom_flags(flags.bits().cast_signed())
}

#[cfg(windows)]
pub(super) fn options_of_ours(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::windows::fs::OpenOptionsExt as _;
    /// Opens a link itself, and not what it leads to (`FILE_FLAG_OPEN_REPARSE_POINT` of `CreateFileW`).
    const THE_LINK_ITSELF: u32 = 0x0020_0000;
    options.custom_flags(THE_LINK_ITSELF)
}

/// Mode 0600 whatever the umask.
#[cfg(unix)]
fn own_only(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

/// On Windows files inherit the access list of the state directory.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "the other systems can fail here")]
fn own_only(_file: &File) -> io::Result<()> {
    Ok(())
}
