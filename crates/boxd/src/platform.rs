//! The only module with unsafe code: what the system offers and no safe interface gives.

#[cfg(target_os = "linux")]
use std::{io, os::fd::OwnedFd};

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

/// Marks what this process has inherited beyond its three standard streams as closed on exec(2): a program that boxd
/// runs gets nothing of it, whoever started boxd. Call it before there is another thread.
#[cfg(unix)]
pub(crate) fn keep_descriptors_from_children() {
    // Where there is no such directory, or no right to see it, what boxd opens itself is still marked.
    let Ok(open) = std::fs::read_dir("/dev/fd") else { return };
    for number in open.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        if number > 2 {
            close_on_exec(number);
        }
    }
}

#[cfg(unix)]
fn close_on_exec(number: std::os::fd::RawFd) {
    #[expect(unsafe_code, reason = "the number of an inherited descriptor is all that there is of it")]
    // SAFETY: the number was read from the list of open descriptors, and no other thread is there to close it; the only
    // one that may be gone is that of the list itself, and nothing has been opened since that could have its number.
    let descriptor = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
    if let Ok(flags) = rustix::io::fcntl_getfd(descriptor) {
        // It stays as it is where even this fails.
        rustix::io::fcntl_setfd(descriptor, flags | rustix::io::FdFlags::CLOEXEC).ok();
    }
}
