//! Ends a watch from another thread, whatever it waits for.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::{cutter::Cutter, deadline::Deadline};

/// Ends a [`Watch`](crate::Watch) from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    state: Mutex<StopState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct StopState {
    stopped: bool,
    /// Wakes the one who reads.
    cutter: Option<Cutter>,
}

// === impl Stopper ===

impl Stopper {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// Ends the watch: who waits for its news is woken and told that it is over. (On Windows that takes until the
    /// daemon's next heartbeat, at most 15 s.)
    pub fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        if let Some(cutter) = state.cutter.take() {
            cutter.cut();
        }
        self.0.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// From now on this connection is the one to be cut.
    pub(crate) fn guard(&self, cutter: Cutter) {
        let mut state = self.state();
        if state.stopped {
            cutter.cut();
        }
        state.cutter = Some(cutter);
    }

    /// There is no connection any more.
    pub(crate) fn release(&self) {
        self.state().cutter = None;
    }

    /// Sleeps until then, or until somebody stops the watch.
    pub(crate) fn sleep_until(&self, until: Deadline) {
        let mut state = self.state();
        while let (false, Ok(left)) = (state.stopped, until.left()) {
            let woken = self.0.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, StopState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
