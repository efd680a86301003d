//! What a person's consent leads to: a new grant, held durably, verified, and put in the account's place.

use std::{sync::Arc, time::Duration};

use boxd_engine::{
    Binding, ClientSecret, Credential, Event, Generation, IssuedToken, NewGrant, Record, Registration,
    Settings, User,
};
use boxd_proto::{Code, Problem};
use zeroize::Zeroizing;

use super::{
    Broker,
    application::{Known, read_secret},
    import::new_grant_id,
    problems,
};
use crate::{
    account_name::AccountName,
    box_api::{
        Endpoint, MeError,
        code::{self, CodeError},
    },
    login::{Consent, Redeem},
    store::PendingLogin,
};

/// Pauses before Box is asked again for whom a new login acts, while the person waits.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(4)];
/// Pauses after that, while nobody waits; the last one goes on for ever.
const LATER: [Duration; 3] = [Duration::from_secs(30), Duration::from_mins(1), Duration::from_mins(5)];
const SOON: Duration = Duration::from_secs(10);

/// A code that was not taken yet is sent again for this long: it lives 30 s (Box: guide "OAuth 2.0"), some of
/// which are over.
const CODE_PATIENCE: Duration = Duration::from_secs(20);
const CODE_PAUSE: Duration = Duration::from_secs(1);

/// What is known of a login when it begins.
#[derive(Clone, Debug)]
pub struct LoginContext {
    pub(super) client_id: String,
    pub(super) secret: ClientSecret,
    pub(super) endpoint: Endpoint,
    pub(super) registration: Option<Arc<Registration>>,
    pub(super) replace_user: bool,
}

/// Why a login is not in its place.
enum Unsettled {
    /// Box could not be asked: the login is kept, and Box is asked again.
    Later { login: PendingLogin, reason: String },
    /// It never will be: it is dropped.
    Refused(Problem),
}

impl Redeem for Broker {
    type Context = LoginContext;

    async fn redeem(&self, consent: Consent<LoginContext>) -> Result<User, Problem> {
        let Consent { account: name, code, redirect_uri, code_verifier, context } = consent;
        let record = self.exchange_code(&name, &code, &redirect_uri, &code_verifier, &context).await?;
        let login =
            PendingLogin { account: name, record: Box::new(record), replace_user: context.replace_user };
        let login = self.hold(login, &context).await?;
        self.settle_while_waited_for(login).await
    }
}

impl Broker {
    async fn exchange_code(
        &self,
        name: &AccountName,
        authorization_code: &Zeroizing<String>,
        redirect_uri: &str,
        code_verifier: &Zeroizing<String>,
        context: &LoginContext,
    ) -> Result<Record, Problem> {
        let sent = self.clock.moment();
        let deadline = self.clock.boot().after(CODE_PATIENCE);
        let mut lost = None;
        let tokens = loop {
            let exchange = self.api.authorization_code(
                &context.endpoint,
                &context.client_id,
                &context.secret,
                authorization_code,
                redirect_uri,
                code_verifier,
            );
            match (code::read(&exchange.await), lost.take()) {
                (Ok(tokens), _) => break tokens,
                // Box may have taken the code when its answer was lost; what it says now adds nothing.
                (Err(CodeError::InvalidCode(_)), Some(before)) => {
                    return Err(problems::of_code(name, &before));
                }
                (Err(error @ (CodeError::Unreachable(_) | CodeError::Lost(_))), before)
                    if self.clock.boot() < deadline =>
                {
                    tracing::warn!(account = %name, %error, "the code is sent again");
                    lost = before.or(matches!(error, CodeError::Lost(_)).then_some(error));
                    tokio::time::sleep(CODE_PAUSE).await;
                }
                (Err(error), _) => return Err(problems::of_code(name, &error)),
            }
        };
        let access = IssuedToken { token: tokens.access, sent, life: tokens.expires_in };
        Ok(Record {
            grant: new_grant_id(name)?,
            generation: Generation::default(),
            binding: Binding {
                client_id: context.client_id.clone(),
                token_origin: context.endpoint.token_origin(),
            },
            registration: context.registration.clone(),
            credential: Credential::OAuth2 {
                access: Some(access),
                refresh: tokens.refresh,
                born: sent,
                previous: None,
            },
            user: None,
            logging_out: false,
            unconfirmed: false,
            renamed_from: None,
        })
    }

    /// Makes the login durable before its token is used for the first time.
    async fn hold(&self, login: PendingLogin, context: &LoginContext) -> Result<PendingLogin, Problem> {
        let store = Arc::clone(&self.store);
        let held = tokio::task::spawn_blocking(move || {
            let held = store.hold_login(&login.account, &login.record, login.replace_user);
            (login, held)
        });
        let (login, held) = held.await.map_err(|_panicked| problems::internal("the store ended"))?;
        if let Err(fault) = held {
            self.revoke_new_grant(&login, &context.endpoint, &context.secret).await;
            let trouble = boxd_engine::Trouble::NotSaved(fault.0);
            return Err(problems::of_trouble(&login.account, &trouble));
        }
        Ok(login)
    }

    /// Verifies and switches while the person looks on; what takes longer goes on without them.
    async fn settle_while_waited_for(&self, mut login: PendingLogin) -> Result<User, Problem> {
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
                self.store.drop_login(&login.account);
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
                    broker.drop_login(login.account).await;
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
        self.drop_login(login.account).await;
        Unsettled::Refused(problem)
    }

    /// Best effort: a grant that nobody holds dies by itself after 60 days.
    async fn revoke_new_grant(&self, login: &PendingLogin, endpoint: &Endpoint, secret: &ClientSecret) {
        if let Some(token) = login.record.refresh_token() {
            let client_id = &login.record.binding.client_id;
            let exchange = self.api.revoke(endpoint, client_id, secret, token.expose()).await;
            tracing::info!(account = %login.account, ?exchange, "a login that is not used was revoked");
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
        record.user = Some(Arc::new(user.clone()));
        let grant = Box::new(NewGrant { record: *record, renew_now: false, settings });
        match self.operate(&account, |operation| Event::Replace { operation, grant }).await {
            Ok(()) => {
                self.forget_application(&account);
                self.drop_login(name.clone()).await;
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

    async fn drop_login(&self, name: AccountName) {
        let store = Arc::clone(&self.store);
        let dropped = tokio::task::spawn_blocking(move || store.drop_login(&name));
        if dropped.await.is_err() {
            tracing::error!("the store ended");
        }
    }
}
