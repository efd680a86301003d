//! A terminal of Unix (termios(3)).

use std::io;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// A terminal that shows nothing of what is typed, until this ends.
pub(super) struct Quiet(Termios);

impl Quiet {
    pub(super) fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Drain, &quiet)?;
        Ok(Self(before))
    }

    /// The next byte that is typed; `None` at the end.
    #[expect(
        clippy::needless_pass_by_ref_mut,
        clippy::unused_self,
        reason = "a console of Windows keeps state"
    )]
    pub(super) fn byte(&mut self) -> io::Result<Option<u8>> {
        let mut byte = Zeroizing::new([0]);
        let read = rustix::io::read(io::stdin(), &mut *byte)?;
        let [typed] = *byte;
        Ok((read == 1).then_some(typed))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that has gone away needs no echo.
        tcsetattr(io::stdin(), OptionalActions::Drain, &self.0).unwrap_or_default();
    }
}
