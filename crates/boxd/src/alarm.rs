//! Waits on the boot clock, and notices when the wall clock is set.
//!
//! Timers of the async runtime stop while a machine sleeps; a renewal that fell due in the meantime must
//! happen on waking. On Linux the kernel's timers on `CLOCK_BOOTTIME` do that without any polling.

use std::io;

use boxd_engine::BootTime;

use crate::clock::Clock;

pub use platform::Alarm;

/// Why an [`Alarm`] went off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rang {
    /// The time asked for has come, or may have come.
    Due,
    /// The machine woke, or somebody set its clock.
    Woke,
}

#[cfg(target_os = "linux")]
mod platform {
    use std::os::fd::OwnedFd;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    use super::{BootTime, Clock, Rang, io};
    use crate::platform::watch_readable;

    /// Two kernel timers: one for the next due time, one that is cancelled when the wall clock is set.
    #[derive(Debug)]
    pub struct Alarm {
        due: AsyncFd<OwnedFd>,
        set: AsyncFd<OwnedFd>,
    }

    impl Alarm {
        /// Needs a running I/O driver.
        pub fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let due = timerfd_create(TimerfdClockId::Boottime, flags)?;
            let set = timerfd_create(TimerfdClockId::Realtime, flags)?;
            watch_for_setting(&set)?;
            Ok(Self { due: watch_readable(due)?, set: watch_readable(set)? })
        }

