//! What stands for signals on Windows: Ctrl-C, which reaches every program of the console by itself.

use std::{io, sync::mpsc::Sender};

use super::super::Wake;

/// Nothing: there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {}

/// Leaves Ctrl-C to the program. Nothing is ever told to `_wakes`.
pub(crate) fn catch(_wakes: Sender<Wake>) -> io::Result<()> {
    boxd_os::windows::console::leave_interrupts()
}

/// Refuses every name.
pub(crate) fn parse(_text: &str) -> Result<Signal, String> {
    Err("Windows has no signals; use --restart, or have the program ask `boxctl token`".into())
}
