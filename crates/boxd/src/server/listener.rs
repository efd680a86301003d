//! The listening socket: taken only from nobody, put where nobody else can, cleared away only if it is ours.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError},
    future::poll_fn,
    io,
    os::unix::fs::{
        DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
    sync::Arc,
    task::Poll,
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

use super::{bind_error::BindError, counters::Counters, door_plan::DoorPlan};
use crate::pulse::{Probe, Pulse, pulse};

/// Only the owner may connect; on systems that ignore a socket's mode the directory's counts.
const SOCKET_MODE: rustix::fs::RawMode = 0o600;
const LOCK_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
const ROOT: u32 = 0;
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// A rule's socket is for others: whoever reaches it may connect, and the rule decides.
const RULE_MODE: u32 = 0o666;
/// Where a rule is for a group, the system keeps others away already.
const RULE_MODE_OF_GROUP: u32 = 0o660;
/// A directory that is made for the socket of a rule: for all where the rule says who is meant, for a group where that
/// is meant, else for nobody before its owner says so.
const RULE_DIRECTORY_MODES: [u32; 3] = [0o755, 0o750, DIRECTORY_MODE];

/// A socket that clients can connect to.
#[derive(Debug)]
pub struct Listener {
    /// At least one.
    sockets: Vec<local::Listener>,
    /// Which of them is looked at first, so that none has to wait for the others to be quiet.
    first: usize,
    counters: Arc<Counters>,
    pulse: Pulse,
    probe: Probe,
    hold: Hold,
}

/// What keeps others away from the socket.
#[derive(Debug)]
pub(super) enum Hold {
    /// A socket of our own making.
    Own { place: Place },
    /// Inherited ones, which are not ours to unlink, with the locks beside them.
    Inherited { _locks: Vec<File> },
}

/// The socket's file, unlinked on drop if it is still the one that we made.
#[derive(Debug)]
pub(super) struct Place {
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
        prepare_directory(path)?;
        Self::bind_in_prepared(path)
    }

    /// Listens at the socket of an access rule: for whoever can reach it, or for `group`, where this process may give
    /// it to that. Its directory belongs to this user or to root, and nobody else can write it; it is made where only
    /// it is missing.
    ///
    /// Must be called within a tokio runtime.
    pub(super) fn bind_for_rule(plan: &DoorPlan) -> Result<Self, BindError> {
        let path = &*plan.path;
        prepare_rule_directory(plan)?;
        let listener = Self::bind_in_prepared(path)?;
        permit(path, plan.group)
            .map_err(|error| BindError::system("open the socket to others", path, error))?;
        Ok(listener)
    }

    fn bind_in_prepared(path: &Path) -> Result<Self, BindError> {
        let length = path.as_os_str().len();
        if length >= LONGEST_PATH {
            return Err(BindError::TooLong { path: path.to_owned(), length, most: LONGEST_PATH - 1 });
        }
        let lock = lock_beside(path)?;
        clear_stale(path)?;
        let socket = listen(path).map_err(|error| BindError::system("listen at the socket", path, error))?;
        let made = fs::symlink_metadata(path)
            .map_err(|error| BindError::system("find the socket just made", path, error))?;
        let place = Place { path: path.to_owned(), inode: inode(&made), _lock: lock };
        Ok(Self::over(vec![socket], Hold::Own { place }))
    }

    pub(super) fn over(sockets: Vec<local::Listener>, hold: Hold) -> Self {
        let (pulse, probe) = pulse();
        Self { sockets, first: 0, counters: Arc::default(), pulse, probe, hold }
    }

    /// Asks the server on this listener whether it still takes clients in.
    pub fn probe(&self) -> Probe {
        self.probe.clone()
    }

    /// What the server on this listener has done; stays readable while it runs.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// What tells whether the socket's file is still the one that was made.
    pub(super) fn inode(&self) -> Option<(u64, u64)> {
        match &self.hold {
            Hold::Own { place } => Some(place.inode),
            Hold::Inherited { .. } => None,
        }
    }

    /// The next client; who asks meanwhile learns that clients are taken in.
    pub(super) async fn accept(&mut self) -> io::Result<Stream> {
        self.first = self.first.wrapping_add(1) % self.sockets.len().max(1);
        let accepted = accept_any(&self.sockets, self.first);
        tokio::pin!(accepted);
        loop {
            tokio::select! {
                accepted = &mut accepted => return accepted,
                () = self.pulse.answer() => {}
            }
        }
    }
}

/// A client of any of them.
async fn accept_any(sockets: &[local::Listener], first: usize) -> io::Result<Stream> {
    if let [only] = sockets {
        return only.accept().await;
    }
    let in_turn = sockets.iter().cycle().skip(first).take(sockets.len());
    let mut accepts: Vec<_> = in_turn.map(|socket| Box::pin(socket.accept())).collect();
    poll_fn(|context| {
        let ready = accepts.iter_mut().find_map(|accept| match accept.as_mut().poll(context) {
            Poll::Ready(accepted) => Some(accepted),
            Poll::Pending => None,
        });
        ready.map_or(Poll::Pending, Poll::Ready)
    })
    .await
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

/// The file that is at `path` now, in the same form.
pub(super) fn inode_at(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().as_ref().map(inode)
}

/// Lets others connect to the socket of a rule. Where it cannot be given to the group it is for all: the rule itself
/// looks at the group.
pub(super) fn permit(path: &Path, group: Option<u32>) -> io::Result<()> {
    let given = group.is_some_and(|group| std::os::unix::fs::chown(path, None, Some(group)).is_ok());
    let mode = if given { RULE_MODE_OF_GROUP } else { RULE_MODE };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
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
    check_directory(directory, &[rustix::process::geteuid().as_raw()])
}

fn prepare_rule_directory(plan: &DoorPlan) -> Result<(), BindError> {
    let directory = plan.path.parent().unwrap_or(Path::new("/"));
    match DirBuilder::new().mode(DIRECTORY_MODE).create(directory) {
        Ok(()) => open_rule_directory(directory, plan)
            .map_err(|error| BindError::system("open the socket's directory to others", directory, error))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(BindError::system("create the socket's directory", directory, error)),
    }
    check_directory(directory, &[rustix::process::geteuid().as_raw(), ROOT])
}

fn open_rule_directory(directory: &Path, plan: &DoorPlan) -> io::Result<()> {
    let [of_all, of_group, closed] = RULE_DIRECTORY_MODES;
    let mode = match plan.group {
        Some(group) if std::os::unix::fs::chown(directory, None, Some(group)).is_ok() => of_group,
        Some(_) => of_all,
        None if plan.names_whom => of_all,
        None => closed,
    };
    // Not by the builder: what the umask says must not keep those away whom the rule is for.
    fs::set_permissions(directory, fs::Permissions::from_mode(mode))
}

/// Nobody but its owner, who is one of these, may put another socket in place of ours.
fn check_directory(directory: &Path, owners: &[u32]) -> Result<(), BindError> {
    let metadata = fs::metadata(directory)
        .map_err(|error| BindError::system("look at the socket's directory", directory, error))?;
    let ours = owners.contains(&metadata.uid());
    if ours && metadata.mode() & WRITABLE_BY_OTHERS == 0 {
        return Ok(());
    }
    Err(BindError::UnsafeDirectory {
        directory: directory.to_owned(),
        owner: metadata.uid(),
        mode: metadata.mode() & 0o7777,
    })
}

pub(super) fn lock_beside(path: &Path) -> Result<File, BindError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    // Nor is anything waited for that somebody put there, such as a pipe.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(LOCK_MODE)
        .custom_flags(flags)
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
