//! How long to wait before the daemon is tried again.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

const FIRST: Duration = Duration::from_millis(50);
/// A daemon that was away for long is noticed this late at most.
const LONGEST: Duration = Duration::from_secs(5);

/// The wait after so many failures in a row (from 1): doubled each time, the latter half of it by chance, so that
/// the watchers of a daemon that restarts do not all come back at once.
pub(crate) fn delay(failures: u32) -> Duration {
    spread(failures, draw())
}

fn spread(failures: u32, draw: u16) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let most = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    most / 2 + (most / 2).mul_f64(f64::from(draw) / f64::from(u16::MAX))
}

/// Chance enough to keep programs apart: the seed of the standard library's hash maps.
fn draw() -> u16 {
    let [low, high, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_differ_by_chance() {
        let bounds = |failures| (spread(failures, 0).as_millis(), spread(failures, u16::MAX).as_millis());
        assert_eq!(bounds(1), (25, 50));
        assert_eq!(bounds(2), (50, 100));
        assert_eq!(bounds(7), (1600, 3200));
        for failures in [8, 20, u32::MAX] {
            assert_eq!(bounds(failures), (2500, 5000));
        }
    }
}
