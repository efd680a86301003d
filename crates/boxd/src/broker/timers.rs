//! Due times of all accounts in one queue, so that an idle account owns no task and no timer.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Mutex, PoisonError},
};

use boxd_engine::BootTime;
use tokio::sync::Notify;

use crate::account_name::AccountName;

/// The queue. An entry that was superseded stays until it comes up, and is then ignored by its account.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: Mutex<BinaryHeap<Reverse<(BootTime, AccountName)>>>,
    /// Rings when a time earlier than all others is added.
    pub(super) sooner: Notify,
}

impl Timers {
    /// Adds a due time.
    pub(super) fn add(&self, due: BootTime, name: AccountName) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = queue.peek().is_none_or(|Reverse((first, _))| due < *first);
        queue.push(Reverse((due, name)));
        if is_first {
            self.sooner.notify_one();
        }
    }

    /// The earliest due time.
    pub(super) fn first(&self) -> Option<BootTime> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.peek().map(|Reverse((due, _))| *due)
    }

    /// Takes out an account whose time has come.
    pub(super) fn take_due(&self, now: BootTime) -> Option<(BootTime, AccountName)> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.peek().is_some_and(|Reverse((due, _))| *due <= now) {
            queue.pop().map(|Reverse(entry)| entry)
        } else {
            None
        }
    }
}
