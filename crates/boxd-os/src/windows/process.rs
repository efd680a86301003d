//! Ends a process.

use std::{
    io,
    os::windows::io::{AsRawHandle as _, BorrowedHandle},
};

use windows_sys::Win32::System::Threading::TerminateProcess;

/// Ends it at once, with exit code 1, as the Task Manager does. It has no time to do anything.
pub fn end_process(process: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: the handle is open, and no pointer is passed.
    match unsafe { TerminateProcess(process.as_raw_handle(), 1) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
