//! What boxd tells systemd, and takes from it. Without systemd nothing here does anything.

mod activation;
mod notice;
mod summary;
#[cfg(unix)]
mod watchdog;

pub use activation::ActivationError;
pub(crate) use activation::inherited_socket;
pub(crate) use notice::{ready, reloading, stopping};
pub(crate) use summary::tell_summaries;
#[cfg(unix)]
pub(crate) use watchdog::keep_telling;
