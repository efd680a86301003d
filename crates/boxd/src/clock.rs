//! The one place that reads a clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use boxd_engine::{BootId, BootTime, Jitter, Moment, Now, WallTime};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::drift::Drift;

/// Reads the machine's clocks and draws the jitter.
#[derive(Debug)]
pub struct Clock {
    boot_id: BootId,
    random: SystemRandom,
    /// The last reading: a clock that claims to have gone back is not followed.
    last: AtomicU64,
    /// How far it is from the machine's clocks; `None` but in tests.
    drift: Option<Arc<Drift>>,
}

impl Clock {
    /// A clock of this machine's present boot.
    pub fn of_this_boot() -> Self {
        let random = SystemRandom::new();
        Self { boot_id: boot_id(&random), random, last: AtomicU64::new(0), drift: None }
    }

    /// A clock that is not this machine's but so far from it, for tests of sleep and of clocks that are wrong; in
    /// another boot where `boot_id` says so.
    pub fn adrift(drift: Arc<Drift>, boot_id: Option<BootId>) -> Self {
        let own = Self::of_this_boot();
        Self { boot_id: boot_id.unwrap_or(own.boot_id), drift: Some(drift), ..own }
    }

    /// The same point in time on the machine's own boot clock, in milliseconds.
    #[cfg(target_os = "linux")]
    pub(crate) fn by_the_machine(&self, boot: BootTime) -> u64 {
        boot.0.saturating_sub(self.drift.as_ref().map_or(0, |drift| drift.boot_millis()))
    }

    /// Returns once a test has moved the clock; never otherwise.
    pub(crate) async fn moved(&self) {
        match &self.drift {
            Some(drift) => drift.moved().await,
            None => std::future::pending().await,
        }
    }

    /// The boot that [`Clock::now`] counts from.
    pub fn boot_id(&self) -> BootId {
        self.boot_id
    }

    /// Interval clock alone: the cheap reading for serving a token.
    pub fn boot(&self) -> BootTime {
        let drift = self.drift.as_ref().map_or(0, |drift| drift.boot_millis());
        let reading = boot_millis().saturating_add(drift);
        let before = self.last.fetch_max(reading, Ordering::Relaxed);
        BootTime(reading.max(before))
    }

    /// Wall clock alone, for dates in answers.
    pub fn wall(&self) -> WallTime {
        let drift = self.drift.as_ref().map_or(0, |drift| drift.wall_millis());
        WallTime(wall().0.saturating_add(drift))
    }

    /// Both clocks and one random draw.
    pub fn now(&self) -> Now {
        let mut draw = [0; 4];
        // Without randomness the jitter is zero, which is a valid draw.
        let jitter = self.random.fill(&mut draw).map_or(0, |()| u32::from_le_bytes(draw));
        Now { boot: self.boot(), wall: self.wall(), jitter: Jitter(jitter) }
    }

    /// The present as a point in time that survives a restart.
    pub fn moment(&self) -> Moment {
        Moment { boot_id: self.boot_id, boot: self.boot(), wall: self.wall() }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn wall() -> WallTime {
    let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => WallTime(millis(since)),
        Err(before) => WallTime(-millis(before.duration())),
    }
}

/// Milliseconds since boot, suspend included.
#[cfg(unix)]
fn boot_millis() -> u64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    // macOS counts sleep in CLOCK_MONOTONIC (its clock_gettime(3)).
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(CLOCK);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000)
}

/// Milliseconds since boot, sleep and hibernation included.
#[cfg(windows)]
fn boot_millis() -> u64 {
    u64::try_from(boxd_os::windows::since_boot().as_millis()).unwrap_or(u64::MAX)
}

/// Which boot this is; a random one where the system does not tell, so that only the wall clock counts
/// across restarts there.
fn boot_id(random: &SystemRandom) -> BootId {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let mut id = [0; 16];
    if digits.len() == 32 {
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            let hex = std::str::from_utf8(pair).unwrap_or("0");
            *byte = u8::from_str_radix(hex, 16).unwrap_or_default();
        }
    } else if random.fill(&mut id).is_err() {
        // Without randomness too, the process id and the wall clock still tell two processes apart.
        id[..8].copy_from_slice(&wall().0.to_le_bytes());
        id[8..12].copy_from_slice(&std::process::id().to_le_bytes());
    }
    BootId(id)
}
/// `CLOCK_MONOTONIC`, in microseconds: what service managers count by.
#[cfg(unix)]
pub(crate) fn monotonic_micros() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1000)
}
