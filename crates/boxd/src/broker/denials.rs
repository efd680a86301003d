//! Who was denied something, told in boxd's own log once a minute for each user: it is no place to be flooded.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use boxd_engine::BootTime;

/// How long further denials of a user are only counted.
const WINDOW: Duration = Duration::from_mins(1);
/// Users that are known at once; with more all begin anew.
const MOST: usize = 256;

/// What was told lately.
#[derive(Debug, Default)]
pub(super) struct Denials(Mutex<HashMap<u32, Lately>>);

#[derive(Clone, Copy, Debug)]
struct Lately {
    told: BootTime,
    untold: u64,
}

impl Denials {
    /// One more of this user: how many were not told before it, where it is to be told; else `None`.
    pub(super) fn note(&self, uid: u32, now: BootTime) -> Option<u64> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(&uid) {
            known.clear();
        }
        match known.get_mut(&uid) {
            Some(lately) if now.since(lately.told) < WINDOW => {
                lately.untold = lately.untold.saturating_add(1);
                None
            }
            Some(lately) => {
                lately.told = now;
                Some(std::mem::take(&mut lately.untold))
            }
            None => {
                known.insert(uid, Lately { told: now, untold: 0 });
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_minute_is_told_with_those_before_it() {
        let denials = Denials::default();
        assert_eq!(denials.note(7, BootTime(0)), Some(0));
        assert_eq!(denials.note(7, BootTime(1)), None);
        assert_eq!(denials.note(7, BootTime(59_999)), None);
        assert_eq!(denials.note(8, BootTime(59_999)), Some(0));
        assert_eq!(denials.note(7, BootTime(60_000)), Some(2));
        assert_eq!(denials.note(7, BootTime(60_001)), None);
    }

    #[test]
    fn memory_is_bounded() {
        let denials = Denials::default();
        for uid in 0..10_000 {
            assert_eq!(denials.note(uid, BootTime(0)), Some(0));
        }
        assert!(denials.0.lock().unwrap().len() <= MOST);
    }
}
