//! Answers with the headers that all of them have.

use hyper::{
    Response,
    header::{self, HeaderValue},
};
use serde_json::Value;

use super::body::Body;

/// The media type of JSON (RFC 8259).
pub(super) const JSON: &str = "application/json";

/// An answer with this body. Whatever it is, nobody may keep it: it holds a token, or what was so at one moment.
pub(super) fn with(media_type: &'static str, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// A whole text.
pub(super) fn text(media_type: &'static str, text: String) -> Response<Body> {
    with(media_type, Body::whole(text))
}

/// A whole JSON value, and a newline for those who read it in a terminal.
pub(super) fn json(value: &Value) -> Response<Body> {
    text(JSON, boxd_json::line(value) + "\n")
}
