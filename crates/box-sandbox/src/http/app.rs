//! What all connections share: the provider, the queued faults, the clock, and who waits for what.

use std::cell::{Cell, RefCell};

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::oauth::Provider;

/// Everything that connections share; all of them run on one thread.
pub(super) struct App {
    pub(super) provider: RefCell<Provider>,
    pub(super) faults: RefCell<Faults>,
    pub(super) clock: Cell<Clock>,
    /// Lets hung requests go on.
    pub(super) release: Notify,
    /// The journal has grown.
    pub(super) grown: Notify,
    pub(super) hung: Cell<usize>,
}

impl App {
    /// Without faults, on the system's time.
    pub(super) fn new(provider: Provider) -> Self {
        Self {
            provider: RefCell::new(provider),
            faults: RefCell::default(),
            clock: Cell::default(),
            release: Notify::new(),
            grown: Notify::new(),
            hung: Cell::new(0),
        }
    }

    /// Works on the provider at the sandbox's present time, then wakes those who wait for the journal.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Provider, i64) -> T) -> T {
        let mut provider = self.provider.borrow_mut();
        let before = provider.journal.last();
        let result = work(&mut provider, self.clock.get().now());
        if provider.journal.last() > before {
            self.grown.notify_waiters();
        }
        result
    }
}
