//! A clock that goes on while the machine sleeps.

use std::time::Duration;

use windows_sys::Win32::System::WindowsProgramming::QueryInterruptTimePrecise;

/// Time since the machine was started, sleep and hibernation included ("Interrupt Time", learn.microsoft.com).
pub fn since_boot() -> Duration {
    const TENTHS_OF_MICROSECONDS: u64 = 10_000_000;
    let mut time = 0;
    // SAFETY: it writes one `u64`.
    unsafe { QueryInterruptTimePrecise(&raw mut time) };
    let rest = u32::try_from(time % TENTHS_OF_MICROSECONDS * 100).unwrap_or_default();
    Duration::new(time / TENTHS_OF_MICROSECONDS, rest)
}
