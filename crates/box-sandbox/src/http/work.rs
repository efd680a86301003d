//! What each of Box's endpoints does with a call: the provider's decision, with headers as Box sends them.

use hyper::header::{ALLOW, HeaderName, LOCATION, RETRY_AFTER};
use hyper::{Method, StatusCode};

use super::app::App;
use super::box_reply::{as_box, not_found, plain, unauthorized};
use super::call::{Call, bearer_token};
use super::reply::Reply;
use super::{consent, files, folders};
use crate::fault::Endpoint;
use crate::oauth::OAuthError;
use crate::oauth::journal::Event;

/// Does the work of an endpoint.
pub(super) fn work(app: &App, call: &Call) -> Reply {
    let wait = app.with(|provider, now| {
        let bearer = call.authorization.as_deref().and_then(bearer_token);
        let form = if call.endpoint == Endpoint::Authorize { &call.query } else { &call.form };
        provider.pass(now, call.endpoint, form, bearer).err()
    });
    let (reply, outcome) = match (wait, call.endpoint, &call.method) {
        (Some(seconds), ..) => too_many(seconds),
        (None, Endpoint::Token, &Method::POST) => token(app, call),
        (None, Endpoint::Revoke, &Method::POST) => revoke(app, call),
        (None, Endpoint::Api, &Method::GET | &Method::PUT) => api(app, call),
        (None, Endpoint::Upload, &Method::POST) => files::upload(app, call),
        (None, Endpoint::Download, &Method::GET | &Method::HEAD) => files::download(call),
        (None, Endpoint::Authorize, &Method::GET | &Method::POST) => consent::work(app, call),
        (None, endpoint, _) => {
            let allowed = match endpoint {
                Endpoint::Api => "GET, PUT",
                Endpoint::Download => "GET, HEAD",
                Endpoint::Authorize => "GET, POST",
                Endpoint::Token | Endpoint::Revoke | Endpoint::Upload => "POST",
            };
            (
                Reply::empty(StatusCode::METHOD_NOT_ALLOWED).with(ALLOW, allowed),
                "method not allowed".to_owned(),
            )
        }
    };
    app.with(|provider, now| {
        let Call { endpoint, grant, .. } = *call;
        provider
            .journal
            .record(now, Event::Handled { endpoint, grant, status: reply.status.as_u16(), outcome });
    });
    reply
}

fn token(app: &App, call: &Call) -> (Reply, String) {
    let result = app.with(|provider, now| provider.token(now, &call.form, call.authorization.as_deref()));
    match result {
        Ok(answer) => (as_box(Reply::json(StatusCode::OK, &answer)), "ok".to_owned()),
        Err(error) => refused(&error),
    }
}

fn revoke(app: &App, call: &Call) -> (Reply, String) {
    let result = app.with(|provider, now| provider.revoke(now, &call.form, call.authorization.as_deref()));
    match result {
        // No body and no media type: clients that parse JSON here fail against Box too.
        Ok(()) => (as_box(Reply::empty(StatusCode::OK)), "ok".to_owned()),
        Err(error) => refused(&error),
    }
}

fn refused(error: &OAuthError) -> (Reply, String) {
    let outcome = format!("{}: {}", error.error, error.error_description);
    (as_box(Reply::json_with_escaped_slashes(StatusCode::BAD_REQUEST, error)), outcome)
}

fn too_many(seconds: u64) -> (Reply, String) {
    let reply = plain(StatusCode::TOO_MANY_REQUESTS, None);
    (reply.with(RETRY_AFTER, &seconds.to_string()), "rate_limit_exceeded".to_owned())
}

fn api(app: &App, call: &Call) -> (Reply, String) {
    let bearer = call.authorization.as_deref().and_then(bearer_token);
    let user = bearer.and_then(|token| app.with(|provider, now| provider.user(now, token)));
    let request_id = app.with(|provider, _| provider.request_id());
    let (reply, outcome) = match user {
        Some(_) if call.method == Method::PUT => match files::changed(&call.path, &call.body) {
            Some(file) => (Reply::json(StatusCode::OK, &file), "ok"),
            None => (not_found(&request_id), "not found"),
        },
        Some(user) if call.path == "/2.0/users/me" => (Reply::json(StatusCode::OK, &user), "ok"),
        Some(_) => match (known(&call.path), files::location(&call.path)) {
            (Some(found), _) => (Reply::json(StatusCode::OK, &found), "ok"),
            (None, Some(location)) => (Reply::empty(StatusCode::FOUND).with(LOCATION, &location), "redirect"),
            (None, None) => (not_found(&request_id), "not found"),
        },
        None => (unauthorized(), "invalid_token"),
    };
    (reply.with(BOX_REQUEST_ID, &request_id), outcome.to_owned())
}

fn known(path: &str) -> Option<serde_json::Value> {
    folders::answer(path).or_else(|| files::answer(path))
}

const BOX_REQUEST_ID: HeaderName = HeaderName::from_static("box-request-id");
