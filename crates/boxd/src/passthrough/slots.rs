//! How many calls are under way at once, in all and of one process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::peer::Peer;

/// Calls in all: each has a connection to Box, which [`crate::server::Limits`] leave file descriptors for.
const IN_ALL: usize = 64;
/// Calls of one process.
const PER_PEER: usize = 16;

/// The places for calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    per_peer: HashMap<Peer, usize>,
}

/// The right to one call, given back on drop.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Slots,
    peer: Peer,
}

/// Which bound is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    #[error("{PER_PEER} calls of this process are under way already")]
    Process,
    #[error("{IN_ALL} calls are under way already")]
    All,
}

impl Slots {
    pub(super) fn take(&self, peer: Peer) -> Result<Slot, Full> {
        let mut taken = self.taken();
        if taken.per_peer.get(&peer).is_some_and(|count| *count >= PER_PEER) {
            return Err(Full::Process);
        }
        if taken.all >= IN_ALL {
            return Err(Full::All);
        }
        taken.all += 1;
        *taken.per_peer.entry(peer).or_default() += 1;
        Ok(Slot { slots: self.clone(), peer })
    }

    /// Whether no call is under way.
    pub(super) fn are_free(&self) -> bool {
        self.taken().all == 0
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(count) = taken.per_peer.get_mut(&self.peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.per_peer.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(pid: u32) -> Peer {
        Peer { uid: 1, pid: Some(pid) }
    }

    #[test]
    fn one_process_cannot_take_all() {
        let slots = Slots::default();
        let held: Vec<Slot> = (0..PER_PEER).map(|_| slots.take(peer(1)).unwrap()).collect();
        assert_eq!(slots.take(peer(1)).unwrap_err(), Full::Process);
        assert!(slots.take(peer(2)).is_ok());
        drop(held);
        assert!(slots.take(peer(1)).is_ok());
        assert!(slots.taken().per_peer.is_empty(), "nothing is kept of those who are gone");
    }

    #[test]
    fn there_is_a_bound_for_all() {
        let slots = Slots::default();
        let held: Vec<Slot> =
            (0..IN_ALL).map(|index| slots.take(peer(u32::try_from(index).unwrap())).unwrap()).collect();
        assert_eq!(slots.take(peer(9999)).unwrap_err(), Full::All);
        drop(held);
        assert_eq!(slots.taken().all, 0);
    }
}
