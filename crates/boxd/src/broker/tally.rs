//! What is counted of an account since the start: tokens handed out, and how attempts to renew ended.

use std::sync::atomic::{AtomicU64, Ordering};

use boxd_engine::{Trouble, event::Notice, trouble::Remedy};

/// How attempts to renew can end, as a label: it succeeded; boxd tries again; a person must log in or act.
pub(super) const OUTCOMES: [&str; 4] = ["success", "retry", "login_required", "action_required"];

/// What is counted of one account since the start.
#[derive(Debug, Default)]
pub(super) struct Tally {
    served: AtomicU64,
    /// In the order of [`OUTCOMES`].
    refreshes: [AtomicU64; OUTCOMES.len()],
}

// === impl Tally ===

impl Tally {
    /// A token was handed out.
    pub(super) fn serve(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
    }

    /// How many tokens were handed out.
    pub(super) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// How many attempts ended how, in the order of [`OUTCOMES`].
    pub(super) fn refreshes(&self) -> [u64; OUTCOMES.len()] {
        self.refreshes.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// What a session has to tell may be the end of an attempt.
    pub(super) fn note(&self, notice: &Notice) {
        let outcome = match notice {
            Notice::Renewed { .. } => 0,
            Notice::Failed { trouble, .. } => of_trouble(trouble),
            _ => return,
        };
        if let Some(count) = self.refreshes.get(outcome) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn of_trouble(trouble: &Trouble) -> usize {
    match trouble.remedy() {
        Remedy::Wait => 1,
        Remedy::Login => 2,
        Remedy::Act => 3,
    }
}
