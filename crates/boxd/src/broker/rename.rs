//! Gives an account another name, and finishes renames that a crash cut short.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use boxd_engine::{Event, Generation, Loaded, NewGrant, Record};
use boxd_proto::{AccountStatus, Code, Problem};

use super::{Broker, account::Account, problems};
use crate::account_name::AccountName;

impl Broker {
    /// Moves a grant to another name. The old file is given up only after the new one is durable; a crash
    /// in between leaves both, and the next start finishes the rename.
    pub(super) async fn rename(
        &self,
        from: &AccountName,
        to: &AccountName,
    ) -> Result<AccountStatus, Problem> {
        let _one_at_a_time = self.custody.lock().await;
        self.refuse_locked(from)?;
        self.refuse_locked(to)?;
        let old = self.held_account(from)?;
        if self.mints(&old) && self.config().accounts().contains_key(from) {
            return Err(problems::problem(
                Code::BadRequest,
                from,
                "the account is an app of the config: its name stands there".into(),
                format!("rename [accounts.{from}] in the config file, then: boxctl reload"),
            ));
        }
        if self.account(to).is_some_and(|account| !account.is_absent()) {
            return Err(problems::problem(
                Code::BadRequest,
                to,
                "an account of this name exists already".into(),
                format!("choose another name, or log it out first: boxctl logout {to}"),
            ));
        }
        if self.waiting.has(from) || self.waiting.has(to) {
            let detail = "a new login of the account is not in its place yet".to_owned();
            return Err(problems::unavailable(from, detail, Duration::from_secs(30)));
        }
        let Some(mut record) = self.detach_soon(&old).await else {
            let detail = "the account is busy or in doubt, and cannot be renamed now".to_owned();
            return Err(problems::unavailable(from, detail, Duration::from_secs(10)));
        };
        record.renamed_from = Some(from.as_str().to_owned());
        let result = self.settle_under(to, *record).await;
        if result.is_ok() {
            self.operate(&old, |operation| Event::Logout { operation, local: true }).await?;
            old.set_moved_to(self.account(to));
            tracing::info!(account = %to, %from, "renamed");
            self.sweep();
        } else {
            // The new file may be there, if not for good. The old one is untouched: the account is read from it again.
            if let Some(new) = self.account(to) {
                drop(self.operate(&new, |operation| Event::Logout { operation, local: true }).await);
                self.sweep();
            }
            drop(self.read_again(from));
        }
        result
    }

    /// A rename that a crash cut short left the same grant under both names: the old one is given up, so
    /// that the grant has one owner.
    pub(super) fn finish_renames(&self, loaded: &mut BTreeMap<AccountName, Loaded>) {
        for (old, highest) in given_up(loaded) {
            match self.store.forget(&old, highest) {
                Ok(()) => tracing::info!(account = %old, "a rename that was cut short is finished"),
                Err(error) => tracing::error!(account = %old, %error, "a rename could not be finished"),
            }
            loaded.insert(old, Loaded::Absent { highest });
        }
    }

    /// Reads an account from the store again, in place of what memory had of it.
    pub(super) fn read_again(&self, name: &AccountName) -> Arc<Account> {
        let account = self.load(name);
        self.replace(&account);
        self.tell(&account, Event::Tick);
        account
    }

    /// Puts an account in the place of what bore its name.
    pub(super) fn replace(&self, account: &Arc<Account>) {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account.name.clone(), Arc::clone(account));
    }

    /// Takes the record out; a write that is under way, such as the user's name after an import, is waited for.
    async fn detach_soon(&self, account: &Arc<Account>) -> Option<Box<Record>> {
        const STEP: Duration = Duration::from_millis(25);
        for _ in 0..200 {
            let record = self.with_session(account, |session, _| (session.detach(), Vec::new()));
            if record.is_some() {
                return record;
            }
            tokio::time::sleep(STEP).await;
        }
        None
    }

    async fn settle_under(&self, to: &AccountName, record: Record) -> Result<AccountStatus, Problem> {
        let settings = self.settings_for(to, &record)?;
        let account = self.account_or_new(to);
        let grant = Box::new(NewGrant { record, renew_now: false, settings });
        self.operate(&account, |operation| Event::Replace { operation, grant }).await?;
        account.set_moved_to(None);
        self.forget_application(&account);
        Ok(self.status_of(&account))
    }
}

