//! The only module with unsafe code: what the system offers and no safe interface gives.

mod database;
mod peer;

#[cfg(target_os = "linux")]
use std::{io, os::fd::OwnedFd};

pub(crate) use database::{Lookup, group_id, user_id};
pub(crate) use peer::{groups, process, unit};

/// Registers a descriptor with the runtime's poller, for reading.
#[cfg(target_os = "linux")]
pub(crate) fn watch_readable(fd: OwnedFd) -> io::Result<tokio::io::unix::AsyncFd<OwnedFd>> {
    #[expect(
        unsafe_code,
        reason = "tokio asks for a promise that the type system cannot give for every AsRawFd"
    )]
    // SAFETY: `OwnedFd` owns a valid descriptor, and nothing can replace or close it while it is in the `AsyncFd`.
    let watched =
        unsafe { tokio::io::unix::AsyncFd::register_with_interest(fd, tokio::io::Interest::READABLE) };
    Ok(watched?)
}
