//! Who waits for which login, import, logout or adoption.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use boxd_engine::{Operation, Trouble};
use tokio::sync::oneshot;

type Outcome = Result<(), Trouble>;

/// Operations under way. One that nobody waits for any more goes on all the same.
#[derive(Debug, Default)]
pub(super) struct Operations {
    last: AtomicU64,
    waiting: Mutex<HashMap<Operation, oneshot::Sender<Outcome>>>,
}

impl Operations {
    /// A number for a new operation, and its outcome once there is one.
    pub(super) fn begin(&self) -> (Operation, oneshot::Receiver<Outcome>) {
        let operation = Operation(self.last.fetch_add(1, Ordering::Relaxed));
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(operation, sender);
        (operation, receiver)
    }

    /// Tells the one who waits, if anybody still does.
    pub(super) fn finish(&self, operation: Operation, outcome: Outcome) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&operation);
        if let Some(sender) = waiting
            && sender.send(outcome).is_err()
        {
            tracing::debug!(operation = operation.0, "an operation ended after its client had gone");
        }
    }
}