/// Which accounts share their grant with another that has it rightly, with their last generation.
fn given_up(loaded: &BTreeMap<AccountName, Loaded>) -> BTreeMap<AccountName, Generation> {
    let record = |name: &AccountName| match loaded.get(name)? {
        Loaded::Grant { record, .. } => Some(record),
        Loaded::Absent { .. } | Loaded::Damaged { .. } | Loaded::Locked { .. } => None,
    };
    let old_name = |record: &Record| record.renamed_from.as_deref()?.parse::<AccountName>().ok();
    let given_up = |new_name: &AccountName| {
        let new = record(new_name)?;
        let old_name_of_new = old_name(new).filter(|old| old != new_name)?;
        let old = record(&old_name_of_new).filter(|old| old.grant == new.grant)?;
        // A rename that failed leaves the old account alive: then the new name holds a refresh token that was spent.
        // Renamed there and back, each is the old one of the other, and either may go.
        let mutual = old_name(old).as_ref() == Some(new_name);
        let born = |record: &Record| record.refresh_born().map(|born| born.wall);
        let old_stays = match born(old).cmp(&born(new)) {
            Ordering::Greater => true,
            Ordering::Equal => mutual && old_name_of_new > *new_name,
            Ordering::Less => false,
        };
        Some(if old_stays { (new_name.clone(), new.generation) } else { (old_name_of_new, old.generation) })
    };
    loaded.keys().filter_map(given_up).collect()
}

#[cfg(test)]
mod tests {
    use boxd_engine::{Binding, Credential, GrantId, Moment, RefreshToken, WallTime};

    use super::*;

    fn name(text: &str) -> AccountName {
        text.parse().expect("a valid name")
    }

    /// The same grant under this name, with a refresh token of this date.
    fn copy(account: &str, renamed_from: Option<&str>, born: i64) -> (AccountName, Loaded) {
        let record = Record {
            grant: GrantId([7; 16]),
            generation: Generation(3),
            binding: Binding::default(),
            registration: None,
            credential: Credential::OAuth2 {
                access: None,
                refresh: RefreshToken::new("refresh"),
                born: Moment { wall: WallTime(born), ..Moment::default() },
                previous: None,
            },
            user: None,
            logging_out: false,
            unconfirmed: false,
            renamed_from: renamed_from.map(str::to_owned),
        };
        let grant =
            Loaded::Grant { record: Box::new(record), in_doubt: false, foreign: false, rewrite: false };
        (name(account), grant)
    }

    #[test]
    fn a_rename_cut_short_gives_up_the_old_name() {
        let loaded = BTreeMap::from([copy("a", None, 0), copy("b", Some("a"), 0)]);
        assert_eq!(given_up(&loaded), BTreeMap::from([(name("a"), Generation(3))]));
    }

    #[test]
    fn a_rename_that_failed_is_not_finished_once_the_old_account_went_on() {
        let loaded = BTreeMap::from([copy("a", None, 1), copy("b", Some("a"), 0)]);
        assert_eq!(given_up(&loaded), BTreeMap::from([(name("b"), Generation(3))]));
    }

    #[test]
    fn a_rename_back_cut_short_keeps_one_of_both() {
        let loaded = BTreeMap::from([copy("a", Some("b"), 0), copy("b", Some("a"), 0)]);
        assert_eq!(given_up(&loaded).len(), 1);
    }

    #[test]
    fn a_rename_back_cut_short_keeps_the_newer_refresh_token() {
        let loaded = BTreeMap::from([copy("a", Some("b"), 0), copy("b", Some("a"), 1)]);
        assert_eq!(given_up(&loaded), BTreeMap::from([(name("a"), Generation(3))]));
        let loaded = BTreeMap::from([copy("a", Some("b"), 1), copy("b", Some("a"), 0)]);
        assert_eq!(given_up(&loaded), BTreeMap::from([(name("b"), Generation(3))]));
    }
}
