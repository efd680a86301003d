//! The endpoints of the authorization server and of its resources; the token endpoint finds the grant type here.

use url::Url;

use super::answer::TokenAnswer;
use super::assertion::Assertion;
use super::authorize::{self, Refusal, Request};
use super::code::Code;
use super::error::OAuthError;
use super::form::Form;
use super::grant_type::GrantType;
use super::id::UserId;
use super::limit::Party;
use super::provider::Provider;
use super::user::User;
use super::{
    authorization_code, client_credentials, consent, jwt_bearer, refresh, resource, revoke, token_exchange,
};
use crate::fault::Endpoint;

impl Provider {
    /// The token endpoint. `authorization` is the value of that header: Box takes credentials in the body only.
    ///
    /// # Errors
    /// Exactly those that Box is known to give; the grant is untouched then.
    pub fn token(
        &mut self,
        now: i64,
        form: &Form,
        authorization: Option<&str>,
    ) -> Result<TokenAnswer, OAuthError> {
        let grant_type = form.get("grant_type").and_then(GrantType::parse);
        let grant_type = grant_type.ok_or(OAuthError::BAD_GRANT_TYPE)?;
        let issue = match grant_type {
            GrantType::AuthorizationCode => authorization_code::issue,
            GrantType::RefreshToken => refresh::issue,
            GrantType::JwtBearer => jwt_bearer::issue,
            // These two see to the client's credentials in ways of their own.
            GrantType::ClientCredentials => return client_credentials::issue(self, now, form, authorization),
            GrantType::TokenExchange => return token_exchange::issue(self, now, form, authorization),
        };
        let client = self.clients.authenticate(form, authorization)?;
        self.clients.get(client).may_use(grant_type)?;
        let result = issue(self, now, form, client);
        self.bury(now);
        result
    }

    /// The revocation endpoint (RFC 7009): an access or refresh token ends its whole grant, an unknown one nothing.
    ///
    /// # Errors
    /// Wrong client credentials, or no token named.
    pub fn revoke(&mut self, now: i64, form: &Form, authorization: Option<&str>) -> Result<(), OAuthError> {
        let client = self.clients.authenticate(form, authorization)?;
        let result = revoke::revoke(self, now, form, client);
        self.bury(now);
        result
    }

    /// The user that a valid access token stands for; this counts as a use of it. `None` where Box answers 401.
    pub fn user(&mut self, now: i64, access_token: &str) -> Option<User> {
        let user = resource::user(self, now, access_token);
        self.bury(now);
        user
    }

    /// The authorization endpoint's first half: may this be put before a user?
    ///
    /// # Errors
    /// A page or a redirect that says why not.
    pub fn authorize(&self, query: &Form) -> Result<Request, Refusal> {
        authorize::request(&self.clients, query)
    }

    /// The second half: where the browser goes with the user's answer; `None` denies.
    pub fn consent(&mut self, now: i64, request: Request, user: Option<UserId>) -> Url {
        consent::answer(self, now, request, user)
    }

    /// Counts a request against the limits, or says for how many seconds it has to wait.
    ///
    /// # Errors
    /// Seconds for `retry-after`.
    pub fn pass(
        &mut self,
        now: i64,
        endpoint: Endpoint,
        form: &Form,
        bearer: Option<&str>,
    ) -> Result<(), u64> {
        if self.gate.is_open() {
            return Ok(());
        }
        let party = self.party(form, bearer);
        self.gate.pass(now, endpoint, party)
    }

    fn party(&self, form: &Form, bearer: Option<&str>) -> Party {
        let tokens =
            ["refresh_token", "subject_token", "token"].into_iter().filter_map(|name| form.get(name));
        let holder = bearer.into_iter().chain(tokens).find_map(|token| self.holder_of(token));
        let holder =
            holder.or_else(|| form.get("code").and_then(|code| self.codes.get(code)).map(Code::holder));
        let client = form.get("client_id").and_then(|id| self.clients.find(id));
        let assertion = form.get("assertion").and_then(Assertion::parse);
        let subject = assertion.as_ref().and_then(|assertion| assertion.text("sub"));
        let subject = subject.or(form.get("box_subject_id")).and_then(|id| self.directory.find(id));
        Party {
            client: client.or(holder.map(|holder| holder.client)),
            user: holder.map(|holder| holder.user).or(subject),
        }
    }
}
