//! What scripts read, from `boxctl --json` as from the HTTP API: stable members, RFC 3339 dates in UTC.
//!
//! `schema` counts changes that a reader would notice; new members are none.

#![forbid(unsafe_code)]

use boxd_proto::{AccountStatus, AuditRecord, Event, EventKind, GrantState, Problem, ScopedToken, Token};
use serde_json::{Map, Value, json};

/// Version of this JSON.
pub const SCHEMA: u32 = 1;

/// A token.
pub fn token(token: &Token) -> Value {
    json!({
        "schema": SCHEMA,
        "account": token.account,
        "access_token": token.access_token.expose(),
        "token_type": "bearer",
        "expires_in": token.expires_in_seconds,
        "expires_at": date(token.expires_at),
        "box_expires_at": date(token.box_expires_at),
        "generation": token.generation,
    })
}

/// A token with less than the account's rights, or as another user.
pub fn scoped_token(scoped: &ScopedToken) -> Value {
    let mut value = token(&scoped.token);
    if let Some(object) = value.as_object_mut()
        && !scoped.scope.is_empty()
    {
        object.insert("scope".into(), scoped.scope.clone().into());
        let restricted_to = scoped.restricted_to.as_deref().and_then(|text| serde_json::from_str(text).ok());
        object.insert("restricted_to".into(), restricted_to.unwrap_or_else(|| json!([])));
    }
    value
}

/// The states of accounts.
pub fn status(accounts: &[AccountStatus]) -> Value {
    json!({ "schema": SCHEMA, "accounts": accounts.iter().map(account).collect::<Vec<_>>() })
}

/// The state of one account.
pub fn account(status: &AccountStatus) -> Value {
    json!({
        "account": status.account,
        "auth": status.auth.as_str(),
        "user": status.user.as_ref().map(|user| json!({ "id": user.id, "login": user.login, "name": user.name })),
        "state": status.state.as_str(),
        "token": status.token,
        "expires_in": status.expires_in_seconds,
        "expires_at": status.expires_at.map(date),
        "box_expires_at": status.box_expires_at.map(date),
        "generation": status.generation,
        "next_refresh_at": status.next_refresh_at.map(date),
        "login_deadline": status.login_deadline.map(date),
        "orphaned": status.orphaned,
        "store_bound": status.store_bound,
        "error": status.error.as_ref().map(problem),
        "warnings": status.warnings,
    })
}

/// A problem, in the form of RFC 9457 with our extra members.
pub fn problem(problem: &Problem) -> Value {
    let mut object = Map::new();
    object.insert("type".into(), "about:blank".into());
    object.insert("title".into(), problem.code.as_str().replace('_', " ").into());
    if let Some(status) = problem.code.http_status() {
        object.insert("status".into(), status.into());
    }
    object.insert("detail".into(), problem.detail.clone().into());
    object.insert("code".into(), problem.code.as_str().into());
    object.insert("account".into(), problem.account.clone().into());
    object.insert("next_step".into(), problem.next_step.clone().into());
    if let Some(seconds) = problem.retry_after_seconds {
        object.insert("retry_after".into(), seconds.into());
    }
    Value::Object(object)
}

/// Something that happened to an account, or the state that it is in. Never a token.
pub fn event(event: &Event) -> Value {
    json!({
        "schema": SCHEMA,
        "id": event.id,
        "event": event.kind.as_str(),
        "account": event.account,
        "status": event.status.as_ref().map(|status| account(status)),
        "detail": event.detail,
    })
}

/// A record of the audit log. Never a token. What is not known, or does not apply, is left out.
pub fn audit_record(record: &AuditRecord) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            object.insert(name.into(), value);
        }
    };
    put("time", date(record.time).into());
    put("until", date(record.until).into());
    put("count", record.count.into());
    put("outcome", record.outcome.as_str().into());
    put("way", record.way.as_str().into());
    put("account", record.account.clone().into());
    put("generation", record.generation.into());
    if !record.scope.is_empty() {
        put("scope", record.scope.clone().into());
    }
    put("resource", record.resource.clone().into());
    put("user", record.user.clone().into());
    put("uid", record.uid.into());
    put("pid", record.pid.into());
    put("started", record.started.into());
    put("program", record.program.clone().into());
    put("unit", record.unit.clone().into());
    put("socket", record.socket.clone().into());
    Value::Object(object)
}

/// The stable name of a kind of events.
pub fn event_kind(kind: EventKind) -> &'static str {
    kind.as_str()
}

/// The stable name of a state.
pub fn state(state: GrantState) -> &'static str {
    state.as_str()
}

/// One line of JSON, without a newline.
pub fn line(value: &Value) -> String {
    value.to_string()
}

/// A date as RFC 3339 in UTC; what no calendar holds becomes its nearest end.
pub fn date(unix_seconds: i64) -> String {
    let (min, max) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
    jiff::Timestamp::from_second(unix_seconds.clamp(min, max))
        .map_or_else(|_| String::new(), |date| date.to_string())
}
