//! A secret typed on the terminal, without an echo.

use std::io;

use zeroize::Zeroizing;

#[cfg(unix)]
use crate::output::{prompt, remark};

/// Longest secret that is read, in bytes; the rest of the line is left out.
#[cfg(unix)]
const LONGEST: usize = 4096;

/// Asks, and reads one line of stdin, which is a terminal, without showing it.
///
/// # Errors
/// [`io::ErrorKind::Interrupted`] where the person pressed Ctrl-C.
#[cfg(unix)]
pub(crate) fn read(question: &str) -> io::Result<Zeroizing<String>> {
    // First: what is typed or pasted right behind the question is not shown either.
    let _quiet = Quiet::new()?;
    prompt(question);
    // Room for all of it at once: a buffer that grows leaves copies of the secret behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut bytes = Zeroizing::new([0]);
    while rustix::io::read(io::stdin(), &mut *bytes)? == 1 {
        let [byte] = *bytes;
        match byte {
            // Ctrl-C; the terminal sends no signal now, as nobody would turn the echo on again.
            0x03 => return Err(io::ErrorKind::Interrupted.into()),
            // The last is Ctrl-D.
            b'\r' | b'\n' | 0x04 => break,
            // Backspace: a whole character.
            0x08 | 0x7f => while line.pop().is_some_and(|gone: u8| gone & 0xC0 == 0x80) {},
            // Ctrl-U.
            0x15 => line.clear(),
            byte if line.len() < LONGEST => line.push(byte),
            _ => {}
        }
    }
    let text = std::str::from_utf8(&line).map_err(|_reason| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// There is no way to turn the echo off here without unsafe code.
#[cfg(not(unix))]
pub(crate) fn read(_question: &str) -> io::Result<Zeroizing<String>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A terminal that shows nothing of what is typed, until this ends.
#[cfg(unix)]
struct Quiet(rustix::termios::Termios);

#[cfg(unix)]
impl Quiet {
    fn new() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Drain, &quiet)?;
        Ok(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // A terminal that has gone away needs no echo.
        tcsetattr(io::stdin(), OptionalActions::Drain, &self.0).unwrap_or_default();
        remark("");
    }
}
