//! Begins a login in a browser for an account: which application, which endpoints, which redirect URI.

use std::{path::Path, sync::Arc};

use boxd_engine::{ClientSecret, Registration};
use boxd_proto::{BeginLogin, Code, LoginNeeds, Problem, Response};

use super::{
    Broker,
    application::{Known, read_secret},
    import::endpoint_settings,
    problems,
    redeem::LoginContext,
};
use crate::{
    account_name::AccountName,
    box_api::EndpointSettings,
    config::{Effective, EffectiveSecret},
    login::{LIFETIME, LoginPlan, Logins, RedirectUri},
};

impl Broker {
    /// Opens the listener of a login, or says what must be known of the application first.
    pub(super) async fn begin_login(&self, request: BeginLogin) -> Result<Response, Problem> {
        let name = match &request.account {
            Some(name) => name.parse().map_err(|error| problems::invalid_name(&error))?,
            None => self.name_for_new_grant()?,
        };
        self.refuse_locked(&name)?;
        let registration = self.registration_for_login(&name, &request)?;
        let (effective, client_id) = self.application_for_login(&name, &request, registration.as_deref())?;
        let redirect = effective.redirect_uri.clone().unwrap_or_default();
        let secret_is_unknown = matches!(effective.secret, EffectiveSecret::Unknown);
        let Some(client_id) = client_id.filter(|_| !secret_is_unknown) else {
            return Ok(needs(&name, &effective, secret_is_unknown, &redirect));
        };
        let secret = read_secret(effective.secret).await.map_err(|reason| {
            let next_step = format!("correct client_secret of [accounts.{name}], then log in again");
            problems::problem(Code::ActionRequired, &name, reason, next_step)
        })?;
        let plan = LoginPlan {
            account: name,
            authorize_url: effective.endpoint.authorize_url.as_url().clone(),
            client_id: client_id.clone(),
            redirect,
            port: request.port,
            scope: effective.scope,
            lifetime: LIFETIME,
        };
        let context = LoginContext {
            client_id,
            secret,
            endpoint: effective.endpoint,
            registration,
            replace_user: request.replace_user,
        };
        let page = self.logins().begin(plan, context).await?;
        Ok(Response::LoginPage(Box::new(page)))
    }

    /// Waits for the end of a login; a client that goes away ends it.
    pub(super) async fn await_login(&self, login: &str) -> Result<Response, Problem> {
        let logins = self.logins();
        let name = logins.account_of(login)?;
        logins.wait(login).await?;
        // A rename may have followed at once.
        let account = self.account_or_new(&name);
        Ok(Response::Account(Box::new(self.status_of(&account))))
    }

    /// All logins that wait for a person.
    pub(super) fn logins(&self) -> &Logins<Self> {
        self.logins.get_or_init(|| Logins::new(self.clone()))
    }

    /// What will be stored with the grant: what the person gave now, else what is stored with the account.
    fn registration_for_login(
        &self,
        name: &AccountName,
        request: &BeginLogin,
    ) -> Result<Option<Arc<Registration>>, Problem> {
        let held = self.account(name).and_then(|account| account.held().session.registration());
        let endpoints = endpoint_settings(&request.endpoints);
        if request.client_id.is_none() && request.client_secret.is_none() && endpoints.is_empty() {
            return Ok(held.filter(|held| held.server_auth.is_none()));
        }
        let mut checked = EndpointSettings::default();
        for (key, value) in &endpoints {
            checked.set(key, value, Path::new("/")).map_err(|error| {
                let next_step = "correct it and log in again".to_owned();
                problems::problem(Code::BadRequest, name, format!("{key}: {error}"), next_step)
            })?;
        }
        let endpoints = match held {
            Some(held) if endpoints.is_empty() => held.endpoints.clone(),
            _ => endpoints,
        };
        let client_secret = request.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose()));
        Ok(Some(Arc::new(Registration { client_secret, endpoints, ..Registration::default() })))
    }

    /// What is in force, with the client id where it is known.
    fn application_for_login(
        &self,
        name: &AccountName,
        request: &BeginLogin,
        registration: Option<&Registration>,
    ) -> Result<(Effective, Option<String>), Problem> {
        let held = self
            .account(name)
            .and_then(|account| account.held().session.application().map(|(binding, _)| binding.clone()));
        let held = held.filter(|binding| !binding.client_id.is_empty());
        // A secret that was stored with the account stays with its endpoint; one that was given now is for this one.
        let token_origin = match &request.client_secret {
            Some(_) => None,
            None => held.as_ref().map(|binding| binding.token_origin.clone()),
        };
        let client_id = request.client_id.clone().or(held.map(|binding| binding.client_id));
        let known = Known {
            client_id: client_id.as_deref().unwrap_or_default(),
            token_origin: token_origin.as_deref(),
            registration,
        };
        let effective = self.effective_for(name, Some(known)).map_err(|error| {
            let next_step = "correct the config, then: boxctl reload".to_owned();
            problems::problem(Code::ActionRequired, name, error.to_string(), next_step)
        })?;
        if effective.settings.server_auth.is_some() {
            return Err(problems::problem(
                Code::BadRequest,
                name,
                "the config lets this account's application mint its tokens: there is no login".into(),
                format!("log in under another name, or take `auth` out of [accounts.{name}]"),
            ));
        }
        let client_id = effective.settings.binding.as_ref().map(|binding| binding.client_id.clone());
        let client_id = client_id.filter(|id| !id.is_empty());
        if let (Some(given), Some(configured)) = (&request.client_id, &client_id)
            && given != configured
        {
            return Err(problems::problem(
                Code::BadRequest,
                name,
                format!("the config says client_id {configured} for this account, not {given}"),
                "leave BOX_CLIENT_ID out, or change the config".into(),
            ));
        }
        Ok((effective, client_id))
    }
}

fn needs(name: &AccountName, effective: &Effective, client_secret: bool, redirect: &RedirectUri) -> Response {
    let client_id = effective.settings.binding.as_ref().map(|binding| binding.client_id.clone());
    Response::LoginNeeds(Box::new(LoginNeeds {
        account: name.as_str().to_owned(),
        client_id: client_id.filter(|id| !id.is_empty()),
        client_secret,
        registered_uri: redirect.registered(),
    }))
}
