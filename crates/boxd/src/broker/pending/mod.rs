//! Logins and imported grants that wait beside the account's own: verified first, then put in its place.

mod candidate;
mod renew;

use std::{sync::Arc, time::Duration};

use boxd_engine::{ClientSecret, Event, Exchange, GrantId, NewGrant, Settings, Trouble, User};
use boxd_proto::{Code, Problem};

pub(super) use self::candidate::Candidate;
use super::{
    Broker,
    application::{Known, read_secret},
    problems,
};
use crate::{
    account_name::AccountName,
    box_api::{Endpoint, MeError},
    store::PendingLogin,
};

/// Pauses before Box is asked again for whom a new login acts, while the person waits.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(4)];
/// Pauses after that, while nobody waits; the last one goes on for ever.
const LATER: [Duration; 3] = [Duration::from_secs(30), Duration::from_mins(1), Duration::from_mins(5)];
const SOON: Duration = Duration::from_secs(10);

/// Why a login is not in its place.
enum Unsettled {
    /// The login is kept, and tried again; `person` where somebody must act first.
    Later { candidate: Candidate, reason: String, person: Option<Problem> },
    /// It never will be: it is dropped.
    Refused(Problem),
}

impl Broker {
    /// Makes a new login durable beside the account's grant; from now on it waits for its place.
    pub(super) async fn begin_waiting(
        &self,
        login: PendingLogin,
    ) -> Result<Candidate, (PendingLogin, Trouble)> {
        let (name, grant) = (login.account.clone(), login.record.grant);
        self.waiting.begin(&name, &login.record);
        // So that `status` and `logout` know of it.
        self.account_or_new(&name);
        match self.hold(login).await {
            Ok(login) => Ok(Candidate::new(login)),
            Err((login, reason)) => {
                self.waiting.end(&name, grant);
                self.sweep();
                Err((login, Trouble::NotSaved(reason)))
            }
        }
    }

