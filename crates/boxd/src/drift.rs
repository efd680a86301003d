//! How far a test's clock is from the machine's: it sleeps for weeks, or is set to 1970, in no time.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use boxd_engine::time::millis;
use tokio::sync::Notify;

/// A distance from the machine's clocks. The boot clock only ever goes on.
#[derive(Debug, Default)]
pub struct Drift {
    boot: AtomicU64,
    wall: AtomicI64,
    moved: Notify,
}

impl Drift {
    /// The machine sleeps for so long: both clocks count it, and on waking this is noticed.
    pub fn sleep(&self, span: Duration) {
        self.boot.fetch_add(millis(span), Ordering::Relaxed);
        self.wall.fetch_add(i64::try_from(millis(span)).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.moved.notify_one();
    }

    /// Somebody sets the wall clock, by so many milliseconds.
    pub fn step(&self, by_millis: i64) {
        self.wall.fetch_add(by_millis, Ordering::Relaxed);
        self.moved.notify_one();
    }

    pub(crate) fn boot_millis(&self) -> u64 {
        self.boot.load(Ordering::Relaxed)
    }

    pub(crate) fn wall_millis(&self) -> i64 {
        self.wall.load(Ordering::Relaxed)
    }

    pub(crate) async fn moved(&self) {
        self.moved.notified().await;
    }
}
