//! The mark of a connection that brought a person's consent.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether a connection waits for the outcome of a login: it is not ended for want of room then.
#[derive(Clone, Debug, Default)]
pub(super) struct Consenting(Arc<AtomicBool>);

impl Consenting {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