    /// Verifies and switches while the person looks on; what takes longer goes on without them.
    pub(super) async fn settle_while_waited_for(&self, mut candidate: Candidate) -> Result<User, Problem> {
        let name = candidate.login.account.clone();
        let mut last_reason = String::new();
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match self.settle(candidate).await {
                Ok(user) => return Ok(user),
                Err(Unsettled::Refused(problem)) => return Err(problem),
                Err(Unsettled::Later { candidate, reason, person: Some(problem) }) => {
                    self.waiting.explain(&name, candidate.login.record.grant, &reason, true);
                    self.settle_later(candidate, SOON);
                    let detail =
                        format!("{}; the account is unchanged, and the new grant is kept", problem.detail);
                    return Err(Problem { detail, ..problem });
                }
                Err(Unsettled::Later { candidate: again, reason, person: None }) => {
                    (candidate, last_reason) = (again, reason);
                }
            }
        }
        self.waiting.explain(&name, candidate.login.record.grant, &last_reason, false);
        self.settle_later(candidate, SOON);
        Err(problems::problem(
            Code::Unavailable,
            &name,
            format!("the login is saved, but not in its place yet: {last_reason}"),
            format!("nothing to do: boxd goes on; see: boxctl status {name}"),
        ))
    }

    /// Goes on with logins that the process before this one did not finish.
    pub(super) fn resume_logins(&self) {
        for login in self.store.pending_logins() {
            let (name, grant) = (login.account.clone(), login.record.grant);
            if self.waiting.is(&name, grant) {
                continue;
            }
            if self.is_in_place(&name, grant) {
                self.store.drop_login(&name, grant);
            } else {
                tracing::info!(account = %name, "a login that was cut short goes on");
                self.waiting.begin(&name, &login.record);
                self.account_or_new(&name);
                self.settle_later(Candidate::resumed(login), Duration::ZERO);
            }
        }
    }

    /// Whether the account holds this very grant, however often it was renewed since.
    fn is_in_place(&self, name: &AccountName, grant: GrantId) -> bool {
        self.account(name).is_some_and(|account| account.held().session.grant() == Some(grant))
    }

    fn settle_later(&self, mut candidate: Candidate, first: Duration) {
        let broker = self.clone();
        tokio::spawn(async move {
            let (name, grant) = (candidate.login.account.clone(), candidate.login.record.grant);
            let last = LATER.last().copied().unwrap_or_default();
            let pauses = std::iter::once(first).chain(LATER).chain(std::iter::repeat(last));
            for pause in pauses {
                tokio::time::sleep(pause).await;
                if broker.is_in_place(&name, grant) {
                    return broker.drop_login(candidate.login).await;
                }
                if !broker.waiting.is(&name, grant) {
                    return tracing::info!(account = %name, "a login gave way to another, or to a logout");
                }
                match broker.settle(candidate).await {
                    Ok(_) => return,
                    Err(Unsettled::Refused(problem)) => {
                        return tracing::error!(account = %name, %problem, "the login was refused");
                    }
                    Err(Unsettled::Later { candidate: again, reason, person }) => {
                        if broker.waiting.explain(&name, grant, &reason, person.is_some()) {
                            tracing::warn!(account = %name, reason, "the new login is not in its place yet");
                        }
                        candidate = again;
                    }
                }
            }
        });
    }

    /// Asks Box whose the login is, and puts it in the account's place.
    async fn settle(&self, candidate: Candidate) -> Result<User, Unsettled> {
        let candidate = if candidate.has_token_at(self.clock.wall()) {
            candidate
        } else {
            self.renew_waiting(candidate).await?
        };
        // Its token must not be used before it is durable.
        let mut candidate = self.hold_again(candidate).await?;
        let user = match self.user_of(&candidate.login).await {
            Ok(user) => user,
            Err(MeError::Rejected) if !candidate.is_rejected_for_good() => {
                return Err(later(candidate, "Box does not accept its token"));
            }
            Err(MeError::Rejected) => {
                let name = &candidate.login.account;
                let problem = problems::problem(
                    Code::LoginRequired,
                    name,
                    "Box does not accept the token that the login brought".into(),
                    format!("log in again: boxctl login {name}"),
                );
                return Err(self.refuse(candidate.login, problem).await);
            }
            Err(MeError::Unreachable(reason) | MeError::Unexpected(reason)) => {
                return Err(later(candidate, &reason));
            }
        };
        if let Some(problem) = self.another_user(&candidate.login, &user) {
            return Err(self.refuse(candidate.login, problem).await);
        }
        match self.settings_for(&candidate.login.account, &candidate.login.record) {
            Ok(settings) => self.put_in_place(candidate.login, user, settings).await,
            // It is good once the config is put back.
            Err(problem) => {
                let reason = problem.detail.clone();
                Err(Unsettled::Later { candidate, reason, person: Some(problem) })
            }
        }
    }

    async fn hold_again(&self, candidate: Candidate) -> Result<Candidate, Unsettled> {
        if candidate.login.is_held {
            return Ok(candidate);
        }
        let Candidate { login, history } = candidate;
        // The place beside the account may be another login's by now.
        if !self.waiting.is(&login.account, login.record.grant) {
            return Err(Unsettled::Refused(gave_way(&login.account)));
        }
        // Its new refresh token is its own from here on, too.
        self.waiting.begin(&login.account, &login.record);
        match self.hold(login).await {
            Ok(login) => Ok(Candidate { login, history }),
            Err((login, reason)) => Err(later(Candidate { login, history }, &reason)),
        }
    }

    /// Makes a login durable beside the account's grant.
    async fn hold(&self, mut login: PendingLogin) -> Result<PendingLogin, (PendingLogin, String)> {
        let store = Arc::clone(&self.store);
        let held = tokio::task::spawn_blocking(move || {
            let held = store.hold_login(&login.account, &login.record, login.replace_user);
            login.is_held = held.is_ok();
            (login, held)
        });
        match held.await {
            Ok((login, Ok(()))) => Ok(login),
            Ok((login, Err(fault))) => Err((login, fault.0)),
            // The store panicked, which aborts the process; or the runtime ends, and this with it.
            Err(_) => std::future::pending().await,
        }
    }

    async fn user_of(&self, login: &PendingLogin) -> Result<User, MeError> {
        let record = &login.record;
        let known = Known::of(record);
        let effective = self
            .effective_for(&login.account, Some(known))
            .map_err(|error| MeError::Unreachable(error.to_string()))?;
        let Some(access) = record.access() else {
            return Err(MeError::Rejected);
        };
        self.api.me(&effective.endpoint, &access.token).await
    }

    /// The problem where the account belongs to somebody else.
    fn another_user(&self, login: &PendingLogin, user: &User) -> Option<Problem> {
        let account = self.account(&login.account)?;
        let held = account.view.borrow().user.clone()?;
        if login.replace_user || held.id == user.id {
            return None;
        }
        let name = &login.account;
        Some(problems::problem(
            Code::ActionRequired,
            name,
            format!(
                "the login is {}'s ({}), but the account holds {}'s ({}); the account stays as it was",
                user.login, user.id, held.login, held.id
            ),
            format!(
                "log in as {}, choose another account name, or: boxctl login {name} --replace-user",
                held.login
            ),
        ))
    }

    /// Ends a login that cannot be used: at Box, and in the store.
    async fn refuse(&self, login: PendingLogin, problem: Problem) -> Unsettled {
        let record = &login.record;
        let known = Known::of(record);
        if let Ok(effective) = self.effective_for(&login.account, Some(known))
            && effective.settings.binding.as_ref() == Some(&record.binding)
        {
            match read_secret(effective.secret).await {
                Ok(secret) => self.revoke_new_grant(&login, &effective.endpoint, &secret).await,
                Err(reason) => tracing::warn!(account = %login.account, reason, "it is not revoked"),
            }
        }
        self.drop_login(login).await;
        Unsettled::Refused(problem)
    }

    /// Best effort: a grant that nobody holds dies by itself after 60 days.
    pub(super) async fn revoke_new_grant(
        &self,
        login: &PendingLogin,
        endpoint: &Endpoint,
        secret: &ClientSecret,
    ) {
        let revoked = self.revoke_login(login, endpoint, secret).await;
        tracing::info!(account = %login.account, revoked, "a login that is not used was to be revoked");
    }

    async fn revoke_login(&self, login: &PendingLogin, endpoint: &Endpoint, secret: &ClientSecret) -> bool {
        let Some(token) = login.record.refresh_token() else { return false };
        let client_id = &login.record.binding.client_id;
        let exchange = self.api.revoke(endpoint, client_id, secret, token.expose()).await;
        matches!(&exchange, Exchange::Reply(reply) if reply.status == 200)
    }

    async fn put_in_place(
        &self,
        login: PendingLogin,
        user: User,
        settings: Settings,
    ) -> Result<User, Unsettled> {
        let name = login.account;
        let account = self.account_or_new(&name);
        let mut record = login.record;
        let grant_id = record.grant;
        // From here to the session nothing is awaited: a logout comes before, or after.
        if !self.waiting.is(&name, grant_id) {
            return Err(Unsettled::Refused(gave_way(&name)));
        }
        record.user = Some(Arc::new(user.clone()));
        let grant = Box::new(NewGrant { record: *record, renew_now: false, settings });
        match self.operate(&account, |operation| Event::Replace { operation, grant }).await {
            Ok(()) => {
                self.forget_application(&account);
                self.drop_login_of(name.clone(), grant_id).await;
                tracing::info!(account = %name, login = %user.login, "logged in");
                Ok(user)
            }
            // What is held durably is still there.
            Err(problem) => Err(match self.store.pending_login(&name) {
                Some(login) if login.record.grant == grant_id => {
                    later(Candidate::new(login), &problem.detail)
                }
                _ => Unsettled::Refused(problem),
            }),
        }
    }

    async fn drop_login(&self, login: PendingLogin) {
        self.drop_login_of(login.account, login.record.grant).await;
    }

    async fn drop_login_of(&self, name: AccountName, grant: GrantId) {
        self.waiting.end(&name, grant);
        let store = Arc::clone(&self.store);
        let dropped = tokio::task::spawn_blocking(move || store.drop_login(&name, grant));
        if dropped.await.is_err() {
            tracing::error!("the store ended");
        }
        self.sweep();
    }

    /// A logout ends the login that waits too: at Box, unless it is to be forgotten only.
    pub(super) async fn log_out_waiting(&self, name: &AccountName, local: bool) -> Result<(), Problem> {
        if !self.waiting.has(name) {
            return Ok(());
        }
        let (store, account) = (Arc::clone(&self.store), name.clone());
        let read = tokio::task::spawn_blocking(move || store.pending_login(&account)).await;
        let Ok(Some(login)) = read else { return Ok(()) };
        let grant = login.record.grant;
        // It must not take its place meanwhile.
        self.waiting.end(name, grant);
        if !local && let Err(reason) = self.revoke_waiting(&login).await {
            self.waiting.begin(name, &login.record);
            let detail =
                format!("the new login that waits could not be revoked ({reason}): nothing is forgotten");
            return Err(problems::unavailable(name, detail, Duration::from_secs(10)));
        }
        self.drop_login_of(name.clone(), grant).await;
        Ok(())
    }

    async fn revoke_waiting(&self, login: &PendingLogin) -> Result<(), String> {
        let record = &login.record;
        let effective =
            self.effective_for(&login.account, Some(Known::of(record))).map_err(|error| error.to_string())?;
        if effective.settings.binding.as_ref() != Some(&record.binding) {
            return Err("the configuration no longer matches the grant".into());
        }
        let secret = read_secret(effective.secret).await?;
        let revoked = self.revoke_login(login, &effective.endpoint, &secret).await;
        if revoked { Ok(()) } else { Err("Box did not confirm it".into()) }
    }
}

fn later(candidate: Candidate, reason: &str) -> Unsettled {
    Unsettled::Later { candidate, reason: reason.to_owned(), person: None }
}

fn gave_way(name: &AccountName) -> Problem {
    problems::problem(
        Code::LoginRequired,
        name,
        "the login gave way to another one, or to a logout".into(),
        format!("see: boxctl status {name}"),
    )
}
