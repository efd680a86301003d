//! Who is at the other end of a connection, by the kernel's word.

use std::{
    fmt, io,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

#[cfg(windows)]
use boxd_os::windows::Sid;
use interprocess::local_socket::{tokio::Stream, traits::StreamCommon as _};

use crate::{
    access::{Door, Facts},
    platform,
};

/// The process that opened a connection, as it was then (`SO_PEERCRED`, unix(7)).
///
/// On Windows only this process's own user and the system come this far; they are told apart by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its effective user id, as this process's user namespace sees it. On Windows the last part of its SID; 0 for the
    /// system.
    pub uid: u32,
    /// Its process id; `None` where the process is in another process namespace.
    pub pid: Option<u32>,
}

/// A peer with what decides about its rights, and what the audit log tells of it.
#[derive(Debug)]
pub struct Caller {
    /// Who it is.
    pub peer: Peer,
    /// What its rights depend on, as it was when it connected.
    pub facts: Facts,
    evidence: OnceLock<Evidence>,
    speaks_http: AtomicBool,
}

/// What the audit log tells of a peer, besides what decides.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// When the process was started, in clock ticks since boot.
    pub started: Option<u64>,
    /// Its executable.
    pub program: Option<String>,
    /// Its systemd unit.
    pub unit: Option<String>,
}

// === impl Peer ===

impl Peer {
    /// The process at the other end of `stream`.
    #[cfg(unix)]
    pub(crate) fn of(stream: &Stream) -> io::Result<Self> {
        let credentials = stream.peer_creds()?;
        let uid = credentials.euid().ok_or(io::ErrorKind::Unsupported)?;
        #[cfg(not(target_os = "macos"))]
        let pid = credentials.pid().and_then(|pid| u32::try_from(pid).ok());
        #[cfg(target_os = "macos")]
        let pid = {
            let Stream::UdSocket(socket) = stream;
            boxd_os::macos::process_id(socket).ok()
        };
        Ok(Self { uid, pid: pid.filter(|pid| *pid != 0) })
    }

    /// The process at the other end of `stream`. The pipe's access list lets nobody else in; that is not relied on alone.
    #[cfg(windows)]
    pub(crate) fn of(stream: &Stream) -> io::Result<Self> {
        let pid = stream.peer_creds()?.pid().ok_or(io::ErrorKind::Unsupported)?;
        let sid = Sid::of_process(pid)?;
        if sid.is_system() || sid == Sid::of_this_process()? {
            return Ok(Self { uid: number(&sid), pid: Some(pid) });
        }
        Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("process {pid} is run by {sid}")))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "uid {} pid {pid}", self.uid),
            None => write!(f, "uid {}", self.uid),
        }
    }
}

// === impl Caller ===

impl Caller {
    /// The process at the other end of `stream`, which came by `door` to a daemon of the user `owner`.
    pub(crate) fn of(stream: &Stream, door: Door, owner: u32) -> io::Result<Self> {
        let peer = Peer::of(stream)?;
        let mut facts = Facts { uid: peer.uid, groups: None, unit: None, door };
        // The owner needs no rule: the path of nearly all clients costs no more than it has to.
        if facts.door != Door::Main || peer.uid != owner {
            facts.groups = platform::groups(stream);
            facts.unit = peer.pid.and_then(|pid| platform::unit(stream, pid));
        }
        Ok(Self::known(peer, facts))
    }

    /// A peer of which all this is known.
    pub fn known(peer: Peer, facts: Facts) -> Self {
        Self { peer, facts, evidence: OnceLock::new(), speaks_http: AtomicBool::new(false) }
    }

    /// What is found out of its process when that matters for the first time.
    pub fn evidence(&self) -> &Evidence {
        self.evidence.get_or_init(|| {
            let Some(pid) = self.peer.pid else { return Evidence::default() };
            let process = platform::process(pid);
            let unit = self.facts.unit.clone().or(process.unit).map(|unit| unit.name().to_owned());
            Evidence { started: process.started, program: process.program, unit }
        })
    }

    /// It speaks HTTP, not the native protocol.
    pub(crate) fn found_to_speak_http(&self) {
        self.speaks_http.store(true, Ordering::Relaxed);
    }

    /// Whether it speaks HTTP.
    pub fn speaks_http(&self) -> bool {
        self.speaks_http.load(Ordering::Relaxed)
    }
}

/// The user that this daemon belongs to, by the number that peers are known by.
#[cfg(unix)]
pub fn owner() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The user that this daemon belongs to, by the number that peers are known by.
#[cfg(windows)]
pub fn owner() -> u32 {
    Sid::of_this_process().map_or(SYSTEM, |sid| number(&sid))
}

/// Windows' own user, as root is elsewhere.
#[cfg(windows)]
const SYSTEM: u32 = 0;

#[cfg(windows)]
fn number(sid: &Sid) -> u32 {
    if sid.is_system() { SYSTEM } else { sid.number() }
}
