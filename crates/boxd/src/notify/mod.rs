//! Tells people what they must do: in the journal, and through the command of `[notify]`.
//!
//! Nothing here keeps a list of events: accounts that may have changed are looked at, and how they stand is compared
//! with what was told before. So nothing is lost while a command hangs or boxd is down, and nothing is told twice.

mod event;
mod hook;
mod journal;
mod memory;
mod news;
mod round;
mod standing;
mod tell;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use boxd_engine::Now;
use tokio::sync::Notify;

use crate::{account_name::AccountName, config::Hook};

pub use standing::{Fault, Nature, Standing};

/// The accounts that people are told of.
pub trait Accounts: Clone + Send + Sync + 'static {
    /// All of them.
    fn names(&self) -> Vec<AccountName>;
    /// How one stands; `None` where there is none of this name any more.
    fn standing(&self, account: &AccountName) -> Option<Standing>;
    /// What is run.
    fn hook(&self) -> Option<Hook>;
    /// The present.
    fn now(&self) -> Now;
}

/// Knows which accounts are to be looked at, and what is wrong with the command.
#[derive(Debug, Default)]
pub struct Notifier {
    changed: Mutex<BTreeSet<AccountName>>,
    ring: Notify,
    complaint: Mutex<Option<String>>,
    /// What the command refused is tried again at once.
    forgiving: AtomicBool,
}

impl Notifier {
    /// The command may have been put right: what it refused before is no reason to wait.
    pub fn forgive(&self) {
        self.forgiving.store(true, Ordering::Relaxed);
        self.ring.notify_one();
    }

    /// This account may have changed.
    pub fn look_at(&self, account: &AccountName) {
        lock(&self.changed).insert(account.clone());
        self.ring.notify_one();
    }

    /// Why the command of `[notify]` failed last, unless it has worked since.
    pub fn complaint(&self) -> Option<String> {
        lock(&self.complaint).clone()
    }

    /// Tells people what is to be told, for ever.
    pub async fn run(&self, accounts: impl Accounts, state_dir: &Path) {
        if let Some(hook) = accounts.hook()
            && let Err(error) = hook.locate(std::env::var_os("PATH").as_deref())
        {
            tracing::error!("{error}");
        }
        let mut round = round::Round::begin(accounts, state_dir);
        loop {
            tokio::select! {
                () = self.ring.notified() => {}
                () = round.next() => {}
            }
            if self.forgiving.swap(false, Ordering::Relaxed) {
                round.forgive();
                *lock(&self.complaint) = None;
            }
            let changed = std::mem::take(&mut *lock(&self.changed));
            if let Some(outcome) = round.look(changed).await {
                *lock(&self.complaint) = outcome.err();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
