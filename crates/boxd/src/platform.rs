//! The only module with unsafe code: what the system offers and no safe interface gives.

mod locked_memory;
mod wiping_allocator;

pub(crate) use self::locked_memory::{LockedMemory, scrub_stack};
pub use self::wiping_allocator::WipingAllocator;

#[cfg(unix)]
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

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

/// The descriptors that the service manager handed over (`sd_listen_fds(3)`), closed on exec; none where it did not
/// start this very process, and none when asked again.
#[cfg(unix)]
pub(crate) fn inherited_descriptors() -> io::Result<Vec<OwnedFd>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let descriptors = sd_notify::listen_fds()?;
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    Ok(descriptors
        .map(|descriptor| {
            #[expect(unsafe_code, reason = "only the environment says that these descriptors are ours")]
            // SAFETY: they were open when this process began (marking them close-on-exec succeeded), they were passed
            // to it alone (LISTEN_PID), nothing in it opened them, and they are taken at most once.
            unsafe {
                OwnedFd::from_raw_fd(descriptor)
            }
        })
        .collect())
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
