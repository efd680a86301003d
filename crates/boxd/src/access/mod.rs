//! Who may do what: decided here alone, from facts that the kernel told, without a socket, a file or a clock.
//!
//! The owner (the daemon's own user, and root) may do everything at the daemon's own socket. Anybody else, and
//! anybody at all at a rule's own socket, may do what the `[[access]]` rules of the config let them: read tokens or
//! states of some accounts, or call Box's API with them.

mod facts;
mod need;
mod policy;
mod rule;
#[cfg(test)]
mod tests;
mod unit;

pub use facts::{Door, Facts};
pub use need::{Need, Right};
pub use policy::{Grant, Policy};
pub use rule::{Narrowing, Rights, Rule};
pub use unit::Unit;
