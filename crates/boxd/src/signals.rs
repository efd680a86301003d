//! Turns what the system tells a process into what the daemon should do.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::Wishes;
#[cfg(windows)]
pub use windows::Wishes;

/// What the system asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// SIGTERM or the first SIGINT; on Windows the first Ctrl-C, the console's end, log-off and shutdown: finish what is in flight,
    /// then end.
    Stop,
    /// SIGHUP: read the configuration anew. Windows has no such thing; `boxctl reload` does it everywhere.
    Reload,
}
