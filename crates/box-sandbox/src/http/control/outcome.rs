//! What a command of the control API comes to, and what is wrong with one.

use hyper::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A text for the caller.
pub(super) struct Refused(pub(super) StatusCode, pub(super) String);

pub(super) type Outcome = Result<Value, Refused>;

/// Reads a JSON body; an empty one is an empty object.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(if body.is_empty() { b"{}" } else { body }).map_err(|error| bad(error.to_string()))
}

pub(super) fn bad(error: String) -> Refused {
    Refused(StatusCode::BAD_REQUEST, error)
}

pub(super) fn not_found(error: String) -> Refused {
    Refused(StatusCode::NOT_FOUND, error)
}
