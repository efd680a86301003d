//! Calls to Box's API that the daemon passes through.

use serde::{Deserialize, Serialize};

use crate::{piece::Piece, secret::Secret};

/// A call to Box's API. Only what is below `/2.0/`, or `/api/2.0/` for uploads, is passed through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiRequest {
    /// Which account; `None`: the default one.
    pub account: Option<String>,
    /// To the host for uploads.
    pub upload: bool,
    /// `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE` or `OPTIONS`.
    pub method: String,
    /// Path and query as in a request line, from `/2.0/` or `/api/2.0/` on.
    pub path: String,
    /// Headers; what is between two neighbours (RFC 9110 section 7.6.1), `Authorization` and cookies are dropped.
    pub headers: Vec<ApiHeader>,
    /// The body.
    pub body: ApiRequestBody,
    /// Redirects of a GET or HEAD are followed, without the token.
    pub follow: bool,
}

/// One header. Its value may be a secret, such as the password of a shared link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiHeader {
    /// Its name.
    pub name: String,
    /// Its value; what is not UTF-8 in an answer is replaced.
    pub value: Secret,
}

/// What an [`ApiRequest`] brings along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiRequestBody {
    /// Nothing.
    None,
    /// All of it; where Box refuses the token, the call is made again with a new one.
    Whole(Piece),
    /// It follows as [`Request::ApiBody`](crate::Request::ApiBody).
    Streamed {
        /// How many bytes it has, where that is known.
        length: Option<u64>,
    },
}

/// The head of Box's answer to an [`ApiRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiHead {
    /// HTTP status.
    pub status: u16,
    /// Headers, without those between two neighbours, and without cookies.
    pub headers: Vec<ApiHeader>,
}
