//! What `status` shows of an account.

use boxd_engine::{BootId, Now, Snapshot, State, Way, trouble::Remedy};
use boxd_proto::{AccountStatus, Auth, GrantState, User};

use super::{Broker, account::Account, problems};
use crate::account_name::AccountName;

/// So long before its end a login that is not renewed is spoken of, in milliseconds.
const WARN_BEFORE_MILLIS: i64 = 14 * 24 * 60 * 60 * 1000;

impl Broker {
    /// The account as it stands now.
    pub(super) fn status_of(&self, account: &Account) -> AccountStatus {
        let now = self.clock.now();
        let orphaned = account.held().orphaned;
        let is_logged_out_app = account.is_absent() && self.mints(account);
        let view = account.view.borrow();
        let served = view.serve(now.boot, std::time::Duration::ZERO);
        let seconds = |left: std::time::Duration| u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
        AccountStatus {
            account: account.name.as_str().to_owned(),
            auth: auth(view.way),
            user: view.user.as_ref().map(|user| User {
                id: user.id.clone(),
                login: user.login.clone(),
                name: user.name.clone(),
            }),
            as_of: now.wall.unix_seconds(),
            state: grant_state(view.state),
            token: served.is_some(),
            expires_in_seconds: served.as_ref().map(|served| seconds(served.promised_for)),
            expires_at: served.as_ref().map(|served| now.wall.after(served.promised_for).unix_seconds()),
            box_expires_at: served.as_ref().map(|served| now.wall.after(served.box_for).unix_seconds()),
            life_seconds: view.token.as_ref().map(|token| seconds(token.life)),
            generation: view.generation.0,
            next_refresh_at: view.next_renewal.map(|next| now.date_of(next).unix_seconds()),
            login_deadline: view
                .login_deadline(now, self.clock.boot_id())
                .map(boxd_engine::WallTime::unix_seconds),
            orphaned,
            store_bound: self.store.bound(),
            error: match &view.trouble {
                _ if is_logged_out_app => Some(problems::logged_out_app(&account.name)),
                Some(trouble) => Some(problems::of_trouble(&account.name, trouble)),
                None => None,
            },
            warnings: self.warnings(&account.name, old_age(&account.name, &view, now, self.clock.boot_id())),
        }
    }

    fn warnings(&self, account: &AccountName, old_age: Option<String>) -> Vec<String> {
        let mut warnings: Vec<String> = old_age.into_iter().collect();
        warnings.extend(self.notifier.complaint());
        warnings.push(format!("sealed with {}", self.store.key_source()));
        if let Some(wanted) = self.wanted_key_source() {
            warnings.push(wanted);
        }
        if !self.store.bound() {
            warnings.push("this machine has no stable id: the store is not bound to it".to_owned());
        }
        if let Some(reason) = self.waiting.reason(account) {
            warnings.push(format!("{account}: a new login is saved, but not in its place yet: {reason}"));
        }
        if let Some(default) = self.config().default_account().filter(|name| self.account(name).is_none()) {
            warnings.push(format!("default_account in the config names {default}, which is no account"));
        }
        warnings
    }
}

/// What is to be said of a refresh token that dies before long because something keeps boxd from renewing it.
fn old_age(account: &AccountName, view: &Snapshot, now: Now, boot_id: BootId) -> Option<String> {
    let trouble = view.trouble.as_ref().filter(|trouble| trouble.remedy() != Remedy::Login)?;
    let deadline = view.login_deadline(now, boot_id)?;
    let left = deadline.millis_since(now.wall);
    let days = left.div_euclid(24 * 60 * 60 * 1000);
    (left <= WARN_BEFORE_MILLIS).then(|| {
        let date = boxd_json::date(deadline.unix_seconds());
        if left < 0 {
            return format!(
                "{account}: by this machine's clock its login has ended on {date}, which Box has not said yet ({trouble}); \
                 if it does: boxctl login {account}"
            );
        }
        format!(
            "{account}: its login ends on {date}, in {days} days, unless it is renewed before ({trouble}); then: \
             boxctl login {account}"
        )
    })
}

pub(super) fn grant_state(state: State) -> GrantState {
    match state {
        State::Absent => GrantState::Absent,
        State::Healthy => GrantState::Healthy,
        State::Spending => GrantState::Spending,
        State::InDoubt => GrantState::InDoubt,
        State::Unsaved => GrantState::Unsaved,
        State::Backoff => GrantState::Backoff,
        State::LoginRequired => GrantState::LoginRequired,
        State::ActionRequired => GrantState::ActionRequired,
    }
}

fn auth(way: Option<Way>) -> Auth {
    match way {
        Some(Way::Login) | None => Auth::OAuth2,
        Some(Way::AccessOnly) => Auth::Token,
        Some(Way::ClientCredentials) => Auth::Ccg,
        Some(Way::Jwt) => Auth::Jwt,
    }
}
