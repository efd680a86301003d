//! Processes of others: awaits their end, or makes it.

use std::{
    io,
    os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle},
    time::Duration,
};

use windows_sys::Win32::{
    Foundation::{WAIT_OBJECT_0, WAIT_TIMEOUT},
    System::Threading::{INFINITE, OpenProcess, PROCESS_SYNCHRONIZE, TerminateProcess, WaitForSingleObject},
};

/// A process that can be waited for. While it is held no other one gets its number.
#[derive(Debug)]
pub struct Process(OwnedHandle);

impl Process {
    /// The process of this number.
    pub fn of(pid: u32) -> io::Result<Self> {
        // SAFETY: no pointer is passed.
        let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, pid) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it is a handle that was just made, and nobody else's.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    /// Whether it ends within this time.
    pub fn ends_within(&self, time: Duration) -> io::Result<bool> {
        let millis = u32::try_from(time.as_millis()).unwrap_or(INFINITE - 1).min(INFINITE - 1);
        // SAFETY: the handle is open, and no pointer is passed.
        match unsafe { WaitForSingleObject(self.0.as_raw_handle(), millis) } {
            WAIT_OBJECT_0 => Ok(true),
            WAIT_TIMEOUT => Ok(false),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Ends it at once, with exit code 1, as the Task Manager does. It has no time to do anything.
pub fn end_process(process: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: the handle is open, and no pointer is passed.
    match unsafe { TerminateProcess(process.as_raw_handle(), 1) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::windows::io::AsHandle as _;

    use super::*;

    #[test]
    fn an_end_is_awaited() {
        let mut child =
            std::process::Command::new("cmd").arg("/k").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let process = Process::of(child.id()).unwrap();
        assert!(!process.ends_within(Duration::ZERO).unwrap());
        end_process(child.as_handle()).unwrap();
        assert!(process.ends_within(Duration::from_secs(20)).unwrap());
        assert_eq!(child.wait().unwrap().code(), Some(1));
        assert!(Process::of(0).is_err());
    }
}
