//! One account as the broker keeps it: a session behind a short lock, and the view that readers get.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use boxd_engine::{BootTime, ClientSecret, Session, Snapshot};
use tokio::sync::watch;

use super::{signer::Signer, tally::Tally};
use crate::account_name::AccountName;

/// Least time between two warnings of an account that somebody reports its tokens too often.
const DOUBT_SPACING: Duration = Duration::from_mins(1);

/// An account of the broker.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: AccountName,
    held: Mutex<Held>,
    /// What readers see; waiters are woken by it.
    pub(super) view: watch::Sender<Snapshot>,
    /// Until when somebody waits for a token, in milliseconds of the boot clock; also while it is queued.
    awaited_until: AtomicU64,
    /// Where its grant went by a rename, for those who hold on to this account.
    moved_to: Mutex<Option<Arc<Account>>>,
    pub(super) tally: Tally,
    /// When it was last told that somebody reports tokens too often, in milliseconds of the boot clock; 0: never.
    last_doubted: AtomicU64,
    /// Keeps the store's work for this account in the order in which the session asked for it.
    pub(super) store_order: tokio::sync::Mutex<()>,
}

/// What is changed together. The lock is held for computations only, never while anything waits.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) session: Session,
    /// The client secret, read from where the config says; `None` until it is needed.
    pub(super) secret: Option<ClientSecret>,
    /// The key that signs assertions, opened; `None` until it is needed.
    pub(super) signer: Option<Arc<Signer>>,
    /// The due time that the timers know of.
    pub(super) scheduled: Option<BootTime>,
    /// The account is no longer in the config and the store does not know its application.
    pub(super) orphaned: bool,
}

impl Held {
    /// Another grant took the place of the old one: what was known of its application no longer counts.
    pub(super) fn forget_application(&mut self) {
        self.forget_secrets();
        self.orphaned = false;
    }

    /// Secrets are read anew when they are next needed.
    pub(super) fn forget_secrets(&mut self) {
        self.secret = None;
        self.signer = None;
    }
}

impl Account {
    pub(super) fn new(name: AccountName, held: Held) -> Self {
        let view = watch::Sender::new(held.session.snapshot());
        Self {
            name,
            held: Mutex::new(held),
            view,
            awaited_until: AtomicU64::new(0),
            moved_to: Mutex::default(),
            tally: Tally::default(),
            last_doubted: AtomicU64::new(0),
            store_order: tokio::sync::Mutex::new(()),
        }
    }

    /// The account that its grant belongs to now, after a rename.
    pub(super) fn moved_to(&self) -> Option<Arc<Account>> {
        self.moved_to.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its grant has another name now; `None`: it has a grant again.
    pub(super) fn set_moved_to(&self, account: Option<Arc<Account>>) {
        *self.moved_to.lock().unwrap_or_else(PoisonError::into_inner) = account;
    }

    /// Somebody waits for a token of this account until then.
    pub(super) fn await_until(&self, until: BootTime) {
        self.awaited_until.fetch_max(until.0, Ordering::Relaxed);
    }

    /// Whether somebody waits for a token of this account.
    pub(super) fn is_awaited(&self, now: BootTime) -> bool {
        self.awaited_until.load(Ordering::Relaxed) > now.0
    }

    /// Whether it is time to tell again that somebody reports tokens too often: who does so in a loop shall not fill
    /// the log.
    pub(super) fn may_doubt_aloud(&self, now: BootTime) -> bool {
        let last = self.last_doubted.load(Ordering::Relaxed);
        let due = last == 0 || now.since(BootTime(last)) >= DOUBT_SPACING;
        due && self.last_doubted.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// A panic elsewhere while the lock was held aborts the process, so poison cannot be seen here.
    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the account holds or held a grant in this store, or the config names it.
    pub(super) fn is_absent(&self) -> bool {
        self.view.borrow().state == boxd_engine::State::Absent
    }
}
