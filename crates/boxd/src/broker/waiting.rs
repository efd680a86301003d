//! Which accounts have a login that waits to take its place, and why it still does.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use boxd_engine::{Credential, GrantId, Record, RefreshToken};

use crate::account_name::AccountName;

/// One login for each account at most: a newer one ends the wait of an older one.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<BTreeMap<AccountName, Waits>>);

#[derive(Debug)]
struct Waits {
    grant: GrantId,
    current: Option<u64>,
    previous: Option<u64>,
    reason: Option<String>,
    /// Nothing can be done before a person acts.
    stuck: bool,
}

impl Waiting {
    /// From now on this grant waits for the account's place, or is known to have these refresh tokens.
    pub(super) fn begin(&self, account: &AccountName, record: &Record) {
        let previous = match &record.credential {
            Credential::OAuth2 { previous, .. } => previous.as_ref(),
            Credential::AccessOnly { .. } | Credential::Server { .. } => None,
        };
        let waits = Waits {
            grant: record.grant,
            current: record.refresh_token().map(RefreshToken::fingerprint),
            previous: previous.map(RefreshToken::fingerprint),
            reason: None,
            stuck: false,
        };
        self.all().insert(account.clone(), waits);
    }

    /// Which account a grant waits for already; not where the same refresh token is brought once more because a
    /// person had to correct something.
    pub(super) fn holder_of(&self, record: &Record, wanted_by: &AccountName) -> Option<AccountName> {
        let token = record.refresh_token().map(RefreshToken::fingerprint)?;
        let all = self.all();
        let (name, waits) =
            all.iter().find(|(_, waits)| waits.current == Some(token) || waits.previous == Some(token))?;
        let again = waits.stuck && name == wanted_by && waits.current == Some(token);
        (!again).then(|| name.clone())
    }

    /// Whether one waits that would be lost if another took its file.
    pub(super) fn must_stay(&self, account: &AccountName) -> bool {
        self.all().get(account).is_some_and(|waits| !waits.stuck)
    }

    /// Whether any does.
    pub(super) fn has(&self, account: &AccountName) -> bool {
        self.all().contains_key(account)
    }

    /// Whether this one still does.
    pub(super) fn is(&self, account: &AccountName, grant: GrantId) -> bool {
        self.all().get(account).is_some_and(|waits| waits.grant == grant)
    }

    /// Notes why this one still waits; `false` where that was known.
    pub(super) fn explain(&self, account: &AccountName, grant: GrantId, reason: &str, stuck: bool) -> bool {
        let mut all = self.all();
        let Some(waits) = all.get_mut(account).filter(|waits| waits.grant == grant) else { return false };
        waits.stuck = stuck;
        if waits.reason.as_deref() == Some(reason) {
            return false;
        }
        waits.reason = Some(reason.to_owned());
        true
    }

    /// Why the account's new login still waits.
    pub(super) fn reason(&self, account: &AccountName) -> Option<String> {
        self.all().get(account)?.reason.clone()
    }

    /// This one waits no longer.
    pub(super) fn end(&self, account: &AccountName, grant: GrantId) {
        let mut all = self.all();
        if all.get(account).is_some_and(|waits| waits.grant == grant) {
            all.remove(account);
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<AccountName, Waits>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
