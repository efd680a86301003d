//! A Unix socket.

use std::{
    io::{self, Read as _, Write as _},
    os::fd::AsFd as _,
    path::Path,
    time::Duration,
};

use interprocess::{
    ConnectWaitMode, TryClone as _,
    local_socket::{ConnectOptions, GenericFilePath, Stream, ToFsName as _, prelude::*},
};

use super::Server;
use crate::identity;

/// A connection to whoever listens at a path.
#[derive(Debug)]
pub(crate) struct Connection(Stream);

impl Connection {
    /// One attempt.
    pub(crate) fn to(socket: &Path, within: Duration) -> io::Result<(Self, Server)> {
        let stream = ConnectOptions::new()
            .name(socket.to_fs_name::<GenericFilePath>()?)
            .wait_mode(ConnectWaitMode::Timeout(within))
            .connect_sync()?;
        let server = match stream.peer_creds()?.euid() {
            Some(uid) if identity::is_trusted(uid, socket) => Server::Trusted,
            uid => Server::Stranger(uid),
        };
        Ok((Self(stream), server))
    }

    /// Reads once; 0 at the end.
    pub(crate) fn read(&self, into: &mut [u8], within: Duration) -> io::Result<usize> {
        self.0.set_recv_timeout(Some(within))?;
        (&self.0).read(into)
    }

    /// Writes once; `None` waits for ever.
    pub(crate) fn write(&self, bytes: &[u8], within: Option<Duration>) -> io::Result<usize> {
        self.0.set_send_timeout(within)?;
        (&self.0).write(bytes)
    }

    /// Another handle of the same connection.
    pub(crate) fn another(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Ends the connection in both directions, also for its other handles.
    pub(crate) fn cut(&self) {
        let Stream::UdSocket(socket) = &self.0;
        // One that has ended by itself needs no cut.
        rustix::net::shutdown(socket.as_fd(), rustix::net::Shutdown::Both).unwrap_or_default();
    }
}
