//! Box's endpoints over HTTP: a request is read and written down, and its answer is watched until it has left.

use std::rc::Rc;

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use hyper::{HeaderMap, Method, Request, Response};

use super::app::App;
use super::body::{Body, InFlight, Unfinished};
use super::call::{Call, bearer_token};
use super::fault::{self, Dropped};
use super::files;
use super::request_body::read;
use crate::fault::Endpoint;
use crate::oauth::Form;
use crate::oauth::journal::Event;

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
        Call { endpoint, grant, method: head.method, path, authorization, body, received, query, form }
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
