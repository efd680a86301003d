//! The console: input that is not shown, and Ctrl-C that is left to another program.

use std::{io, ptr, thread::sleep, time::Duration};

use windows_sys::Win32::{
    Foundation::{HANDLE, INVALID_HANDLE_VALUE},
    System::Console::{
        CTRL_BREAK_EVENT, CTRL_C_EVENT, ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT, ENABLE_PROCESSED_INPUT,
        GetConsoleMode, GetStdHandle, ReadConsoleW, STD_INPUT_HANDLE, SetConsoleCtrlHandler, SetConsoleMode,
    },
};

/// Windows waits no longer than 20 s for a handler (at shutdown).
const LONGER_THAN_LEFT: Duration = Duration::from_secs(30);

/// The console of stdin, which shows nothing of what is typed until this is dropped. Ctrl-C comes in as a character.
#[derive(Debug)]
pub struct Quiet {
    input: HANDLE,
    before: u32,
}

impl Quiet {
    /// # Errors
    /// Where stdin is no console.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointer is passed.
        let input = unsafe { GetStdHandle(STD_INPUT_HANDLE) };
        if input.is_null() || input == INVALID_HANDLE_VALUE {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let mut before = 0;
        // SAFETY: one `u32` is written; a handle that is no console's is an error.
        if unsafe { GetConsoleMode(input, &raw mut before) } == 0 {
            return Err(io::Error::last_os_error());
        }
        let quiet = before & !(ENABLE_ECHO_INPUT | ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT);
        // SAFETY: no pointer is passed.
        if unsafe { SetConsoleMode(input, quiet) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { input, before })
    }

    /// The next unit of UTF-16 that is typed; `None` at the end of input.
    pub fn unit(&self) -> io::Result<Option<u16>> {
        let (mut unit, mut read) = (0_u16, 0);
        // SAFETY: one unit is written at most, and one `u32`.
        let told = unsafe { ReadConsoleW(self.input, (&raw mut unit).cast(), 1, &raw mut read, ptr::null()) };
        if told == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((read == 1).then_some(unit))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // SAFETY: no pointer is passed. A console that has gone away needs no echo.
        unsafe { SetConsoleMode(self.input, self.before) };
    }
}

/// Leaves Ctrl-C and Ctrl-Break to the other programs of this console, for as long as this process lives. (To ignore them
/// would be inherited by those that it starts.) Where the console goes away this process stays as long as it may, about
/// five seconds, so that the others can end in order.
pub fn leave_interrupts() -> io::Result<()> {
    // SAFETY: the handler is a function that lives as long as the process, and touches nothing.
    match unsafe { SetConsoleCtrlHandler(Some(take), 1) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Takes the two interrupts, so that the system does not end this process. It runs in a thread of its own, and the other
/// events end the process when it returns.
unsafe extern "system" fn take(event: u32) -> i32 {
    let is_interrupt = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
    if !is_interrupt {
        sleep(LONGER_THAN_LEFT);
    }
    i32::from(is_interrupt)
}
