//! Pauses between attempts to reach a daemon that has gone away.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// The next pause.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// The daemon is there again.
    pub(crate) fn reset(&mut self) {
        self.0 = FIRST;
    }

    /// Waits, the next time for twice as long.
    pub(crate) fn pause(&mut self) {
        std::thread::sleep(self.0);
        self.0 = (self.0 * 2).min(LONGEST);
    }
}
