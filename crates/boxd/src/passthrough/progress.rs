//! Whether a call still moves: it has no deadline as a whole, but may not stand still.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// So long may nothing move in either direction. Box's own gateways give up earlier.
pub(crate) const LONGEST_STANDSTILL: Duration = Duration::from_mins(2);

/// When something last moved.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Mutex<Instant>>);

impl Progress {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Something moves now.
    pub(super) fn made(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// When it is over unless something moves.
    pub(super) fn end(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) + LONGEST_STANDSTILL
    }

    /// Whether nothing has moved for too long.
    pub(super) fn is_over(&self) -> bool {
        self.end() <= Instant::now()
    }

    /// Resolves once nothing has moved for too long.
    pub(super) async fn over(&self) {
        while !self.is_over() {
            tokio::time::sleep_until(self.end()).await;
        }
    }
}
