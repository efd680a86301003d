//! One round after another: looks at accounts, tells what is new, and remembers it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use boxd_engine::BootTime;

use super::{
    Accounts,
    event::{self, Event},
    memory::{self, Memory, Told},
    news::{self, Kind, News},
    tell,
};
use crate::account_name::AccountName;

/// With more news than that at once the command gets one event for all.
const MANY: usize = 8;
/// What the command did not take is given to it again after this time.
const LATER: Duration = Duration::from_hours(1);
/// Accounts that are looked at in one go; requests of clients come in between.
const IN_ONE_GO: usize = 64;

/// What is known from one round to the next.
pub(super) struct Round<A> {
    accounts: A,
    memory: Memory,
    /// Since when something is wrong with an account.
    wrong_since: BTreeMap<AccountName, BootTime>,
    /// When to look at an account again, though nobody says that it changed.
    again: BTreeMap<AccountName, BootTime>,
    /// Events that the command did not take, and until when it is left alone with them.
    refused: BTreeMap<String, BootTime>,
}

struct Telling {
    account: AccountName,
    kind: Kind,
    told: Told,
    event: Event,
}

impl<A: Accounts> Round<A> {
    pub(super) fn begin(accounts: A, state_dir: &Path) -> Self {
        // All of them are looked at once.
        let now = accounts.now().boot;
        let again = accounts.names().into_iter().map(|name| (name, now)).collect();
        let memory = Memory::open(state_dir);
        Self { accounts, memory, wrong_since: BTreeMap::new(), again, refused: BTreeMap::new() }
    }

    /// Returns when a round is due by itself. A sleep of the machine makes it late; waking tells of all accounts anyway.
    pub(super) async fn next(&self) {
        match self.again.values().min() {
            Some(due) => tokio::time::sleep(due.since(self.accounts.now().boot)).await,
            None => std::future::pending().await,
        }
    }

    /// What the command refused is tried again at the next look.
    pub(super) fn forgive(&mut self) {
        self.refused.clear();
    }

    /// Looks at these accounts and at those that are due; what came of the command, if it was run.
    pub(super) async fn look(&mut self, mut names: BTreeSet<AccountName>) -> Option<Result<(), String>> {
        let now = self.accounts.now().boot;
        self.again.retain(|name, due| {
            let waits = *due > now;
            if !waits {
                names.insert(name.clone());
            }
            waits
        });
        self.refused.retain(|_, until| *until > now);
        let mut changed = false;
        let mut tellings = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            if index % IN_ONE_GO == IN_ONE_GO - 1 {
                tokio::task::yield_now().await;
            }
            changed |= self.look_at(&name, now, &mut tellings);
        }
        let (outcome, told) = self.tell(tellings).await;
        if changed || told {
            self.save().await;
        }
        outcome
    }

    /// Whether the memory changed.
    fn look_at(&mut self, name: &AccountName, now: BootTime, tellings: &mut Vec<Telling>) -> bool {
        let Some(standing) = self.accounts.standing(name) else {
            self.wrong_since.remove(name);
            return self.memory.note(name, &Told::default());
        };
        let since = if standing.fault.is_some() {
            *self.wrong_since.entry(name.clone()).or_insert(now)
        } else {
            self.wrong_since.remove(name);
            now
        };
        let hooked = self.accounts.hook().is_some();
        let verdict = news::of(&standing, now.since(since), self.memory.of(name), hooked);
        if verdict.undecided {
            self.look_again(name, since.after(news::PATIENCE));
        }
        let at = self.accounts.now().wall.unix_seconds();
        for News { kind, told } in verdict.news {
            let event = event::of(name, &standing, &News { kind, told: told.clone() }, at);
            if let Some(until) = self.refused.get(&event.id).copied() {
                self.look_again(name, until);
                continue;
            }
            tell::aloud(&event);
            tellings.push(Telling { account: name.clone(), kind, told, event });
        }
        false
    }

    fn look_again(&mut self, name: &AccountName, at: BootTime) {
        let due = self.again.entry(name.clone()).or_insert(at);
        *due = at.min(*due);
    }

    /// Gives the news to the command, one after the other; what came of it, and whether the memory changed.
    async fn tell(&mut self, tellings: Vec<Telling>) -> (Option<Result<(), String>>, bool) {
        let mut changed = false;
        if tellings.is_empty() {
            return (None, changed);
        }
        let Some(hook) = self.accounts.hook() else {
            for telling in tellings {
                changed |= self.note(telling, false);
            }
            return (None, changed);
        };
        let mut last = None;
        if tellings.len() > MANY {
            let events: Vec<Event> = tellings.iter().map(|telling| telling.event.clone()).collect();
            let event = event::of_several(&events, self.accounts.now().wall.unix_seconds());
            let outcome = tell::through(&hook, &event).await;
            for telling in tellings {
                changed |= self.settle(telling, outcome.is_ok());
            }
            return (Some(outcome), changed);
        }
        for telling in tellings {
            let outcome = tell::through(&hook, &telling.event).await;
            changed |= self.settle(telling, outcome.is_ok());
            last = Some(outcome);
        }
        (last, changed)
    }

    fn settle(&mut self, telling: Telling, delivered: bool) -> bool {
        if delivered {
            return self.note(telling, true);
        }
        let until = self.accounts.now().boot.after(LATER);
        self.look_again(&telling.account, until);
        self.refused.insert(telling.event.id.clone(), until);
        // A warning or an all-clear that nobody heard was not given. A condition was logged at least.
        match telling.kind {
            Kind::Deadline(_) | Kind::Resolved => false,
            Kind::LoginRequired | Kind::ActionRequired | Kind::Unsaved => self.note(telling, false),
        }
    }

    fn note(&mut self, telling: Telling, delivered: bool) -> bool {
        let Telling { account, kind, mut told, .. } = telling;
        if let Kind::Deadline(_) = kind {
            // It came second in its round: how the first one fared is known by now.
            told.condition = self.memory.of(&account).and_then(|told| told.condition.clone());
        } else if let Some(condition) = &mut told.condition {
            condition.delivered = delivered;
        }
        self.memory.note(&account, &told)
    }

    async fn save(&self) {
        let (file, text) = self.memory.page();
        let writing = tokio::task::spawn_blocking(move || {
            memory::write(&file, &text).map_err(|error| format!("{}: {error}", file.display()))
        });
        // It can only fail to join if it panicked, which aborts the process.
        if let Ok(Err(error)) = writing.await {
            tracing::warn!(%error, "what people were told cannot be noted: they may hear it again after a restart");
        }
    }
}

#[cfg(test)]
mod tests;
