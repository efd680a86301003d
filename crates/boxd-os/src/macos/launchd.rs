//! The sockets that launchd listens on for a job (launchd.plist(5), `Sockets`).

use std::{
    ffi::{CString, c_char, c_int, c_void},
    io,
    os::fd::{FromRawFd as _, OwnedFd},
    ptr, slice,
};

unsafe extern "C" {
    /// `<launch.h>`, in libSystem since macOS 10.10.
    fn launch_activate_socket(name: *const c_char, fds: *mut *mut c_int, count: *mut usize) -> c_int;
}

/// Why launchd hands no socket over.
#[derive(Debug)]
pub enum NotActivated {
    /// launchd did not start this process (`ESRCH`), or its job names no such socket (`ENOENT`).
    NotAsked,
    /// They were taken already (`EALREADY`), or something else is wrong.
    Failed(io::Error),
}

/// Takes over the sockets that the job's plist has under this name. They can be taken once.
pub fn sockets(name: &str) -> Result<Vec<OwnedFd>, NotActivated> {
    let name = CString::new(name).map_err(|error| NotActivated::Failed(error.into()))?;
    let (mut fds, mut count) = (ptr::null_mut::<c_int>(), 0);
    // SAFETY: the name ends with NUL, and both results are written to places of the right type.
    let error = unsafe { launch_activate_socket(name.as_ptr(), &raw mut fds, &raw mut count) };
    match error {
        0 => {}
        libc::ESRCH | libc::ENOENT => return Err(NotActivated::NotAsked),
        error => return Err(NotActivated::Failed(io::Error::from_raw_os_error(error))),
    }
    if fds.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: on success it is an array of so many descriptors, which belong to the caller from now on.
    let sockets = unsafe { slice::from_raw_parts(fds, count) }
        .iter()
        // SAFETY: as above; each is taken once.
        .map(|fd| unsafe { OwnedFd::from_raw_fd(*fd) })
        .collect();
    // SAFETY: the array itself is the caller's to free, and is not used any more.
    unsafe { libc::free(fds.cast::<c_void>()) };
    Ok(sockets)
}
