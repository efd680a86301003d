//! What a user's answer to an authorization request gives (RFC 6749, section 4.1.2): a code, or an error.

use url::Url;

use super::authorize::{Request, refused};
use super::challenge::Challenge;
use super::code::Code;
use super::grant_type::{GrantType, Origin};
use super::holder::Holder;
use super::id::UserId;
use super::journal::Kind;
use super::provider::Provider;
use super::token::Token;

/// Where the browser goes with the user's answer.
pub(super) fn answer(provider: &mut Provider, now: i64, request: Request, user: Option<UserId>) -> Url {
    let Request { client, redirect_uri, given_uri, state, scope, challenge } = request;
    let Some(user) = user else {
        let text = "The user denied access to your application";
        return refused(&redirect_uri, state.as_deref(), "access_denied", text);
    };
    let holder = Holder { client, user, scope };
    let code = issue_code(provider, now, holder, given_uri, challenge);
    let mut location = redirect_uri;
    location.query_pairs_mut().append_pair("code", &code).extend_pairs(state.map(|state| ("state", state)));
    location
}

fn issue_code(
    provider: &mut Provider,
    now: i64,
    holder: Holder,
    redirect_uri: Option<String>,
    challenge: Option<Challenge>,
) -> String {
    let token = Token::new(provider.mint.alphanumeric(32), now, provider.lifetimes.code);
    let value = token.value.clone();
    let origin = Origin::Grant(GrantType::AuthorizationCode);
    provider.record_issue(now, Kind::Code, &token, None, origin, &holder, None);
    provider.codes.insert(value.clone(), Code::new(token, holder, redirect_uri, challenge));
    value
}
