//! Connections to Box for calls: kept for the next call, but not for long, and not where nobody calls.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::slots::{Full, Slot, Slots};
use crate::{box_api::Clients, peer::Peer};

/// So long after the last call nothing is kept for the next one. Longer than a connection may idle.
const REST: Duration = Duration::from_secs(30);

/// What all calls share.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    slots: Slots,
    clients: Arc<Clients>,
    /// Whether it is already planned to look whether anybody still calls.
    watched: Arc<AtomicBool>,
}

/// The right to one call, given back on drop.
#[derive(Debug)]
pub(super) struct Place {
    slot: Option<Slot>,
    ways: Ways,
}

impl Ways {
    /// No client is built before the first call.
    pub(crate) fn new(clients: Clients) -> Self {
        Self { slots: Slots::default(), clients: Arc::new(clients), watched: Arc::default() }
    }

    /// All next calls read trust store and `ca_file` anew.
    pub(crate) fn reload(&self) {
        self.clients.forget_all();
    }

    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    pub(super) fn enter(&self, peer: Peer) -> Result<Place, Full> {
        self.slots.take(peer).map(|slot| Place { slot: Some(slot), ways: self.clone() })
    }

    /// Drops the clients once nobody has called for a while: a client that keeps connections wakes up to see
    /// whether they are still there, for as long as it lives.
    fn rest_later(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.watched.swap(true, Ordering::Relaxed) {
            return;
        }
        let ways = self.clone();
        runtime.spawn(async move {
            tokio::time::sleep(REST).await;
            ways.watched.store(false, Ordering::Relaxed);
            if ways.slots.are_free() {
                ways.clients.forget_all();
            }
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.slot = None;
        if self.ways.slots.are_free() {
            self.ways.rest_later();
        }
    }
}
