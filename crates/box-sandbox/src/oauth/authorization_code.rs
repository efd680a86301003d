//! `grant_type=authorization_code` (RFC 6749, section 4.1.3).

use super::answer::TokenAnswer;
use super::error::OAuthError;
use super::form::Form;
use super::grant_type::{GrantType, Origin};
use super::id::ClientId;
use super::journal::{Event, Kind};
use super::provider::Provider;

pub(super) fn issue(
    provider: &mut Provider,
    now: i64,
    form: &Form,
    client: ClientId,
) -> Result<TokenAnswer, OAuthError> {
    let value = form.get("code").ok_or(OAuthError::NO_CODE)?;
    let code = provider.codes.get_mut(value).ok_or(OAuthError::BAD_CODE)?;
    code.spend(form, now, client)?;
    let holder = code.holder().clone();
    let origin = Origin::Grant(GrantType::AuthorizationCode);
    let view = provider.open(now, holder, origin, true);
    let used =
        Event::Used { grant: Some(view.grant), kind: Kind::Code, token: value.to_owned(), first: true };
    provider.journal.record(now, used);
    let grant = provider.grants.get(&view.grant).ok_or(OAuthError::BAD_CODE)?;
    grant.first_answer(now).ok_or(OAuthError::BAD_CODE)
}
