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
    /// Somebody set the wall clock.
    ClockSet,
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

        /// Returns at `due` (never, for `None`), however long the machine slept, or when the clock is set.
        pub async fn ring(&self, due: Option<BootTime>, _clock: &Clock) -> Rang {
            // A time of zero would disarm the timer.
            let at = due.map_or_else(Timespec::default, |due| timespec(due.0.max(1)));
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
                    Rang::ClockSet
                }
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
    use std::time::Duration;

    use super::{BootTime, Clock, Rang, io};

    /// Waking and clock steps are noticed within this time, a bit under a minute.
    const LONGEST_SLEEP: Duration = Duration::from_secs(53);

    /// A capped sleep: the engine finds out by itself what changed meanwhile.
    #[derive(Debug)]
    pub struct Alarm;

    impl Alarm {
        /// Never fails here.
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Returns at `due`, or after less than a minute.
        pub async fn ring(&self, due: Option<BootTime>, clock: &Clock) -> Rang {
            let now = clock.boot();
            let wait = due.map_or(LONGEST_SLEEP, |due| due.since(now).min(LONGEST_SLEEP));
            tokio::time::sleep(wait).await;
            if due.is_some_and(|due| clock.boot() >= due) { Rang::Due } else { Rang::ClockSet }
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
}
