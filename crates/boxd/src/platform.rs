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
