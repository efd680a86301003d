//! Ends in order: spends in flight are finished, what could not be saved gets a spare copy.

use std::{sync::Arc, time::Duration};

use boxd_engine::CommitReason;

use super::{Broker, account::Account};

/// How long a stop waits for spends in flight; after that the journal keeps them, in doubt.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a stop waits for the audit log.
const LOG_PATIENCE: Duration = Duration::from_secs(2);

impl Broker {
    /// Returns once the owner has asked that the daemon end (`Request::Shutdown`).
    pub async fn told_to_end(&self) {
        self.told_to_end.notified().await;
    }

    /// Waits until no login, spend or write is under way, at most `PATIENCE`, and saves spares.
    pub async fn wind_down(&self) {
        // What queues at a token endpoint is not sent any more.
        self.turns.close();
        tracing::debug!("no renewal is begun any more");
        let all_at_rest = async {
            loop {
                let rested = self.rested.notified();
                if self.all().iter().all(|account| account.held().session.at_rest()) {
                    return;
                }
                rested.await;
            }
        };
        let logins = self.logins();
        let all = async {
            logins.shut_down().await;
            all_at_rest.await;
        };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!(
                "a renewal or login is still without an answer: the journal keeps it, and the next start goes on"
            );
        }
        let accounts: Vec<Arc<Account>> = self.all();
        let store = Arc::clone(&self.store);
        let saved = tokio::task::spawn_blocking(move || {
            for account in accounts {
                let held = account.held();
                let Some(record) = held.session.unsaved() else { continue };
                // One more time: the disk may have room by now. A note leaves the journal as it is.
                if store.commit(&account.name, record, CommitReason::Note, 1).is_ok() {
                    continue;
                }
                match store.save_spare(&account.name, record) {
                    Ok(()) => {
                        tracing::warn!(account = %account.name, "the unsaved grant was put into a spare file");
                    }
                    Err(error) => {
                        tracing::error!(account = %account.name, %error, "no spare file could be written");
                    }
                }
            }
        });
        if saved.await.is_err() {
            tracing::error!("spare files could not be written");
        }
        // Last, and not for long: no grant hangs on it.
        if tokio::time::timeout(LOG_PATIENCE, self.audit.flush()).await.is_err() {
            tracing::warn!("the audit log could not be written to its end");
        }
    }
}
