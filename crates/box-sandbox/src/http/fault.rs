//! Faults in action: in place of, or on top of, what an endpoint decides.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, LOCATION, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::app::App;
use super::body::Body;
use super::box_reply::{as_box, plain};
use super::call::Call;
use super::reply::Reply;
use super::work::work;
use crate::fault::{Fault, Status, When};
use crate::oauth::journal::Event;

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>\
    <body><form method=\"post\" action=\"/login\"><input name=\"room\"></form></body></html>\n";

/// The connection ends without an answer.
#[derive(Debug)]
pub(super) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("dropped by a fault")
    }
}

impl std::error::Error for Dropped {}

/// Answers a call, with the next fault that is queued for its endpoint.
pub(super) async fn answer(app: &App, call: &Call) -> Result<Response<Body>, Dropped> {
    let Some(queued) = app.faults.borrow_mut().next_for(call.endpoint) else {
        return Ok(work(app, call).into_response(app.clock.get()));
    };
    let when = queued.when;
    let done = (when == When::After).then(|| work(app, call));
    app.with(|provider, now| {
        let (endpoint, fault) = (Some(call.endpoint), queued.fault.name());
        provider.journal.record(now, Event::Fault { endpoint, grant: call.grant, fault, when });
    });
    match queued.fault {
        Fault::Hang {} => {
            hang(app, call).await;
            Ok(done.unwrap_or_else(|| work(app, call)).into_response(app.clock.get()))
        }
        Fault::Drop {} | Fault::Refuse {} => Err(Dropped),
        fault => Ok(spoil(app, fault, done)),
    }
}

/// Waits for the control API. A client that goes away takes this future with it.
async fn hang(app: &App, call: &Call) {
    let released = app.release.notified();
    let mut hung = Hung::new(app, call);
    released.await;
    hung.released = true;
}

/// Counts a request as hung for as long as it lives.
struct Hung<'a> {
    app: &'a App,
    call: &'a Call,
    released: bool,
}

impl<'a> Hung<'a> {
    fn new(app: &'a App, call: &'a Call) -> Self {
        app.hung.set(app.hung.get().saturating_add(1));
        Self { app, call, released: false }
    }
}

impl Drop for Hung<'_> {
    fn drop(&mut self) {
        self.app.hung.set(self.app.hung.get().saturating_sub(1));
        if !self.released {
            let Call { endpoint, grant, .. } = *self.call;
            self.app.with(|provider, now| provider.journal.record(now, Event::Abandoned { endpoint, grant }));
        }
    }
}

/// The faulty answer; `done` is the true one if the endpoint did its work.
fn spoil(app: &App, fault: Fault, done: Option<Reply>) -> Response<Body> {
    let clock = app.clock.get();
    let reply = match fault {
        Fault::Status { status, retry_after, body } => {
            let reply = plain(status.code(), body);
            match retry_after {
                Some(seconds) => reply.with(RETRY_AFTER, &seconds.to_string()),
                None => reply,
            }
        }
        Fault::Error { error, error_description, status } => {
            let body = OAuthBody { error, error_description };
            as_box(Reply::json(status.map_or(StatusCode::BAD_REQUEST, Status::code), &body))
        }
        Fault::Html { status } => Reply::html(status.map_or(StatusCode::OK, Status::code), PAGE),
        Fault::Redirect { status, location } => {
            Reply::html(status.map_or(StatusCode::FOUND, Status::code), PAGE)
                .with(LOCATION, location.as_deref().unwrap_or("http://127.0.0.1:9/login"))
        }
        Fault::TruncateJson {} => {
            let mut reply = done.unwrap_or_else(make_believe);
            reply.body = half(&reply.body);
            reply
        }
        Fault::Truncate {} => {
            let reply = done.unwrap_or_else(make_believe);
            let spaces = reply.spaces;
            let length = u64::try_from(reply.body.len()).unwrap_or(u64::MAX);
            let (promised, half) = (spaces.saturating_add(length).max(1), half(&reply.body));
            let mut response = reply.with(CONTENT_LENGTH, &promised.to_string()).into_response(clock);
            *response.body_mut() = Body::cut_after(half, spaces / 2);
            return response;
        }
        Fault::Slow { pause_ms, piece } => {
            let reply = done.unwrap_or_else(make_believe);
            let body = reply.body.clone();
            let mut response = reply.into_response(clock);
            *response.body_mut() = Body::in_pieces(body, piece, Duration::from_millis(pause_ms));
            return response;
        }
        Fault::Oversized { bytes } => {
            let reply = done.unwrap_or_else(make_believe);
            let body = reply.body.clone();
            let mut response = reply.into_response(clock);
            *response.body_mut() = Body::padded(body, bytes);
            return response;
        }
        Fault::Patch { merge } => {
            let reply = done.unwrap_or_else(make_believe);
            let mut document = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
            merge_patch(&mut document, merge);
            Reply { body: document.to_string().into(), ..reply }
        }
        // Not spoiled answers: `answer` deals with them.
        Fault::Hang {} | Fault::Drop {} | Fault::Refuse {} => Reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
    };
    reply.into_response(clock)
}

/// Members in Box's order; tests compare bytes.
#[derive(serde::Serialize)]
struct OAuthBody {
    error: String,
    error_description: String,
}

/// A success that never happened, for faults that spoil one before the grant is spent. Its tokens are worth nothing.
fn make_believe() -> Reply {
    let answer = json!({
        "access_token": "make-believe", "expires_in": 3600, "restricted_to": [],
        "refresh_token": "make-believe", "token_type": "bearer",
    });
    as_box(Reply::json(StatusCode::OK, &answer))
}

fn half(body: &Bytes) -> Bytes {
    body.slice(..body.len() / 2)
}

/// RFC 7396, section 2.
fn merge_patch(target: &mut Value, patch: Value) {
    let Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(&name);
        } else {
            merge_patch(members.entry(name).or_insert(Value::Null), change);
        }
    }
}
