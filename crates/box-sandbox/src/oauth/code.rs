//! `grant_type=authorization_code` (RFC 6749, section 4.1.3), and the codes that it exchanges.

use super::authorize::Challenge;
use super::client::ClientId;
use super::grant::Token;
use super::grant_type::{GrantType, Origin};
use super::{Form, Holder, OAuthError, Provider, TokenAnswer};
use crate::journal::{Event, Kind};

/// An authorization code and what it was asked for with.
#[derive(Debug)]
pub(super) struct Code {
    token: Token,
    holder: Holder,
    redirect_uri: Option<String>,
    challenge: Option<Challenge>,
    spent: bool,
}

const ORIGIN: Origin = Origin::Grant(GrantType::AuthorizationCode);

impl Code {
    pub(super) fn issue(
        provider: &mut Provider,
        now: i64,
        holder: Holder,
        redirect_uri: Option<String>,
        challenge: Option<Challenge>,
    ) -> String {
        let token = Token::new(provider.mint.alphanumeric(32), now, provider.lifetimes.code);
        let value = token.value.clone();
        provider.record_issue(now, Kind::Code, &token, None, ORIGIN, &holder, None);
        let code = Self { token, holder, redirect_uri, challenge, spent: false };
        provider.codes.insert(value.clone(), code);
        value
    }

    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    fn check(&self, form: &Form, now: i64, client: ClientId) -> Result<(), OAuthError> {
        let same_uri = form.get("redirect_uri").is_none_or(|uri| self.redirect_uri.as_deref() == Some(uri));
        let verifier = form.get("code_verifier").unwrap_or_default();
        let proven = self.challenge.as_ref().is_none_or(|challenge| challenge.is_met_by(verifier));
        if self.spent || self.holder.client != client || !same_uri || !proven {
            return Err(OAuthError::BAD_CODE);
        }
        if self.token.is_valid(now) { Ok(()) } else { Err(OAuthError::EXPIRED_CODE) }
    }
}

/// Spends the code; a refusal leaves it as it was.
pub(super) fn issue(
    provider: &mut Provider,
    now: i64,
    form: &Form,
    client: ClientId,
) -> Result<TokenAnswer, OAuthError> {
    let value = form.get("code").ok_or(OAuthError::NO_CODE)?;
    let code = provider.codes.get_mut(value).ok_or(OAuthError::BAD_CODE)?;
    code.check(form, now, client)?;
    code.spent = true;
    let holder = code.holder.clone();
    let view = provider.open(now, holder, ORIGIN, true);
    let used =
        Event::Used { grant: Some(view.grant), kind: Kind::Code, token: value.to_owned(), first: true };
    provider.journal.record(now, used);
    let grant = provider.grants.get(&view.grant).ok_or(OAuthError::BAD_CODE)?;
    grant.first_answer(now).ok_or(OAuthError::BAD_CODE)
}
