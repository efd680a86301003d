//! Who is at the other end of a connection, by the kernel's word, and what it may do.

use std::{fmt, io};

use boxd_proto::{Code, Problem, Request};
use interprocess::local_socket::{tokio::Stream, traits::StreamCommon as _};

/// The process that opened a connection, as it was then (`SO_PEERCRED`, unix(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its effective user id, as this process's user namespace sees it.
    pub uid: u32,
    /// Its process id; `None` where the system does not tell (macOS), or where the process is in another
    /// process namespace.
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
    pub(super) fn of(stream: &Stream) -> io::Result<Self> {
        let credentials = stream.peer_creds()?;
        let uid = credentials.euid().ok_or(io::ErrorKind::Unsupported)?;
        let pid = credentials.pid().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0);
        Ok(Self { uid, pid })
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

// === impl Access ===

impl Access {
    /// This process's own user and root may do everything.
    pub(super) fn of_this_process() -> Self {
        Self { owner: rustix::process::geteuid().as_raw() }
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
