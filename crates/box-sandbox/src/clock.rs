//! The sandbox's clock: the system's, moved at will. The one place that reads the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// The last second of the year 9999: what an HTTP date can hold.
const LAST: i64 = 253_402_300_799;

/// Unix seconds, shifted by an offset or stopped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    offset: i64,
    stopped_at: Option<i64>,
}

/// What `GET /_sandbox/clock` shows.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Reading {
    /// Unix seconds.
    pub now: i64,
    /// Seconds ahead of the system's clock.
    pub offset: i64,
    /// It does not run.
    pub frozen: bool,
}

impl Clock {
    /// Unix seconds, from 0 to the end of the year 9999.
    pub fn now(self) -> i64 {
        self.stopped_at.unwrap_or_else(|| system().saturating_add(self.offset)).clamp(0, LAST)
    }

    /// Moves the clock by `seconds`, back too.
    pub fn advance(&mut self, seconds: i64) {
        self.set(self.now().saturating_add(seconds));
    }

    /// Sets the clock to Unix seconds.
    pub fn set(&mut self, now: i64) {
        let now = now.clamp(0, LAST);
        self.offset = now.saturating_sub(system());
        self.stopped_at = self.stopped_at.map(|_| now);
    }

    /// Stops the clock, or lets it run on from where it stands.
    pub fn freeze(&mut self, frozen: bool) {
        let now = self.now();
        self.stopped_at = frozen.then_some(now);
        self.set(now);
    }

    /// All of it.
    pub fn read(self) -> Reading {
        let now = self.now();
        Reading { now, offset: now.saturating_sub(system()), frozen: self.stopped_at.is_some() }
    }

    /// The `Date` header (RFC 9110, section 5.6.7).
    pub fn http_date(self) -> String {
        let since_epoch = Duration::from_secs(self.now().unsigned_abs());
        httpdate::fmt_http_date(UNIX_EPOCH.checked_add(since_epoch).unwrap_or(UNIX_EPOCH))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the module that reads the clock")]
pub(crate) fn system_time() -> SystemTime {
    SystemTime::now()
}

fn system() -> i64 {
    let since_epoch = system_time().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(LAST)
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn stands_still_when_frozen_and_moves_when_told() {
        let mut clock = Clock::default();
        clock.freeze(true);
        clock.set(784_111_777);
        assert_eq!(clock.http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        clock.advance(-7);
        assert_eq!(clock.now(), 784_111_770);
        clock.freeze(false);
        assert!((784_111_770..784_111_800).contains(&clock.now()), "runs on from where it stood");
    }

    #[test]
    fn ends_of_time_hold() {
        let mut clock = Clock::default();
        clock.advance(i64::MAX);
        assert!(clock.http_date().starts_with("Fri, 31 Dec 9999"));
        clock.advance(i64::MIN);
        assert!(clock.now() < 60);
    }
}
