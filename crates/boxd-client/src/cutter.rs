//! Ends a connection from another thread, so that whoever reads from it wakes up.

use std::io;

use interprocess::local_socket::Stream;

/// A second handle of a connection.
#[derive(Debug)]
pub(crate) struct Cutter {
    #[cfg(unix)]
    socket: std::os::fd::OwnedFd,
}

impl Cutter {
    #[cfg(unix)]
    pub(crate) fn of(stream: &Stream) -> io::Result<Self> {
        use std::os::fd::AsFd as _;
        let Stream::UdSocket(socket) = stream;
        Ok(Self { socket: socket.as_fd().try_clone_to_owned()? })
    }

    /// A read ends with the connection.
    #[cfg(unix)]
    pub(crate) fn cut(&self) {
        // One that has ended by itself needs no cut.
        rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both).unwrap_or_default();
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_stream: &Stream) -> io::Result<Self> {
        Ok(Self {})
    }

    /// Nothing ends a read from outside here: it wakes with the next heartbeat.
    #[cfg(not(unix))]
    pub(crate) fn cut(&self) {}
}
