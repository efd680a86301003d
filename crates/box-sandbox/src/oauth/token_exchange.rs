//! `grant_type=urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693; Box: guides/authentication/tokens/downscope).

use super::answer::TokenAnswer;
use super::bare::Opening;
use super::error::OAuthError;
use super::form::Form;
use super::grant_type::{GrantType, Origin};
use super::holder::Holder;
use super::provider::Provider;
use super::scope::Scopes;
use super::token::Token;

/// What goes in and what comes out (RFC 8693, section 3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(super) fn issue(
    provider: &mut Provider,
    now: i64,
    form: &Form,
    authorization: Option<&str>,
) -> Result<TokenAnswer, OAuthError> {
    // Box needs no client credentials here, but wrong ones are wrong.
    let named = form.get("client_id").or(form.get("client_secret")).or(authorization);
    let client = named.map(|_| provider.clients.authenticate(form, authorization)).transpose()?;

    let subject = form.get("subject_token").ok_or(OAuthError::BAD_SUBJECT_TOKEN)?;
    if form.get("subject_token_type") != Some(ACCESS_TOKEN) {
        return Err(OAuthError::BAD_SUBJECT_TOKEN);
    }
    let parent = provider.live_access(now, subject).ok_or(OAuthError::BAD_SUBJECT_TOKEN)?;
    if client.is_some_and(|client| client != parent.holder.client) {
        return Err(OAuthError::BAD_SUBJECT_TOKEN);
    }
    let parent_restriction = parent.restriction.cloned();
    let (seconds_left, parent_holder) = (parent.token.seconds_left(now), parent.holder.clone());
    provider.clients.get(parent_holder.client).may_use(GrantType::TokenExchange)?;

    let scope = wanted_scopes(provider, form, &parent_holder)?;
    let restriction = provider.content.wanted(form)?;
    let restriction = match parent_restriction {
        // What the parent is restricted to holds for its children; another object is out of its reach.
        Some(held) if held.0.is_some() && restriction.0.is_none() => held,
        Some(held) if held.0.is_some() && restriction != held => return Err(OAuthError::BAD_RESOURCE),
        _ => restriction,
    };

    let life = provider.lifetimes.next_access(&mut provider.mint).min(seconds_left);
    let token = Token::new(format!("1!{}", provider.mint.alphanumeric(180)), now, life);
    let answer = TokenAnswer {
        restricted_to: restriction.of(&scope),
        issued_token_type: Some(ACCESS_TOKEN),
        ..TokenAnswer::new(&token, None, now)
    };
    let opening = Opening {
        token,
        holder: Holder { scope, ..parent_holder },
        origin: Origin::Grant(GrantType::TokenExchange),
        parent: Some(subject.to_owned()),
        restriction: Some(restriction),
    };
    provider.open_access(now, opening);
    Ok(answer)
}

fn wanted_scopes(provider: &Provider, form: &Form, parent: &Holder) -> Result<Scopes, OAuthError> {
    let wanted = Scopes::parse(form.get("scope").unwrap_or_default());
    if wanted.is_empty() {
        return Err(OAuthError::bad_scope("none given"));
    }
    let client = provider.clients.get(parent.client);
    let held = if parent.scope.is_empty() { &client.scopes } else { &parent.scope };
    let denied = wanted.iter().find(|scope| client.denied_scopes.contains(scope));
    match denied.or(held.first_missing(&wanted)).or(client.scopes.first_missing(&wanted)) {
        Some(scope) => Err(OAuthError::bad_scope(scope)),
        None => Ok(wanted),
    }
}
