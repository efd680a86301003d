//! A console of Windows, which gives UTF-16.

use std::io;

use boxd_os::windows::console;
use zeroize::Zeroizing;

/// A console that shows nothing of what is typed, until this ends.
pub(super) struct Quiet {
    console: console::Quiet,
    /// The first half of a character.
    half: Option<u16>,
    /// Bytes of the last character that are still to be given, the next one last.
    rest: Zeroizing<Vec<u8>>,
}

impl Quiet {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { console: console::Quiet::new()?, half: None, rest: Zeroizing::new(Vec::with_capacity(4)) })
    }

    /// The next byte of what is typed, in UTF-8; `None` at the end.
    pub(super) fn byte(&mut self) -> io::Result<Option<u8>> {
        while self.rest.is_empty() {
            let Some(unit) = self.console.unit()? else { return Ok(None) };
            match char::decode_utf16(self.half.take().into_iter().chain([unit])).next() {
                Some(Ok(character)) => {
                    let mut bytes = Zeroizing::new([0; 4]);
                    self.rest.extend(character.encode_utf8(&mut *bytes).bytes().rev());
                }
                // Half a character; what does not go together with it is left out.
                _ => self.half = Some(unit),
            }
        }
        Ok(self.rest.pop())
    }
}
