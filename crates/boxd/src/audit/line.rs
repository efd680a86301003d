//! A record as one line of JSON, and back.

use boxd_proto::{AuditOutcome, AuditRecord, AuditWay};
use serde_json::{Map, Value};

/// The line of a record, with its newline.
pub(super) fn of(record: &AuditRecord) -> String {
    boxd_json::line(&boxd_json::audit_record(record)) + "\n"
}

/// The record of a line; `None` where it is none, as after a crash in the middle of it.
pub(super) fn record(line: &str) -> Option<AuditRecord> {
    let Value::Object(object) = serde_json::from_str(line).ok()? else { return None };
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| object.get(name).and_then(Value::as_u64);
    Some(AuditRecord {
        time: date(&object, "time")?,
        until: date(&object, "until")?,
        count: number("count")?,
        outcome: match object.get("outcome")?.as_str()? {
            "handed" => AuditOutcome::Handed,
            "denied" => AuditOutcome::Denied,
            "lost" => AuditOutcome::Lost,
            _ => return None,
        },
        way: match object.get("way")?.as_str()? {
            "native" => AuditWay::Native,
            "http" => AuditWay::Http,
            "api" => AuditWay::Api,
            "endpoint" => AuditWay::Endpoint,
            _ => return None,
        },
        account: text("account"),
        generation: number("generation"),
        scope: match object.get("scope") {
            Some(scopes) => scopes.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => Vec::new(),
        },
        resource: text("resource"),
        user: text("user"),
        uid: number("uid").and_then(|uid| u32::try_from(uid).ok())?,
        pid: number("pid").and_then(|pid| u32::try_from(pid).ok()),
        started: number("started"),
        program: text("program"),
        unit: text("unit"),
        socket: text("socket"),
    })
}

fn date(object: &Map<String, Value>, name: &str) -> Option<i64> {
    let date: jiff::Timestamp = object.get(name)?.as_str()?.parse().ok()?;
    Some(date.as_second())
}
