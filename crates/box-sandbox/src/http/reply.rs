//! An answer as data: what an endpoint decides on, before any fault gets at it.

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use serde::Serialize;

use super::body::Body;
use crate::clock::Clock;

pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// So many spaces before the body.
    pub(super) spaces: u64,
}

impl Reply {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), spaces: 0 }
    }

    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Self {
        // Serialising our own types cannot fail: string keys and no maps of other kinds.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self { body: body.into(), ..Self::empty(status) }.with(CONTENT_TYPE, "application/json")
    }

    /// As Box writes its OAuth errors (box/box-node-sdk#109): `\/` for `/`, which means the same.
    pub(super) fn json_with_escaped_slashes(status: StatusCode, value: &impl Serialize) -> Self {
        // A slash can stand in strings only.
        let body = serde_json::to_string(value).unwrap_or_default().replace('/', "\\/");
        Self { body: body.into(), ..Self::json(status, &()) }
    }

    pub(super) fn html(status: StatusCode, body: &'static str) -> Self {
        Self { body: Bytes::from_static(body.as_bytes()), ..Self::empty(status) }
            .with(CONTENT_TYPE, "text/html; charset=utf-8")
    }

    /// Adds a header; a value that cannot be one is left out.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn not_stored(self) -> Self {
        self.with(CACHE_CONTROL, "no-store")
    }

    pub(super) fn into_response(self, clock: Clock) -> Response<Body> {
        let Self { status, headers, body, spaces } = self.with(DATE, &clock.http_date());
        let mut response = Response::new(Body::padded(body, spaces));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}
