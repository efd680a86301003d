//! The bytes between a program and the daemon, on each system.

#[cfg(windows)]
mod pipe;
#[cfg(unix)]
mod socket;

#[cfg(windows)]
pub(crate) use pipe::Connection;
#[cfg(unix)]
pub(crate) use socket::Connection;

/// Who serves at the other end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Server {
    /// It may be told a secret.
    Trusted,
    /// Somebody else, by number where the system tells.
    Stranger(Option<u32>),
}
