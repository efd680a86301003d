//! `/v1/token`: a token that works, or whether there is one.

use boxd_proto::Response as Message;
use hyper::Response;

use super::{answer, ask::Ask, body::Body, refusal::Refusal, routes::TEXT, wish::Wish};
use crate::server::Service;

/// The token, as JSON or bare.
pub(super) async fn answer<S: Service>(
    ask: &Ask<'_, S>,
    wish: Wish,
    offer: &'static str,
) -> Result<Response<Body>, Refusal> {
    match ask.one(wish.request()).await? {
        Message::Token(token) if offer == TEXT => Ok(bare(token.access_token.expose())),
        Message::Token(token) => Ok(answer::json(&boxd_json::token(&token))),
        Message::ScopedToken(scoped) if offer == TEXT => Ok(bare(scoped.token.access_token.expose())),
        Message::ScopedToken(scoped) => Ok(answer::json(&boxd_json::scoped_token(&scoped))),
        _ => Err(Refusal::unexpected()),
    }
}

/// What the answer to a `GET` would be now, without one: nothing is handed out, and nothing is begun.
pub(super) async fn probe<S: Service>(
    ask: &Ask<'_, S>,
    wish: Wish,
    offer: &'static str,
) -> Result<Response<Body>, Refusal> {
    match ask.one(wish.probe()).await? {
        // How long the body would be is not told: RFC 9110 section 9.3.2 allows that.
        Message::Done => Ok(answer::with(offer, Body::unsent())),
        _ => Err(Refusal::unexpected()),
    }
}

fn bare(token: &str) -> Response<Body> {
    answer::text(TEXT, format!("{token}\n"))
}
