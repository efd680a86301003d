//! Sockets that another process made and listens on, such as a service manager: served, locked, never unlinked.

use std::{fs::File, os::fd::OwnedFd};

use interprocess::{local_socket::tokio as local, os::unix::uds_local_socket};
use rustix::net::{AddressFamily, SocketType, getsockname, sockopt};

use super::{
    bind_error::BindError,
    listener::{Hold, Listener, lock_beside},
};
use crate::service_manager::path_of;

impl Listener {
    /// Takes over sockets that another process made and listens on; at least one. A lock is taken beside each, as beside
    /// a socket of our own, so that no other boxd serves there.
    ///
    /// Must be called within a tokio runtime.
    pub fn inherited(fds: impl IntoIterator<Item = OwnedFd>) -> Result<Self, BindError> {
        let fds: Vec<OwnedFd> = fds.into_iter().collect();
        let locks = fds.iter().filter_map(lock_of).collect::<Result<_, _>>()?;
        Self::without_locks(fds, Hold::Inherited { _locks: locks })
    }

    /// The same for one who serves nobody.
    pub(super) fn unlocked(fds: Vec<OwnedFd>) -> Result<Self, BindError> {
        Self::without_locks(fds, Hold::Inherited { _locks: Vec::new() })
    }

    fn without_locks(fds: Vec<OwnedFd>, hold: Hold) -> Result<Self, BindError> {
        if fds.is_empty() {
            return Err(BindError::NotListening);
        }
        let sockets = fds.into_iter().map(listening).collect::<Result<_, _>>()?;
        Ok(Self::over(sockets, hold))
    }
}

fn listening(fd: OwnedFd) -> Result<local::Listener, BindError> {
    let is_unix = getsockname(&fd).is_ok_and(|address| address.address_family() == AddressFamily::UNIX);
    if !is_unix || !is_stream_that_listens(&fd).map_err(|error| BindError::Inherited(error.into()))? {
        return Err(BindError::NotListening);
    }
    let socket = uds_local_socket::tokio::Listener::try_from(fd).map_err(BindError::Inherited)?;
    Ok(socket.into())
}

fn is_stream_that_listens(fd: &OwnedFd) -> rustix::io::Result<bool> {
    let is_stream = sockopt::socket_type(fd)? == SocketType::STREAM;
    // Apple's systems do not tell whether it listens.
    #[cfg(not(target_vendor = "apple"))]
    let is_stream = is_stream && sockopt::socket_acceptconn(fd)?;
    Ok(is_stream)
}

/// The lock beside a socket, if there is a place for one. Where there is none (an abstract name, a directory of
/// somebody else), the one on the state directory must do: who made the socket answers for where it is.
fn lock_of(fd: &OwnedFd) -> Option<Result<File, BindError>> {
    let path = path_of(fd)?;
    match lock_beside(&path) {
        Ok(lock) => Some(Ok(lock)),
        Err(error) if error.is_already_running() => Some(Err(error)),
        Err(error) => {
            tracing::debug!(%error, "no lock beside the inherited socket");
            None
        }
    }
}