        /// Returns at `due` (never, for `None`), however long the machine slept, and when it wakes or its clock is
        /// set: the kernel cancels the timer for either (`timerfd_resume`).
        pub async fn ring(&self, due: Option<BootTime>, clock: &Clock) -> Rang {
            // A time of zero would disarm the timer.
            let at = due.map_or_else(Timespec::default, |due| timespec(clock.by_the_machine(due).max(1)));
            let timer = Itimerspec { it_interval: Timespec::default(), it_value: at };
            if timerfd_settime(self.due.get_ref(), TimerfdTimerFlags::ABSTIME, &timer).is_err() {
                return Rang::Due;
            }
            tokio::select! {
                _ = expired(&self.due) => Rang::Due,
                _ = expired(&self.set) => {
                    if let Err(error) = watch_for_setting(self.set.get_ref()) {
                        tracing::warn!(%error, "clock changes can no longer be watched");
                    }
                    Rang::Woke
                }
                () = clock.moved() => Rang::Woke,
            }
        }
    }

    /// Arms a timer that never comes, only to be told of a discontinuous change of the clock.
    fn watch_for_setting(timer: &OwnedFd) -> io::Result<()> {
        let never = Timespec { tv_sec: i64::MAX / 4_000_000_000, tv_nsec: 0 };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        let timer_spec = Itimerspec { it_interval: Timespec::default(), it_value: never };
        timerfd_settime(timer, flags, &timer_spec)?;
        Ok(())
    }

    async fn expired(timer: &AsyncFd<OwnedFd>) -> io::Result<()> {
        loop {
            let mut ready = timer.readable().await?;
            let read = ready.try_io(|timer| {
                let mut count = [0; 8];
                match rustix::io::read(timer.get_ref(), &mut count) {
                    // ECANCELED: the clock was set.
                    Ok(_) | Err(rustix::io::Errno::CANCELED) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            });
            if let Ok(result) = read {
                return result;
            }
        }
    }

    fn timespec(millis: u64) -> Timespec {
        let seconds = i64::try_from(millis / 1000).unwrap_or(i64::MAX);
        let nanos = i64::try_from(millis % 1000 * 1_000_000).unwrap_or_default();
        Timespec { tv_sec: seconds, tv_nsec: nanos }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{BootTime, Clock, Rang, io, polling};

    /// A capped sleep, after which the clocks are compared.
    #[derive(Debug)]
    pub struct Alarm;

    impl Alarm {
        /// Never fails here.
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Returns at `due`, or within a minute after the machine woke or its clock was set.
        pub async fn ring(&self, due: Option<BootTime>, clock: &Clock) -> Rang {
            loop {
                let before = clock.now();
                let asked = due.map_or(polling::LONGEST, |due| due.since(before.boot).min(polling::LONGEST));
                tokio::select! {
                    () = tokio::time::sleep(asked) => {}
                    () = clock.moved() => return Rang::Woke,
                }
                let now = clock.now();
                if polling::woke(before, now, asked) {
                    return Rang::Woke;
                }
                if due.is_some_and(|due| now.boot >= due) {
                    return Rang::Due;
                }
            }
        }
    }
}

/// How waking and clock steps are found out where the system does not tell.
#[cfg(any(test, not(target_os = "linux")))]
mod polling {
    use std::time::Duration;

    use boxd_engine::{Now, schedule::CLOCK_TOLERANCE, time::millis};

    /// They are noticed within this time.
    pub(super) const LONGEST: Duration = Duration::from_secs(53);
    /// A timer of a busy machine may come so late.
    const LATENESS: Duration = Duration::from_secs(10);

    /// Whether a wait of `asked` was a sleep of the machine (its timers stood still), or the wall clock was set.
    pub(super) fn woke(before: Now, now: Now, asked: Duration) -> bool {
        let waited = now.boot.since(before.boot);
        let by_wall = now.wall.millis_since(before.wall);
        let step = by_wall.saturating_sub(i64::try_from(millis(waited)).unwrap_or(i64::MAX));
        waited > asked.saturating_add(LATENESS) || step.unsigned_abs() > millis(CLOCK_TOLERANCE)
    }

    #[cfg(test)]
    mod tests {
        use boxd_engine::{BootTime, Jitter, WallTime};

        use super::*;

        fn at(boot: u64, wall: i64) -> Now {
            Now { boot: BootTime(boot * 1000), wall: WallTime(wall * 1000), jitter: Jitter(0) }
        }

        #[test]
        fn a_wait_that_took_too_long_was_a_sleep_and_one_that_moved_the_date_a_step() {
            let before = at(100, 5000);
            for (now, expected) in [
                (at(153, 5053), false),
                (at(160, 5060), false),
                (at(153, 5080), false),
                (at(100 + 8 * 3600, 5000 + 8 * 3600), true),
                (at(153, 5053 + 3600), true),
                (at(153, 0), true),
                (at(153, i64::MIN / 1000), true),
            ] {
                assert_eq!(woke(before, now, LONGEST), expected, "{now:?}");
            }
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn rings_when_due_and_at_once_when_overdue() {
        let clock = Clock::of_this_boot();
        let alarm = Alarm::new().unwrap();
        assert_eq!(alarm.ring(Some(BootTime(0)), &clock).await, Rang::Due);
        let due = clock.boot().after(Duration::from_millis(20));
        assert_eq!(alarm.ring(Some(due), &clock).await, Rang::Due);
        assert!(clock.boot() >= due);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn rearming_forgets_the_earlier_time() {
        let clock = Clock::of_this_boot();
        let alarm = Alarm::new().unwrap();
        let soon = alarm.ring(Some(clock.boot().after(Duration::from_millis(10))), &clock);
        drop(soon);
        let never = tokio::time::timeout(Duration::from_millis(60), alarm.ring(None, &clock));
        assert!(never.await.is_err(), "an alarm without a due time must not ring");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_clock_that_is_moved_rings_and_is_waited_by() {
        let drift = std::sync::Arc::new(crate::drift::Drift::default());
        let clock = Clock::adrift(std::sync::Arc::clone(&drift), None);
        let alarm = Alarm::new().unwrap();
        let due = clock.boot().after(Duration::from_hours(1));
        drift.step(-1_000_000);
        assert_eq!(alarm.ring(Some(due), &clock).await, Rang::Woke);
        drift.sleep(Duration::from_hours(2));
        assert_eq!(alarm.ring(Some(due), &clock).await, Rang::Woke);
        assert_eq!(alarm.ring(Some(due), &clock).await, Rang::Due);
    }
}
