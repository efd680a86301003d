//! A clock that goes on while the machine sleeps.

use std::time::Duration;

use windows_sys::Win32::System::SystemInformation::GetTickCount64;

/// Time since the machine was started, sleep and hibernation included, to about 16 ms. (It is the biased interrupt time;
/// the unbiased one stops in sleep: "Interrupt Time", learn.microsoft.com.)
pub fn since_boot() -> Duration {
    // SAFETY: it takes nothing.
    Duration::from_millis(unsafe { GetTickCount64() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on() {
        let before = since_boot();
        assert!(before > Duration::ZERO);
        std::thread::sleep(Duration::from_millis(50));
        assert!(since_boot() > before);
    }
}
