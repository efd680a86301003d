//! Token endpoints on the loopback interface, for programs that renew by OAuth.

use serde::{Deserialize, Serialize};

use crate::{message::ScopedTokenRequest, secret::Secret};

/// Which tokens an endpoint shall hand out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTokenEndpoint {
    /// As for one token; life, refused token and wait mean nothing here.
    pub tokens: ScopedTokenRequest,
    /// An endpoint that an earlier connection, or an earlier run of the daemon, had: open it again as it was.
    pub again: Option<TokenEndpoint>,
}

/// A token endpoint (RFC 6749 section 3.2) that knows one way only: `grant_type=refresh_token` (section 6). None of its
/// secrets is of any use at Box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenEndpoint {
    /// `http://127.0.0.1:PORT/oauth2/token`.
    pub url: String,
    /// What a client names itself.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// The refresh token that a client sends. It gets the same one back each time.
    pub refresh_token: Secret,
}
