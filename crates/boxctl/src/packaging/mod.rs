//! What packages ship besides the programs: completions of shells, and man pages.

mod candidates;
mod examples;
pub(crate) mod man;
mod roff;
pub(crate) mod shell;
pub(crate) mod shells;
