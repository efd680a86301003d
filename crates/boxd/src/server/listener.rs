//! The listening socket: taken only from nobody, put where nobody else can, cleared away only if it is ours.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError},
    io,
    os::{
        fd::OwnedFd,
        unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use boxd_proto::endpoint::LONGEST_PATH;
use interprocess::{
    ConnectWaitMode,
    local_socket::{
        ConnectOptions, GenericFilePath, ListenerOptions, ToFsName as _,
        tokio::{self as local, Stream},
        traits::tokio::Listener as _,
    },
    os::unix::local_socket::ListenerOptionsExt as _,
};

use super::{bind_error::BindError, counters::Counters};

/// Only the owner may connect; on systems that ignore a socket's mode the directory's counts.
const SOCKET_MODE: rustix::fs::RawMode = 0o600;
const LOCK_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// A socket that clients can connect to.
#[derive(Debug)]
pub struct Listener {
    socket: local::Listener,
    counters: Arc<Counters>,
    /// Where a socket of our own making is; `None` for an inherited one, which is not ours to unlink.
    _place: Option<Place>,
}

/// The socket's file, unlinked on drop if it is still the one that we made.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    inode: (u64, u64),
    /// Held for as long as the socket may be unlinked; the lock file itself stays, since removing it would
    /// let two daemons each lock a file of that name.
    _lock: File,
}

// === impl Listener ===

impl Listener {
    /// Listens at `path`, in a directory that belongs to this user and that nobody else can write (created with
    /// mode 0700 if missing). A socket that a dead daemon left there is replaced; anything else stays.
    ///
    /// Must be called within a tokio runtime.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let length = path.as_os_str().len();
        if length >= LONGEST_PATH {
            return Err(BindError::TooLong { path: path.to_owned(), length, most: LONGEST_PATH - 1 });
        }
        prepare_directory(path)?;
        let lock = lock_beside(path)?;
        clear_stale(path)?;
        let socket = listen(path).map_err(|error| BindError::system("listen at the socket", path, error))?;
        let made = fs::symlink_metadata(path)
            .map_err(|error| BindError::system("find the socket just made", path, error))?;
        let place = Place { path: path.to_owned(), inode: inode(&made), _lock: lock };
        Ok(Self { socket, counters: Arc::default(), _place: Some(place) })
    }

    /// Takes over a socket that another process made and listens on, such as a service manager.
    ///
    /// Must be called within a tokio runtime.
    pub fn inherited(fd: OwnedFd) -> Result<Self, BindError> {
        // Apple's systems do not tell; there it is launchd that made it.
        #[cfg(not(target_vendor = "apple"))]
        match rustix::net::sockopt::socket_acceptconn(&fd) {
            Ok(true) => {}
            Ok(false) => return Err(BindError::NotListening),
            Err(error) => return Err(BindError::Inherited(error.into())),
        }
        if !matches!(rustix::net::getsockname(&fd), Ok(address) if address.address_family() == rustix::net::AddressFamily::UNIX)
        {
            return Err(BindError::NotListening);
        }
        let socket = interprocess::os::unix::uds_local_socket::tokio::Listener::try_from(fd)
            .map_err(BindError::Inherited)?;
        Ok(Self { socket: socket.into(), counters: Arc::default(), _place: None })
    }

    /// What the server on this listener has done; stays readable while it runs.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    pub(super) async fn accept(&self) -> io::Result<Stream> {
        self.socket.accept().await
    }
}

// === impl Place ===

impl Drop for Place {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|found| inode(&found) == self.inode);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, socket = %self.path.display(), "the socket could not be removed");
        }
    }
}

fn inode(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn prepare_directory(path: &Path) -> Result<(), BindError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(directory)
        .map_err(|error| BindError::system("create the socket's directory", directory, error))?;
    let metadata = fs::metadata(directory)
        .map_err(|error| BindError::system("look at the socket's directory", directory, error))?;
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    if ours && metadata.mode() & WRITABLE_BY_OTHERS == 0 {
        return Ok(());
    }
    Err(BindError::UnsafeDirectory {
        directory: directory.to_owned(),
        owner: metadata.uid(),
        mode: metadata.mode() & 0o7777,
    })
}

fn lock_beside(path: &Path) -> Result<File, BindError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let no_symlink = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(LOCK_MODE)
        .custom_flags(no_symlink)
        .open(&name)
        .map_err(|error| BindError::system("open the lock beside the socket", &name, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(BindError::AlreadyRunning { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(BindError::system("lock", &name, error)),
    }
}

/// Removes a socket that nobody listens on. The lock is held, so no other daemon is about to.
fn clear_stale(path: &Path) -> Result<(), BindError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BindError::system("look at the socket", path, error)),
    };
    if !found.is_socket() {
        return Err(BindError::NotASocket { path: path.to_owned() });
    }
    // A full backlog counts as connected here: somebody listens.
    let answer = path.to_fs_name::<GenericFilePath>().and_then(|name| {
        ConnectOptions::new().name(name).wait_mode(ConnectWaitMode::Deferred).connect_sync()
    });
    match answer {
        Ok(_listening) => Err(BindError::AlreadyRunning { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)
            .map_err(|error| BindError::system("remove the socket that a dead daemon left", path, error)),
        Err(error) => Err(BindError::system("find out whether somebody serves on the socket", path, error)),
    }
}

fn listen(path: &Path) -> io::Result<local::Listener> {
    let options = || {
        Ok::<_, io::Error>(
            ListenerOptions::new().name(path.to_fs_name::<GenericFilePath>()?).reclaim_name(false),
        )
    };
    match options()?.mode(SOCKET_MODE).create_tokio() {
        // macOS cannot set a mode before bind; nobody else can reach into the directory.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => options()?.create_tokio(),
        result => result,
    }
}
