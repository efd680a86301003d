//! `grant_type=client_credentials` (RFC 6749, section 4.4; Box: guides/authentication/client-credentials).

use super::answer::TokenAnswer;
use super::bare::Opening;
use super::error::OAuthError;
use super::form::Form;
use super::grant_type::{GrantType, Origin};
use super::holder::Holder;
use super::id::{ClientId, UserId};
use super::provider::Provider;
use super::scope::Scopes;
use super::token::Token;
use super::user::{Directory, ENTERPRISE_ID};

pub(super) fn issue(
    provider: &mut Provider,
    now: i64,
    form: &Form,
    authorization: Option<&str>,
) -> Result<TokenAnswer, OAuthError> {
    let id = provider.clients.identify(form, authorization)?;
    let client = provider.clients.get(id);
    client.may_use(GrantType::ClientCredentials)?;
    // Unlike everywhere else, Box blames the grant for a wrong secret (guides/authentication/client-credentials).
    if form.get("client_secret") != Some(client.secret()) || !client.authorized {
        return Err(OAuthError::BAD_CREDENTIALS);
    }
    let subject = subject(provider, id, form.get("box_subject_type"), form.get("box_subject_id"));
    let user = subject.ok_or(OAuthError::BAD_CREDENTIALS)?;
    open(provider, now, id, user, GrantType::ClientCredentials)
}

/// Whom an app asks to act for, or nobody.
pub(super) fn subject(
    provider: &mut Provider,
    client: ClientId,
    kind: Option<&str>,
    id: Option<&str>,
) -> Option<UserId> {
    match (kind?, id?) {
        ("enterprise", ENTERPRISE_ID) => Some(provider.directory.service_account(client)),
        ("user", id) => {
            let user = provider.directory.find(id).filter(|user| String::from(*user) == id)?;
            (!Directory::is_service_account(user)).then_some(user)
        }
        _ => None,
    }
}

/// The end of both server grants: a token that lives on its own.
pub(super) fn open(
    provider: &mut Provider,
    now: i64,
    client: ClientId,
    user: UserId,
    grant_type: GrantType,
) -> Result<TokenAnswer, OAuthError> {
    if Directory::is_person(user) && !provider.clients.get(client).user_tokens {
        return Err(OAuthError::NO_USER_TOKEN);
    }
    let life = provider.lifetimes.next_access(&mut provider.mint);
    let token = Token::new(provider.mint.alphanumeric(32), now, life);
    let answer = TokenAnswer::new(&token, None, now);
    let holder = Holder { client, user, scope: Scopes::default() };
    let origin = Origin::Grant(grant_type);
    provider.open_access(now, Opening { token, holder, origin, parent: None, restriction: None });
    Ok(answer)
}
