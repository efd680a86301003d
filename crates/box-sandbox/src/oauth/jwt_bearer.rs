//! `grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523; Box: guides/authentication/jwt/without-sdk).

use serde_json::Value;

use super::answer::TokenAnswer;
use super::assertion::Assertion;
use super::client::Client;
use super::client_credentials::{open, subject};
use super::error::OAuthError;
use super::form::Form;
use super::grant_type::GrantType;
use super::id::ClientId;
use super::provider::Provider;

/// A constant, whatever URL the request came to: so do all of Box's SDKs have it.
const AUDIENCE: &str = "https://api.box.com/oauth2/token";

/// Seconds that `exp` may be ahead.
const MAX_AHEAD: f64 = 60.0;

pub(super) fn issue(
    provider: &mut Provider,
    now: i64,
    form: &Form,
    id: ClientId,
) -> Result<TokenAnswer, OAuthError> {
    let assertion = form.get("assertion").and_then(Assertion::parse).ok_or(OAuthError::NO_ASSERTION)?;
    let client = provider.clients.get(id);
    check_signature(&assertion, client)?;
    if !client.authorized {
        return Err(OAuthError::NOT_APPROVED);
    }
    if assertion.text("iss") != Some(client.id()) {
        return Err(OAuthError::BAD_ISS);
    }
    let user = subject(provider, id, assertion.text("box_sub_type"), assertion.text("sub"));
    let user = user.ok_or(OAuthError::BAD_SUB)?;
    if assertion.text("aud") != Some(AUDIENCE) {
        return Err(OAuthError::BAD_AUD);
    }
    check_times(&assertion, now)?;

    let jti = assertion.text("jti").filter(|jti| (16..=128).contains(&jti.chars().count()));
    let jti = jti.ok_or(OAuthError::BAD_JTI)?.to_owned();
    if !provider.assertions.insert((id, jti)) {
        return Err(OAuthError::BAD_JTI);
    }
    open(provider, now, id, user, GrantType::JwtBearer)
}

fn check_signature(assertion: &Assertion<'_>, client: &Client) -> Result<(), OAuthError> {
    if assertion.key_id() != Some(client.public_key_id()) {
        return Err(OAuthError::BAD_KID);
    }
    if assertion.is_signed_by(client.public_key.der()) { Ok(()) } else { Err(OAuthError::BAD_SIGNATURE) }
}

/// By the clock of the sandbox alone, without any leeway (box/box-node-sdk#96).
fn check_times(assertion: &Assertion<'_>, now: i64) -> Result<(), OAuthError> {
    #[expect(clippy::cast_precision_loss, reason = "exact for every date up to the year 9999")]
    let now = now as f64;
    let claim = |name| assertion.claims.get(name).map(Value::as_f64);
    let expires = claim("exp").flatten().ok_or(OAuthError::BAD_EXP)?;
    if expires <= now {
        return Err(OAuthError::TOO_LATE);
    }
    if expires > now + MAX_AHEAD {
        return Err(OAuthError::BAD_EXP);
    }
    let began = |name| claim(name).is_none_or(|time| time.is_some_and(|time| time <= now));
    if began("nbf") && began("iat") { Ok(()) } else { Err(OAuthError::TOO_EARLY) }
}
