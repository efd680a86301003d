//! A call of one of Box's endpoints: a request that was read completely.

use bytes::Bytes;
use hyper::Method;

use crate::fault::Endpoint;
use crate::oauth::{Form, GrantId};

/// A request that was read completely.
pub(super) struct Call {
    pub(super) endpoint: Endpoint,
    /// The grant whose token it carries.
    pub(super) grant: Option<GrantId>,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    /// What came with a call of the API.
    pub(super) body: Bytes,
    /// Bytes of an upload.
    pub(super) received: u64,
    /// Of the authorization endpoint only.
    pub(super) query: Form,
    pub(super) form: Form,
}

/// The token of an `Authorization` header.
pub(super) fn bearer_token(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
