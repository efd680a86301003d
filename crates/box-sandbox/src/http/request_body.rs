//! Request bodies: read whole, up to a limit.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::StatusCode;
use hyper::body::Incoming;

use super::reply::Reply;

/// Larger request bodies are refused.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// Reads a whole request body, or says why not.
pub(super) async fn read(body: Incoming) -> Result<Bytes, Reply> {
    match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(_) => Err(Reply::empty(StatusCode::PAYLOAD_TOO_LARGE)),
    }
}
