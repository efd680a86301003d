//! The only module with unsafe code: what the system offers and no safe interface gives.

mod database;
mod locked_memory;
mod peer;
mod wiping_allocator;

pub(crate) use self::locked_memory::{LockedMemory, scrub_stack};
pub use self::wiping_allocator::WipingAllocator;

#[cfg(target_os = "linux")]
use std::io;
#[cfg(all(unix, not(target_vendor = "apple")))]
use std::os::fd::OwnedFd;

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

/// Takes a variable out of the environment, so that no program that boxd runs inherits it. It stays there where
/// another thread might be reading it.
#[cfg(unix)]
pub(crate) fn take_variable(name: &str) -> Option<std::ffi::OsString> {
    let value = std::env::var_os(name)?;
    if is_only_thread() {
        #[expect(unsafe_code, reason = "the environment is unprotected against other threads")]
        // SAFETY: there is none, as was just seen, and this one begins none here.
        unsafe {
            std::env::remove_var(name);
        }
    }
    Some(value)
}

#[cfg(unix)]
fn is_only_thread() -> bool {
    // Only Linux tells; elsewhere nobody passes such variables.
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}

/// Takes over `count` descriptors from `first` on, which somebody opened for this process before it began; they are
/// closed on exec from now on. Only the first call gets any.
#[cfg(all(unix, not(target_vendor = "apple")))]
pub(crate) fn take_descriptors(first: i32, count: i32) -> std::io::Result<Vec<OwnedFd>> {
    use std::{
        os::fd::{BorrowedFd, FromRawFd as _},
        sync::atomic::{AtomicBool, Ordering},
    };

    use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

    static TAKEN: AtomicBool = AtomicBool::new(false);
    if count <= 0 || TAKEN.swap(true, Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    let numbers = first..first.saturating_add(count);
    for number in numbers.clone() {
        #[expect(unsafe_code, reason = "a number is all that there is of an inherited descriptor")]
        // SAFETY: the number is not -1, and whether it is open is just what is asked here; nothing is closed.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        fcntl_setfd(descriptor, fcntl_getfd(descriptor)? | FdFlags::CLOEXEC)?;
    }
    let owned = numbers.map(|number| {
        #[expect(unsafe_code, reason = "only the environment says that these descriptors are ours")]
        // SAFETY: it is open, as was just seen, it was passed to this process alone (LISTEN_PID) before it opened
        // anything itself, and it is taken once.
        unsafe {
            OwnedFd::from_raw_fd(number)
        }
    });
    Ok(owned.collect())
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
