//! The few answers about content that a client needs to list a folder: everybody has the same two, and no file.

use serde_json::{Value, json};

/// Id of the root folder of everybody (Box: guide "Folders").
const ROOT: &str = "0";
/// The one folder in it.
const CHILD: (&str, &str) = ("1", "Sandbox");

/// The answer to `GET` of a path below `/2.0/`; `None` where there is no such thing.
pub(super) fn answer(path: &str) -> Option<Value> {
    let rest = path.strip_prefix("/2.0/folders/")?;
    let (id, part) = rest.split_once('/').unwrap_or((rest, ""));
    match (id, part) {
        (ROOT, "") => Some(folder(ROOT, "All Files", &items(&[child()]))),
        ("1", "") => Some(child()),
        (ROOT, "items") => Some(items(&[child()])),
        ("1", "items") => Some(items(&[])),
        _ => None,
    }
}

fn child() -> Value {
    let (id, name) = CHILD;
    folder(id, name, &items(&[]))
}

fn folder(id: &str, name: &str, items: &Value) -> Value {
    // The root folder has neither dates nor a version.
    let date = (id != ROOT).then_some("2026-01-02T03:04:05-08:00");
    json!({
        "type": "folder", "id": id, "name": name, "sequence_id": "0", "etag": "0", "size": 0,
        "created_at": date, "modified_at": date, "content_created_at": date, "content_modified_at": date,
        "item_status": "active", "item_collection": items,
    })
}

fn items(entries: &[Value]) -> Value {
    json!({ "total_count": entries.len(), "entries": entries, "offset": 0, "limit": 1000 })
}
