//! Files that are nothing but large: downloads of as many bytes as their id says, and uploads that are only counted.

use std::rc::Rc;

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::app::App;
use super::body::Unfinished;
use super::box_reply::unauthorized;
use super::call::{Call, bearer_token};
use super::reply::Reply;
use crate::fault::Endpoint;

pub(super) const UPLOAD: &str = "/api/2.0/files/content";

/// Where downloads are; Box has a host of its own for them, that takes no token.
pub(super) const DOWNLOAD: &str = "/dl/";

/// The answer to `GET` of a file: one of as many bytes as its id says; `None` where the path is of something else.
pub(super) fn answer(path: &str) -> Option<Value> {
    let id = path.strip_prefix("/2.0/files/")?;
    let size = id.parse::<u64>().ok()?;
    Some(
        json!({"type": "file", "id": id, "name": format!("{id}.txt"), "size": size, "etag": "0", "item_status": "active"}),
    )
}

/// The answer to `PUT` of a file: the file with what was sent. Nothing is kept.
pub(super) fn changed(path: &str, sent: &[u8]) -> Option<Value> {
    let mut file = answer(path)?;
    if let (Some(members), Ok(Value::Object(sent))) = (file.as_object_mut(), serde_json::from_slice(sent)) {
        members.extend(sent);
        members.insert("etag".into(), "1".into());
    }
    Some(file)
}

/// Where the content of a file is, for the path of its API call.
pub(super) fn location(path: &str) -> Option<String> {
    let id = path.strip_prefix("/2.0/files/")?.strip_suffix("/content")?;
    id.parse::<u64>().is_ok().then(|| format!("{DOWNLOAD}{id}"))
}

pub(super) fn download(call: &Call) -> (Reply, String) {
    if call.authorization.is_some() {
        return (Reply::empty(StatusCode::BAD_REQUEST), "a token where none belongs".to_owned());
    }
    match call.path.strip_prefix(DOWNLOAD).and_then(|id| id.parse().ok()) {
        Some(spaces) => (Reply { spaces, ..Reply::empty(StatusCode::OK) }, "ok".to_owned()),
        None => (Reply::empty(StatusCode::NOT_FOUND), "not found".to_owned()),
    }
}

/// Counts the bytes of an upload. As at Box, one without a good token is refused before its body is read.
pub(super) async fn receive(
    app: &Rc<App>,
    authorization: Option<&str>,
    mut body: Incoming,
) -> Result<u64, Reply> {
    let token = authorization.and_then(bearer_token);
    if token.and_then(|token| app.with(|provider, now| provider.user(now, token))).is_none() {
        return Err(unauthorized());
    }
    let mut unfinished = Unfinished::new(Rc::clone(app), Endpoint::Upload);
    let mut received: u64 = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(Reply::empty(StatusCode::BAD_REQUEST)) };
        let length = frame.data_ref().map_or(0, bytes::Bytes::len);
        received = received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    }
    unfinished.finish();
    Ok(received)
}

pub(super) fn upload(app: &App, call: &Call) -> (Reply, String) {
    let token = call.authorization.as_deref().and_then(bearer_token);
    match token.and_then(|token| app.with(|provider, now| provider.user(now, token))) {
        Some(owner) => {
            let file = json!({"type": "file", "id": call.received.to_string(), "size": call.received, "owned_by": owner});
            let answer = json!({"total_count": 1, "entries": [file]});
            (Reply::json(StatusCode::CREATED, &answer), "ok".to_owned())
        }
        None => (unauthorized(), "invalid_token".to_owned()),
    }
}
