//! Logins and imported grants that wait beside the account's own: verified first, then put in its place.

use std::{sync::Arc, time::Duration};

use boxd_engine::{
    ClientSecret, Credential, Event, GrantId, IssuedToken, NewGrant, Settings, User, Verdict, classify,
};
use boxd_proto::{Code, Problem};

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
    /// Box could not be asked: the login is kept, and Box is asked again.
    Later { login: PendingLogin, reason: String },
    /// It never will be: it is dropped.
    Refused(Problem),
}

impl Broker {
    /// Verifies and switches while the person looks on; what takes longer goes on without them.
    pub(super) async fn settle_while_waited_for(&self, mut login: PendingLogin) -> Result<User, Problem> {
        let mut last_reason = String::new();
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match self.settle(login).await {
                Ok(user) => return Ok(user),
                Err(Unsettled::Refused(problem)) => return Err(problem),
                Err(Unsettled::Later { login: again, reason }) => (login, last_reason) = (again, reason),
            }
        }
        let name = login.account.clone();
        self.settle_later(login, SOON);
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
            if self.is_settled(&login) {
                self.store.drop_login(&login.account, login.record.grant);
            } else {
                tracing::info!(account = %login.account, "a login that was cut short goes on");
                self.settle_later(login, Duration::ZERO);
            }
        }
    }

    /// Whether the account holds this very grant, or one that is younger.
    fn is_settled(&self, login: &PendingLogin) -> bool {
        let Some(account) = self.account(&login.account) else { return false };
        let held = account.view.borrow().refresh_born;
        held.zip(login.record.refresh_born()).is_some_and(|(held, new)| held.wall >= new.wall)
    }

    fn settle_later(&self, mut login: PendingLogin, first: Duration) {
        let broker = self.clone();
        tokio::spawn(async move {
            let last = LATER.last().copied().unwrap_or_default();
            let pauses = std::iter::once(first).chain(LATER).chain(std::iter::repeat(last));
            for pause in pauses {
                tokio::time::sleep(pause).await;
                if broker.is_settled(&login) {
                    broker.drop_login(login.account, login.record.grant).await;
                    return;
                }
                let name = login.account.clone();
                match broker.settle(login).await {
                    Ok(_) => return,
                    Err(Unsettled::Refused(problem)) => {
                        return tracing::error!(account = %name, %problem, "the login was refused");
                    }
                    Err(Unsettled::Later { login: again, reason }) => {
                        tracing::warn!(account = %name, reason, "the new login is not in its place yet");
                        login = again;
                    }
                }
            }
        });
    }

    /// Asks Box whose the login is, and puts it in the account's place.
    async fn settle(&self, login: PendingLogin) -> Result<User, Unsettled> {
        let login = match login.record.access() {
            Some(_) => login,
            None => self.renew_waiting(login).await?,
        };
        // Its token must not be used before it is durable.
        let login = self.hold_again(login).await?;
        let user = match self.user_of(&login).await {
            Ok(user) => user,
            Err(MeError::Rejected) => {
                let problem = problems::problem(
                    Code::LoginRequired,
                    &login.account,
                    "Box does not accept the token that the login brought".into(),
                    format!("log in again: boxctl login {}", login.account),
                );
                return Err(self.refuse(login, problem).await);
            }
            Err(MeError::Unreachable(reason) | MeError::Unexpected(reason)) => {
                return Err(Unsettled::Later { login, reason });
            }
        };
        if let Some(problem) = self.another_user(&login, &user) {
            return Err(self.refuse(login, problem).await);
        }
        match self.settings_for(&login.account, &login.record) {
            Ok(settings) => self.put_in_place(login, user, settings).await,
            Err(problem) => Err(self.refuse(login, problem).await),
        }
    }

    /// Spends the refresh token of an imported grant once. Where the answer is lost the same one is sent again:
    /// Box answers with the same pair until that is used.
    async fn renew_waiting(&self, mut login: PendingLogin) -> Result<PendingLogin, Unsettled> {
        let record = &login.record;
        let name = login.account.clone();
        let effective = match self.effective_for(&name, Some(Known::of(record))) {
            Ok(effective) if effective.settings.binding.as_ref() == Some(&record.binding) => effective,
            Ok(_) => return Err(later(login, "the configuration no longer matches the grant")),
            Err(error) => return Err(later(login, &error.to_string())),
        };
        let secret = match read_secret(effective.secret).await {
            Ok(secret) => secret,
            Err(reason) => return Err(later(login, &reason)),
        };
        let Some(token) = record.refresh_token() else { return Ok(login) };
        let sent = self.clock.moment();
        let client_id = &record.binding.client_id;
        let exchange = self.api.refresh(&effective.endpoint, client_id, &secret, token.expose()).await;
        match classify(&exchange) {
            Verdict::Granted(tokens) => {
                let access = IssuedToken { token: tokens.access, sent, life: tokens.expires_in };
                let old = match login.record.credential {
                    Credential::OAuth2 { refresh, .. } => Some(refresh),
                    Credential::AccessOnly { .. } | Credential::Server { .. } => None,
                };
                login.record.credential = Credential::OAuth2 {
                    access: Some(access),
                    refresh: tokens.refresh,
                    born: sent,
                    previous: old,
                };
                login.is_held = false;
                Ok(login)
            }
            Verdict::Harmless { trouble, .. } | Verdict::Doubt { trouble, .. } => {
                Err(later(login, &trouble.to_string()))
            }
            Verdict::InvalidGrant(described) => {
                self.drop_login(name.clone(), login.record.grant).await;
                Err(Unsettled::Refused(problems::spent_import(&name, &described)))
            }
            Verdict::Operator(trouble) => {
                self.drop_login(name.clone(), login.record.grant).await;
                Err(Unsettled::Refused(problems::of_trouble(&name, &trouble)))
            }
        }
    }

    async fn hold_again(&self, login: PendingLogin) -> Result<PendingLogin, Unsettled> {
        if login.is_held {
            return Ok(login);
        }
        match self.hold(login).await {
            Ok(login) => Ok(login),
            Err((login, reason)) => Err(Unsettled::Later { login, reason }),
        }
    }

    /// Makes a login durable beside the account's grant.
    pub(super) async fn hold(&self, mut login: PendingLogin) -> Result<PendingLogin, (PendingLogin, String)> {
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
        self.drop_login(login.account, login.record.grant).await;
        Unsettled::Refused(problem)
    }

    /// Best effort: a grant that nobody holds dies by itself after 60 days.
    pub(super) async fn revoke_new_grant(
        &self,
        login: &PendingLogin,
        endpoint: &Endpoint,
        secret: &ClientSecret,
    ) {
        if let Some(token) = login.record.refresh_token() {
            let client_id = &login.record.binding.client_id;
            let exchange = self.api.revoke(endpoint, client_id, secret, token.expose()).await;
            let came_through =
                matches!(&exchange, boxd_engine::Exchange::Reply(reply) if reply.status == 200);
            tracing::info!(account = %login.account, came_through, "a login that is not used was revoked");
        }
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
        record.user = Some(Arc::new(user.clone()));
        let grant = Box::new(NewGrant { record: *record, renew_now: false, settings });
        match self.operate(&account, |operation| Event::Replace { operation, grant }).await {
            Ok(()) => {
                self.forget_application(&account);
                self.drop_login(name.clone(), grant_id).await;
                tracing::info!(account = %name, login = %user.login, "logged in");
                Ok(user)
            }
            // What is held durably is still there.
            Err(problem) => Err(match self.store.pending_login(&name) {
                Some(login) => Unsettled::Later { login, reason: problem.detail },
                None => Unsettled::Refused(problem),
            }),
        }
    }

    async fn drop_login(&self, name: AccountName, grant: GrantId) {
        let store = Arc::clone(&self.store);
        let dropped = tokio::task::spawn_blocking(move || store.drop_login(&name, grant));
        if dropped.await.is_err() {
            tracing::error!("the store ended");
        }
    }
}

fn later(login: PendingLogin, reason: &str) -> Unsettled {
    Unsettled::Later { login, reason: reason.to_owned() }
}
