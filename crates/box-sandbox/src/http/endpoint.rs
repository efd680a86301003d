//! Box's endpoints over HTTP: request in, the provider's decision, headers as Box sends them.

use std::rc::Rc;

use hyper::body::Incoming;
use hyper::header::{
    ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::body::{Body, InFlight, Unfinished};
use super::{App, Reply, consent, fault, files, folders, read};
use crate::fault::Endpoint;
use crate::journal::Event;
use crate::oauth::{Form, GrantId, OAuthError};

/// The connection ends without an answer.
#[derive(Debug)]
pub(super) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("dropped by a fault")
    }
}

impl std::error::Error for Dropped {}

/// A request that was read completely.
pub(super) struct Call {
    pub(super) endpoint: Endpoint,
    /// The grant whose token it carries.
    pub(super) grant: Option<GrantId>,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    /// Bytes of an upload.
    pub(super) received: u64,
    /// Of the authorization endpoint only.
    pub(super) query: Form,
    pub(super) form: Form,
}

pub(super) fn of(path: &str) -> Option<Endpoint> {
    match path {
        "/oauth2/token" => Some(Endpoint::Token),
        "/oauth2/revoke" => Some(Endpoint::Revoke),
        "/api/oauth2/authorize" => Some(Endpoint::Authorize),
        files::UPLOAD => Some(Endpoint::Upload),
        _ if path.starts_with(files::DOWNLOAD) => Some(Endpoint::Download),
        _ => path.starts_with("/2.0/").then_some(Endpoint::Api),
    }
}

pub(super) async fn handle(
    app: Rc<App>,
    endpoint: Endpoint,
    request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    let (head, body) = request.into_parts();
    let (body, received) = if endpoint == Endpoint::Upload {
        match files::receive(&app, text(&head.headers, &AUTHORIZATION), body).await {
            Ok(received) => (bytes::Bytes::new(), received),
            Err(reply) => return Ok(reply.into_response(app.clock.get())),
        }
    } else {
        match read(body).await {
            Ok(body) => (body, 0),
            Err(reply) => return Ok(reply.into_response(app.clock.get())),
        }
    };
    let form = Form::parse(text(&head.headers, &CONTENT_TYPE), &body);
    let call = app.with(|provider, now| {
        let grant_type = form.get("grant_type").map(str::to_owned);
        let authorization = text(&head.headers, &AUTHORIZATION).map(str::to_owned);
        let token = match endpoint {
            Endpoint::Token => form.get("refresh_token"),
            Endpoint::Revoke => form.get("token"),
            Endpoint::Api | Endpoint::Upload => authorization.as_deref().and_then(bearer_token),
            Endpoint::Authorize | Endpoint::Download => None,
        };
        let grant = token.and_then(|token| provider.grant_of(token));
        provider.journal.record(now, Event::Received { endpoint, grant_type, grant });
        let path = head.uri.path().to_owned();
        let query = match endpoint {
            Endpoint::Authorize => Form::of_query(head.uri.query().unwrap_or_default()),
            _ => Form::default(),
        };
        Call { endpoint, grant, method: head.method, path, authorization, received, query, form }
    });
    let spent = call.grant.filter(|_| endpoint == Endpoint::Token);
    let flight = spent.and_then(|grant| app.with(|provider, _| provider.begin_flight(grant)));
    let in_flight = flight.map(|flight| InFlight::new(Rc::clone(&app), flight));
    let mut response = fault::answer(&app, &call).await?;
    response.body_mut().hold(in_flight);
    if endpoint == Endpoint::Download && call.method == Method::GET {
        response.body_mut().watch(Unfinished::new(app, endpoint));
    }
    Ok(response)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

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
        (None, Endpoint::Api, &Method::GET) => api(app, call),
        (None, Endpoint::Upload, &Method::POST) => files::upload(app, call),
        (None, Endpoint::Download, &Method::GET | &Method::HEAD) => files::download(call),
        (None, Endpoint::Authorize, &Method::GET | &Method::POST) => consent::work(app, call),
        (None, endpoint, _) => {
            let allowed = match endpoint {
                Endpoint::Api => "GET",
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
    let reply = fault::plain(StatusCode::TOO_MANY_REQUESTS, None);
    (reply.with(RETRY_AFTER, &seconds.to_string()), "rate_limit_exceeded".to_owned())
}

/// Headers that come with every answer of Box's token endpoint (box/box-python-sdk#730).
pub(super) fn as_box(reply: Reply) -> Reply {
    reply
        .not_stored()
        .with(STRICT_TRANSPORT_SECURITY, "max-age=31536000")
        .with(SET_COOKIE, "box_visitor_id=sandbox; path=/; secure; HttpOnly")
}

fn api(app: &App, call: &Call) -> (Reply, String) {
    let bearer = call.authorization.as_deref().and_then(bearer_token);
    let user = bearer.and_then(|token| app.with(|provider, now| provider.user(now, token)));
    let request_id = app.with(|provider, _| provider.request_id());
    let (reply, outcome) = match user {
        Some(user) if call.path == "/2.0/users/me" => (Reply::json(StatusCode::OK, &user), "ok"),
        Some(_) => match (folders::answer(&call.path), files::location(&call.path)) {
            (Some(found), _) => (Reply::json(StatusCode::OK, &found), "ok"),
            (None, Some(location)) => (Reply::empty(StatusCode::FOUND).with(LOCATION, &location), "redirect"),
            (None, None) => (Reply::empty(StatusCode::NOT_FOUND), "not found"),
        },
        None => (unauthorized(), "invalid_token"),
    };
    (reply.with(BOX_REQUEST_ID, &request_id), outcome.to_owned())
}

/// An empty body; the reason is in the header only (box/box-node-sdk#157).
pub(super) fn unauthorized() -> Reply {
    Reply::empty(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, INVALID_TOKEN)
}

const INVALID_TOKEN: &str = r#"Bearer realm="Service", error="invalid_token", error_description="The access token provided is invalid.""#;

const BOX_REQUEST_ID: HeaderName = HeaderName::from_static("box-request-id");

pub(super) fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
