//! The port of a token endpoint, kept from others while the daemon that listens there is away.

use std::{
    io,
    net::{Ipv4Addr, SocketAddrV4},
    os::fd::OwnedFd,
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    net::{AddressFamily, SocketType, bind, socket, sockopt::set_socket_reuseport},
};

/// A socket that is bound there and does not listen.
///
/// Programs send their secrets of the endpoint to whoever listens. The kernel lets further sockets be bound to this port
/// only where they say `SO_REUSEPORT` and are of the same user (socket(7)), as the daemon's do.
#[derive(Debug)]
pub(super) struct Reservation(#[expect(dead_code, reason = "it is kept, not used")] OwnedFd);

impl Reservation {
    /// Keeps the port of this loopback address (`http://127.0.0.1:PORT/…`).
    ///
    /// # Errors
    ///
    /// Where the daemon is another user's: then nobody keeps it.
    pub(super) fn of(url: &str) -> io::Result<Self> {
        let port = port_of(url).ok_or(io::ErrorKind::InvalidInput)?;
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        // The program itself shall not keep it; it has not been started yet.
        fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
        set_socket_reuseport(&socket, true)?;
        bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
        Ok(Self(socket))
    }
}

fn port_of(url: &str) -> Option<u16> {
    let (port, _path) = url.strip_prefix("http://127.0.0.1:")?.split_once('/')?;
    port.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_port() {
        assert_eq!(port_of("http://127.0.0.1:4711/oauth2/token"), Some(4711));
        for other in ["http://127.0.0.1/oauth2/token", "http://10.0.0.1:4711/", "http://127.0.0.1:70000/"] {
            assert_eq!(port_of(other), None, "{other}");
        }
    }
}
