//! A clock that goes on while the machine sleeps, as tokens do not.

use std::time::Duration;

/// A reading. Only differences mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BootTime(Duration);

impl BootTime {
    /// The present.
    #[cfg(unix)]
    pub(crate) fn now() -> Self {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
        // macOS counts sleep in CLOCK_MONOTONIC (its clock_gettime(3)).
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
        let time = rustix::time::clock_gettime(CLOCK);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Self(Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default()))
    }

    /// The present.
    #[cfg(windows)]
    pub(crate) fn now() -> Self {
        Self(boxd_os::windows::since_boot())
    }

    /// So much later.
    pub(crate) fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }

    /// What is left until then; zero where it has passed.
    pub(crate) fn until(self, end: Self) -> Duration {
        end.0.saturating_sub(self.0)
    }
}
