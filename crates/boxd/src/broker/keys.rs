//! The store's keys: waiting for missing ones, changing them, and saying how they are.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use boxd_engine::{Event, Loaded, Trouble};
use boxd_proto::{Code, KeySource, KeyStatus, MissingKey, Problem, Protection};

use super::{Broker, problems};
use crate::{
    account_name::AccountName,
    hardening,
    store::{self, KeyChoice, MigrateError, News, Store},
};

/// Between two looks for a missing key: soon after a start, when a session begins and its keyring opens, then seldom.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Broker {
    /// Waits for missing keys, takes up what they open, and goes on with a change of keys that was cut short. Ends once
    /// nothing is left to do.
    pub(super) async fn settle_keys(&self) {
        if self.settling_keys.swap(true, Ordering::Relaxed) {
            return;
        }
        self.settle_keys_alone().await;
        self.settling_keys.store(false, Ordering::Relaxed);
    }

    async fn settle_keys_alone(&self) {
        let mut pause = FIRST_PAUSE;
        while self.store.keys_are_unsettled() {
            let news = self.of_store(|store| {
                let news = store.look_for_keys();
                if let Err(error) = store.finish_migration() {
                    tracing::warn!(%error, "the change of the store's key waits");
                }
                news
            });
            match news.await {
                Some(News::Changed) => self.take_up_locked().await,
                Some(News::AllThere | News::None) => {}
                None => return,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Reads the accounts again that wait for a key.
    async fn take_up_locked(&self) {
        let waiting = |account: &Arc<super::Account>| {
            matches!(account.view.borrow().trouble, Some(Trouble::Locked(_))).then(|| account.name.clone())
        };
        let names = self.all().iter().filter_map(waiting).collect();
        let Some(mut loaded) = self.of_store(move |store| store.load_all(names)).await else { return };
        self.finish_renames(&mut loaded);
        let opened = loaded.values().filter(|loaded| !matches!(loaded, Loaded::Locked { .. })).count();
        for (name, loaded) in loaded {
            self.put_in_place_of_locked(&name, loaded);
        }
        if opened > 0 {
            tracing::info!(accounts = opened, "the store's key is there: accounts are taken up");
            self.resume_logins();
            self.sweep();
        }
    }

    fn put_in_place_of_locked(&self, name: &AccountName, loaded: Loaded) {
        let Some(old) = self.account(name) else { return };
        let account = self.account_of(name, loaded);
        self.replace(&account);
        let (before, now) = (old.view.borrow().clone(), account.view.borrow().clone());
        self.tell_watchers(&account, &before, &now);
        self.tell(&account, Event::Tick);
    }

    /// What to say where the config asks for another source than the store has.
    pub(super) fn wanted_key_source(&self) -> Option<String> {
        let KeyChoice::Only(wanted) = self.config().store_key() else { return None };
        let source = self.store.key_source_kind();
        (source != wanted).then(|| {
            format!("[store] in the config asks for the {wanted}, but the key is kept in the {source}: boxctl key migrate --to {wanted}")
        })
    }

    async fn of_store<T: Send + 'static>(&self, job: impl FnOnce(&Store) -> T + Send + 'static) -> Option<T> {
        let store = Arc::clone(&self.store);
        // A job can only fail to join if it panicked, which aborts the process, or if the runtime ends.
        tokio::task::spawn_blocking(move || job(&store)).await.ok()
    }

    /// Refuses what would end in a write, before anything is spent for it, while the store is locked.
    pub(super) fn refuse_locked(&self, name: &AccountName) -> Result<(), Problem> {
        match self.store.lock_on(name) {
            Some(lock) => Err(problems::of_trouble(name, &Trouble::Locked(lock))),
            None => Ok(()),
        }
    }

    /// Seals the store with another key.
    pub(super) async fn migrate_key(&self, to: Option<KeySource>) -> Result<KeyStatus, Problem> {
        let to = match to {
            None => None,
            Some(KeySource::Credential) => Some(store::KeySource::Credential),
            Some(KeySource::Keyring) => Some(store::KeySource::Keyring),
            Some(KeySource::File) => Some(store::KeySource::File),
            Some(_) => return Err(problem("the source of keys is unknown", "update boxd")),
        };
        match self.of_store(move |store| store.migrate(to)).await {
            Some(Ok(())) => self.key_status().await,
            Some(Err(error)) => {
                tracing::warn!(%error, "the store's key was not changed");
                let broker = self.clone();
                // What was begun goes on by itself.
                tokio::spawn(async move { broker.settle_keys().await });
                Err(problem(&error.to_string(), next_step(&error)))
            }
            None => Err(ending()),
        }
    }

    /// How the keys are, and what keeps secrets in this process.
    pub(super) async fn key_status(&self) -> Result<KeyStatus, Problem> {
        // It reads the key's file.
        self.of_store(Store::key_report).await.map(status_of).ok_or_else(ending)
    }
}

fn status_of(report: store::KeyReport) -> KeyStatus {
    let locked = Protection {
        name: "locked-key".to_owned(),
        keeps_off: "the store's key in swap space and core files".to_owned(),
        error: report.locked_memory.err(),
    };
    let measures = hardening::in_force().iter().map(|measure| Protection {
        name: measure.name.to_owned(),
        keeps_off: measure.keeps_off.to_owned(),
        error: measure.in_force.clone().err(),
    });
    KeyStatus {
        source: told(report.source),
        id: report.id,
        place: report.place,
        protects: report.source.protects().to_owned(),
        wanted: match report.choice {
            KeyChoice::Auto => None,
            KeyChoice::Only(source) => Some(told(source)),
        },
        missing: report
            .missing
            .into_iter()
            .map(|(detail, next_step)| MissingKey { detail, next_step })
            .collect(),
        retiring: report.retiring,
        protections: measures.chain([locked]).collect(),
    }
}

fn told(source: store::KeySource) -> KeySource {
    match source {
        store::KeySource::Credential => KeySource::Credential,
        store::KeySource::Keyring => KeySource::Keyring,
        store::KeySource::File => KeySource::File,
    }
}

fn problem(detail: &str, next_step: &str) -> Problem {
    Problem {
        code: Code::ActionRequired,
        detail: detail.to_owned(),
        account: None,
        next_step: next_step.to_owned(),
        retry_after_seconds: None,
    }
}

fn ending() -> Problem {
    problem("boxd is ending", "try again once it runs")
}

fn next_step(error: &MigrateError) -> &'static str {
    match error {
        MigrateError::NotBegun(_) => "nothing was changed: put it right, or choose another source",
        MigrateError::Already => {
            "boxctl key migrate --to file; change the credential; boxctl key migrate --to credential"
        }
        MigrateError::Locked(_) => "see: boxctl key",
        MigrateError::NotFinished(_) => "nothing is lost, and boxd goes on with it; see: boxctl key",
    }
}
