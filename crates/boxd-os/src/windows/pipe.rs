//! The client's end of a named pipe, each read and write with a deadline.

use std::{
    fs::OpenOptions,
    io,
    os::windows::{
        fs::OpenOptionsExt as _,
        io::{AsRawHandle as _, OwnedHandle},
    },
    path::Path,
    ptr,
    sync::Arc,
    time::{Duration, Instant},
};

use windows_sys::Win32::{
    Foundation::{
        ERROR_BROKEN_PIPE, ERROR_IO_PENDING, ERROR_PIPE_BUSY, ERROR_PIPE_NOT_CONNECTED, HANDLE,
        WAIT_OBJECT_0, WAIT_TIMEOUT,
    },
    Storage::FileSystem::{FILE_FLAG_OVERLAPPED, ReadFile, SECURITY_IDENTIFICATION, WriteFile},
    System::{
        IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED},
        Pipes::{GetNamedPipeServerProcessId, WaitNamedPipeW},
        Threading::{INFINITE, WaitForMultipleObjects},
    },
};

use super::{event::Event, text::wide};

/// A connection to a server. Clones are the same connection; reading and writing can go on at the same time.
#[derive(Clone, Debug)]
pub struct Connection(Arc<Ends>);

#[derive(Debug)]
struct Ends {
    pipe: OwnedHandle,
    /// Set where the connection is to end from outside.
    cut: Event,
}

impl Connection {
    /// Connects to the server of `path`, waiting at most `within` for it to take another client. The server learns who
    /// we are, but cannot act in our name (`SECURITY_IDENTIFICATION`).
    #[expect(clippy::disallowed_methods, reason = "a deadline of this call alone")]
    pub fn to(path: &Path, within: Duration) -> io::Result<Self> {
        let end = Instant::now() + within;
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(FILE_FLAG_OVERLAPPED);
        options.security_qos_flags(SECURITY_IDENTIFICATION);
        loop {
            match options.open(path) {
                Ok(pipe) => return Ok(Self(Arc::new(Ends { pipe: pipe.into(), cut: Event::new()? }))),
                Err(error) if is(&error, ERROR_PIPE_BUSY) => {}
                Err(error) => return Err(error),
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let name = wide(path);
            // SAFETY: the name ends with NUL. Whatever comes of it, the next attempt tells.
            unsafe { WaitNamedPipeW(name.as_ptr(), millis(left).max(1)) };
        }
    }

    /// The process that serves there.
    pub fn server_process(&self) -> io::Result<u32> {
        let mut pid = 0;
        // SAFETY: the handle is open, and one `u32` is written.
        match unsafe { GetNamedPipeServerProcessId(self.0.pipe.as_raw_handle(), &raw mut pid) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(pid),
        }
    }

    /// Reads once; 0 at the end. `None` waits for ever.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] after the time; then nothing was taken.
    pub fn read(&self, into: &mut [u8], within: Option<Duration>) -> io::Result<usize> {
        let room = u32::try_from(into.len()).unwrap_or(u32::MAX);
        let read = self.transfer(within, |pipe, operation| {
            // SAFETY: the buffer is borrowed until `transfer` returns, and then the operation is over.
            unsafe { ReadFile(pipe, into.as_mut_ptr(), room, ptr::null_mut(), operation) }
        });
        match read {
            Err(error) if is(&error, ERROR_BROKEN_PIPE) || is(&error, ERROR_PIPE_NOT_CONNECTED) => Ok(0),
            read => read,
        }
    }

    /// Writes once.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] after the time; then nobody knows how much of it was written.
    pub fn write(&self, bytes: &[u8], within: Option<Duration>) -> io::Result<usize> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.transfer(within, |pipe, operation| {
            // SAFETY: the buffer is borrowed until `transfer` returns, and then the operation is over.
            unsafe { WriteFile(pipe, bytes.as_ptr(), length, ptr::null_mut(), operation) }
        })
    }

    /// Ends what is waited for in another thread, and everything after it.
    pub fn cut(&self) {
        self.0.cut.set();
    }

    /// Starts an operation, and returns once it is over.
    fn transfer(
        &self,
        within: Option<Duration>,
        start: impl FnOnce(HANDLE, *mut OVERLAPPED) -> i32,
    ) -> io::Result<usize> {
        let pipe = self.0.pipe.as_raw_handle();
        let done = Event::new()?;
        let mut operation = OVERLAPPED { hEvent: done.handle(), ..OVERLAPPED::default() };
        let operation: *mut OVERLAPPED = &raw mut operation;
        if start(pipe, operation) == 0 {
            let error = io::Error::last_os_error();
            if !is(&error, ERROR_IO_PENDING) {
                return Err(error);
            }
        }
        let ends = [done.handle(), self.0.cut.handle()];
        let time = within.map_or(INFINITE, millis);
        // SAFETY: both handles are open.
        let reason = match unsafe { WaitForMultipleObjects(2, ends.as_ptr(), 0, time) } {
            WAIT_OBJECT_0 => None,
            WAIT_TIMEOUT => Some(io::ErrorKind::TimedOut.into()),
            reason if reason == WAIT_OBJECT_0 + 1 => Some(io::ErrorKind::ConnectionAborted.into()),
            _ => Some(io::Error::last_os_error()),
        };
        if reason.is_some() {
            // SAFETY: pipe and operation are still there. One that has just ended cannot be cancelled.
            unsafe { CancelIoEx(pipe, operation) };
        }
        let mut length = 0;
        // SAFETY: it waits for the end of the operation: from here on the system writes neither to it nor to the buffer.
        let over = unsafe { GetOverlappedResult(pipe, operation, &raw mut length, 1) };
        if over != 0 {
            return usize::try_from(length).map_err(|_large| io::ErrorKind::InvalidData.into());
        }
        Err(reason.unwrap_or_else(io::Error::last_os_error))
    }
}

fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code.cast_signed())
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(INFINITE - 1).min(INFINITE - 1)
}
