//! Who is at the other end of a connection, by the kernel's word, and what it may do.

use std::{fmt, io};

#[cfg(windows)]
use boxd_os::windows::Sid;
use boxd_proto::{Code, Problem, Request};
use interprocess::local_socket::{tokio::Stream, traits::StreamCommon as _};

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

/// Who may do what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    owner: u32,
}

/// Root, who can read this process's memory anyway.
const ROOT: u32 = 0;

// === impl Peer ===

impl Peer {
    /// The process at the other end of `stream`.
    #[cfg(unix)]
    pub(super) fn of(stream: &Stream) -> io::Result<Self> {
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
    pub(super) fn of(stream: &Stream) -> io::Result<Self> {
        let pid = stream.peer_creds()?.pid().ok_or(io::ErrorKind::Unsupported)?;
        let sid = Sid::of_process(pid)?;
        if sid.is_system() || sid == Sid::of_this_process()? {
            return Ok(Self { uid: number(&sid), pid: Some(pid) });
        }
        Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("process {pid} is run by {sid}")))
    }
}

/// Who runs this process, by the number that peers are known by.
#[cfg(unix)]
fn own_number() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(windows)]
fn own_number() -> u32 {
    Sid::of_this_process().map_or(ROOT, |sid| number(&sid))
}

#[cfg(windows)]
fn number(sid: &Sid) -> u32 {
    if sid.is_system() { ROOT } else { sid.number() }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "uid {} pid {pid}", self.uid),
            None => write!(f, "uid {}", self.uid),
        }
    }
}

// === impl Access ===

impl Access {
    /// This process's own user and root may do everything.
    pub(super) fn of_this_process() -> Self {
        Self { owner: own_number() }
    }

    #[cfg(test)]
    pub(super) fn of(owner: u32) -> Self {
        Self { owner }
    }

    /// Whether `peer` may make this request: the one place that decides.
    pub(super) fn authorize(self, peer: &Peer, _request: &Request) -> Result<(), Problem> {
        if peer.uid == self.owner || peer.uid == ROOT {
            return Ok(());
        }
        Err(Problem {
            code: Code::Denied,
            detail: format!("uid {} may not use this daemon, which belongs to uid {}", peer.uid, self.owner),
            account: None,
            next_step: "ask as the daemon's own user, or run a boxd of your own".into(),
            retry_after_seconds: None,
        })
    }
}
