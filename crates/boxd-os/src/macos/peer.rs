//! The process at the other end of a Unix socket (unix(4), `LOCAL_PEERPID`).

use std::{
    ffi::c_void,
    io,
    os::fd::{AsFd, AsRawFd as _},
};

/// The id of the process that connected, or that listens where we did.
pub fn process_id(socket: impl AsFd) -> io::Result<u32> {
    let mut pid: libc::pid_t = 0;
    let mut length = libc::socklen_t::try_from(size_of_val(&pid)).unwrap_or_default();
    let socket = socket.as_fd();
    // SAFETY: the descriptor is open for as long as it is borrowed, and no more than `length` bytes are written.
    let failed = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_LOCAL,
            libc::LOCAL_PEERPID,
            (&raw mut pid).cast::<c_void>(),
            &raw mut length,
        )
    };
    if failed != 0 {
        return Err(io::Error::last_os_error());
    }
    u32::try_from(pid).map_err(|_negative| io::ErrorKind::InvalidData.into())
}
