//! What a person's consent leads to: a code is exchanged for a new grant, which then waits beside the account's own.

use std::{sync::Arc, time::Duration};

use boxd_engine::{Binding, ClientSecret, Credential, Generation, IssuedToken, Record, Registration, User};
use boxd_proto::{Code, Problem};
use zeroize::Zeroizing;

use super::{Broker, import::new_grant_id, problems};
use crate::{
    account_name::AccountName,
    box_api::{
        Endpoint,
        code::{self, CodeError},
    },
    login::{Consent, Redeem},
    store::PendingLogin,
};

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

impl Redeem for Broker {
    type Context = LoginContext;

    async fn redeem(&self, consent: Consent<LoginContext>) -> Result<User, Problem> {
        let Consent { account: name, code, redirect_uri, code_verifier, context } = consent;
        let record = self.exchange_code(&name, &code, &redirect_uri, &code_verifier, &context).await?;
        let replace_user = context.replace_user;
        let login = PendingLogin { account: name, record: Box::new(record), replace_user, is_held: false };
        // Durable before its token is used for the first time.
        match self.begin_waiting(login).await {
            Ok(candidate) => self.settle_while_waited_for(candidate).await,
            Err((login, trouble)) => {
                self.revoke_new_grant(&login, &context.endpoint, &context.secret).await;
                let name = &login.account;
                let detail = format!("the login could not be saved, and is revoked again: {trouble}");
                let next_step = format!("make room on the disk, then: boxctl login {name}");
                Err(problems::problem(Code::ActionRequired, name, detail, next_step))
            }
        }
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
}
