//! The control API under `/_sandbox/`; the crate documentation describes it.

mod console;
mod lives;
mod outcome;

use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::outcome::{Outcome, Refused, bad, not_found, parse};
use super::app::App;
use super::reply::Reply;
use super::request_body::read;
use crate::duration::parse_seconds;
use crate::fault::Queued;
use crate::oauth::GrantId;

pub(super) const PREFIX: &str = "/_sandbox/";

/// The longest that a reader of the journal is kept waiting.
const MAX_WAIT: Duration = Duration::from_mins(1);

pub(super) async fn handle(app: &App, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let command = head.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let outcome = match (&head.method, command) {
        (&Method::GET, "clock") => Ok(json!(app.clock.get().read())),
        (&Method::POST, "clock") => move_clock(app, &body),
        (&Method::GET, "faults") => Ok(faults(app)),
        (&Method::POST, "faults") => queue_faults(app, &body),
        (&Method::DELETE, "faults") => {
            app.faults.borrow_mut().clear();
            Ok(faults(app))
        }
        (&Method::POST, "release") => {
            app.release.notify_waiters();
            Ok(json!({"released": app.hung.get()}))
        }
        (&Method::GET, "journal") => journal(app, head.uri.query().unwrap_or_default()).await,
        (&Method::GET, "grants") => Ok(json!({"grants": app.with(|provider, now| provider.grants(now))})),
        (&Method::POST, "grants") => open_grant(app, &body),
        (&Method::POST, "revoke") => end_grant(app, &body),
        (&Method::POST, "secret") => set_secret(app, &body),
        (&Method::GET, "mood") => Ok(lives::mood(app)),
        (&Method::POST, "mood") => lives::set_mood(app, &body),
        (&Method::POST, "access-token") => open_bare(app, &body),
        (method, _) => console::handle(app, method, command, head.uri.query(), &body)
            .unwrap_or_else(|| Err(not_found(format!("no {method} {PREFIX}{command}")))),
    };
    match outcome {
        Ok(value) => Reply::json(StatusCode::OK, &value),
        Err(Refused(status, error)) => Reply::json(status, &json!({"error": error})),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    set: Option<i64>,
    advance_seconds: Option<i64>,
    freeze: Option<bool>,
}

fn move_clock(app: &App, body: &[u8]) -> Outcome {
    let change: ClockMove = parse(body)?;
    let mut clock = app.clock.get();
    if let Some(frozen) = change.freeze {
        clock.freeze(frozen);
    }
    if let Some(now) = change.set {
        clock.set(now);
    }
    if let Some(seconds) = change.advance_seconds {
        clock.advance(seconds);
    }
    app.clock.set(clock);
    Ok(json!(clock.read()))
}

fn faults(app: &App) -> Value {
    json!({"faults": app.faults.borrow().to_json(), "hung": app.hung.get()})
}

/// One fault or an array of them; all or none are queued.
fn queue_faults(app: &App, body: &[u8]) -> Outcome {
    let specs: Vec<Map<String, Value>> = match parse(body)? {
        Value::Array(specs) => serde_json::from_value(Value::Array(specs)),
        one => serde_json::from_value(one).map(|spec| vec![spec]),
    }
    .map_err(|error| bad(error.to_string()))?;
    let queued: Vec<Queued> =
        specs.into_iter().map(Queued::from_json).collect::<Result<_, _>>().map_err(bad)?;
    for fault in queued {
        app.faults.borrow_mut().push(fault);
    }
    Ok(faults(app))
}

async fn journal(app: &App, query: &str) -> Outcome {
    let (mut since, mut wait) = (0, Duration::ZERO);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "since" => since = value.parse().map_err(|error| bad(format!("since: {error}")))?,
            "wait" => wait = Duration::from_secs(parse_seconds(&value).map_err(bad)?).min(MAX_WAIT),
            _ => return Err(bad(format!("unknown parameter {name}"))),
        }
    }
    let grown = async {
        loop {
            let grown = app.grown.notified();
            if app.provider.borrow().journal.last() > since {
                break;
            }
            grown.await;
        }
    };
    // Whether it grew or the time is up, the answer is what there is.
    drop(tokio::time::timeout(wait, grown).await);
    let provider = app.provider.borrow();
    Ok(json!({"seq": provider.journal.last(), "entries": provider.journal.since(since)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenGrant {
    #[serde(default)]
    access_token: bool,
}

fn open_grant(app: &App, body: &[u8]) -> Outcome {
    let wanted: OpenGrant = parse(body)?;
    Ok(app.with(|provider, now| json!(provider.open_grant(now, wanted.access_token))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    grant: Option<GrantId>,
    token: Option<String>,
}

fn end_grant(app: &App, body: &[u8]) -> Outcome {
    let End { grant, token } = parse(body)?;
    app.with(|provider, now| match (grant, token) {
        (Some(grant), None) if provider.end_grant(now, grant) => Ok(json!(provider.grant(now, grant))),
        (Some(grant), None) => Err(not_found(format!("no grant {}", grant.get()))),
        (None, Some(token)) if provider.end_token(now, &token) => {
            Ok(json!({"token": token, "grant": provider.grant_of(&token)}))
        }
        (None, Some(_)) => Err(not_found("no such token".to_owned())),
        _ => Err(bad("expected either `grant` or `token`".to_owned())),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    client_secret: String,
}

fn set_secret(app: &App, body: &[u8]) -> Outcome {
    let NewSecret { client_secret } = parse(body)?;
    Ok(app.with(|provider, _| {
        provider.set_client_secret(client_secret);
        json!({"client_id": provider.client().id(), "client_secret": provider.client().secret()})
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareToken {
    expires_in: Option<u64>,
}

fn open_bare(app: &App, body: &[u8]) -> Outcome {
    let BareToken { expires_in } = parse(body)?;
    Ok(json!(app.with(|provider, now| provider.open_bare(now, expires_in))))
}
