//! Points in time as inputs: a boot clock for intervals, a wall clock for dates.

use std::time::Duration;

/// Milliseconds on a clock that starts with the machine, never steps, and counts suspend
/// (Linux `CLOCK_BOOTTIME`). Comparable only within one [`BootId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct BootTime(pub u64);

/// Milliseconds since the Unix epoch; may step in either direction at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct WallTime(pub i64);

/// Which boot of which machine a [`BootTime`] belongs to (Linux `/proc/sys/kernel/random/boot_id`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BootId(pub [u8; 16]);

/// One random draw, uniform over `0..=u32::MAX`, for whatever a call schedules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jitter(pub u32);

/// The present, as the driver saw it when the event happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// The clock for intervals.
    pub boot: BootTime,
    /// The clock for dates.
    pub wall: WallTime,
    /// Randomness for the delays that this call may choose.
    pub jitter: Jitter,
}

/// A point in time that survives a restart: both clocks and the boot they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Moment {
    /// The boot in which `boot` counts.
    pub boot_id: BootId,
    /// The clock for intervals.
    pub boot: BootTime,
    /// The clock for dates.
    pub wall: WallTime,
}

impl BootTime {
    /// Time from `earlier` to `self`; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// `self` plus `span`, saturating.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// `self` less `span`, saturating at the start of the clock.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }
}

impl WallTime {
    /// `self` plus `span`, saturating.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(millis(span)).unwrap_or(i64::MAX)))
    }

    /// `self` less `span`, saturating.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(millis(span)).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to `self`; negative where the wall clock went back.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl Jitter {
    /// A uniform share of `span`: full jitter as in "Exponential Backoff And Jitter" (AWS, 2015).
    pub fn of(self, span: Duration) -> Duration {
        let share = u128::from(self.0) * u128::from(millis(span)) / u128::from(u32::MAX);
        Duration::from_millis(u64::try_from(share).unwrap_or(u64::MAX))
    }
}

impl Now {
    /// The wall-clock date of a point on the boot clock, by today's wall clock.
    pub fn date_of(self, boot: BootTime) -> WallTime {
        if boot >= self.boot {
            self.wall.after(boot.since(self.boot))
        } else {
            self.wall.before(self.boot.since(boot))
        }
    }
}

/// A span in whole milliseconds, saturating.
pub fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
