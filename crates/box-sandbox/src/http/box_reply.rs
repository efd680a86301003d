//! Shapes of Box's answers: the headers and bodies that it sends from several endpoints.

use hyper::StatusCode;
use hyper::header::{SET_COOKIE, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE};
use serde_json::json;

use super::reply::Reply;

/// Headers that come with every answer of Box's token endpoint (box/box-python-sdk#730).
pub(super) fn as_box(reply: Reply) -> Reply {
    reply
        .not_stored()
        .with(STRICT_TRANSPORT_SECURITY, "max-age=31536000")
        .with(SET_COOKIE, "box_visitor_id=sandbox; path=/; secure; HttpOnly")
}

/// 409 comes empty from Box's token endpoint; 429 and 5xx in the form of its API errors.
pub(super) fn plain(status: StatusCode, body: Option<String>) -> Reply {
    let code = match status.as_u16() {
        429 => "rate_limit_exceeded",
        500 => "internal_server_error",
        501..=599 => "unavailable",
        _ => "",
    };
    match body {
        Some(body) => Reply { body: body.into(), ..Reply::empty(status) },
        None if code.is_empty() => Reply::empty(status),
        None => {
            let message = status.canonical_reason().unwrap_or_default();
            let error = json!({"type": "error", "status": status.as_u16(), "code": code, "message": message});
            Reply::json(status, &error)
        }
    }
}

/// As Box's API says that there is no such thing (Box: guide "Error codes").
pub(super) fn not_found(request_id: &str) -> Reply {
    let error = json!({
        "type": "error", "status": 404, "code": "not_found", "message": "Not Found", "request_id": request_id,
        "help_url": "http://developers.box.com/docs/#errors",
    });
    Reply::json(StatusCode::NOT_FOUND, &error)
}

/// An empty body; the reason is in the header only (box/box-node-sdk#157).
pub(super) fn unauthorized() -> Reply {
    Reply::empty(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, INVALID_TOKEN)
}

const INVALID_TOKEN: &str = r#"Bearer realm="Service", error="invalid_token", error_description="The access token provided is invalid.""#;
