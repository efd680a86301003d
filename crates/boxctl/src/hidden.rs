//! A secret typed on the terminal, without an echo.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;

use zeroize::Zeroizing;

use crate::output::{prompt, remark};

#[cfg(unix)]
use self::unix::Quiet;
#[cfg(windows)]
use self::windows::Quiet;

/// Longest secret that is read, in bytes; the rest of the line is left out.
const LONGEST: usize = 4096;

/// Asks, and reads one line of stdin, which is a terminal, without showing it.
///
/// # Errors
/// [`io::ErrorKind::Interrupted`] where the person pressed Ctrl-C.
pub(crate) fn read(question: &str) -> io::Result<Zeroizing<String>> {
    // First: what is typed or pasted right behind the question is not shown either.
    let mut terminal = Quiet::new()?;
    prompt(question);
    // Room for all of it at once: a buffer that grows leaves copies of the secret behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let read = type_into(&mut line, || terminal.byte());
    drop(terminal);
    // Where the echo of the line's end would have gone.
    remark("");
    read?;
    let text = std::str::from_utf8(&line).map_err(|_reason| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// Takes a line as a terminal would, with its keys for corrections.
fn type_into(line: &mut Vec<u8>, mut byte: impl FnMut() -> io::Result<Option<u8>>) -> io::Result<()> {
    while let Some(byte) = byte()? {
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
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> io::Result<String> {
        let mut line = Vec::new();
        let mut keys = keys.bytes();
        type_into(&mut line, || Ok(keys.next()))?;
        Ok(String::from_utf8(line).unwrap())
    }

    #[test]
    fn keys_correct_a_line_and_ctrl_c_gives_it_up() {
        assert_eq!(typed("sec\u{e9}\u{7f}\u{8}cret\rmore").unwrap(), "secret");
        assert_eq!(typed("wrong\u{15}right\n").unwrap(), "right");
        assert_eq!(typed("all").unwrap(), "all");
        assert_eq!(typed("half\u{3}").unwrap_err().kind(), io::ErrorKind::Interrupted);
    }
}
