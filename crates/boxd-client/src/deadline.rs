//! When a call must be over; the only place of this crate that reads a clock.

use std::{
    io,
    time::{Duration, Instant},
};

/// Longest time that is counted: beyond it a clock could overflow.
const LONGEST: Duration = Duration::from_hours(24 * 366);
/// A socket's timeout of 0 would mean none at all.
const SHORTEST: Duration = Duration::from_millis(1);

/// Time to connect, and for what the daemon answers from memory: it is never slow at that.
pub(crate) const LOCAL: Duration = Duration::from_secs(5);
/// Import and logout talk to Box, with deadlines of the daemon's own.
pub(crate) const WITH_BOX: Duration = Duration::from_mins(4);

/// An instant after which nothing is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// `time` from now.
    pub(crate) fn after(time: Duration) -> Self {
        Self(now() + time.min(LONGEST))
    }

    /// What is left, never zero.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] where nothing is.
    pub(crate) fn left(self) -> io::Result<Duration> {
        match self.0.saturating_duration_since(now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left.max(SHORTEST)),
        }
    }

    /// Whether nothing is left.
    pub(crate) fn is_over(self) -> bool {
        self.left().is_err()
    }
}

#[expect(clippy::disallowed_methods, reason = "blocking I/O is bounded by the real clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
