//! The errors of the token endpoint (RFC 6749, section 5.2) with Box's own descriptions.

use serde::Serialize;

/// Serialises to the compact JSON that Box sends, with status 400 (`invalid_client` included).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct OAuthError {
    /// The registered name.
    pub error: &'static str,
    /// Box's text; clients do tell cases apart by it.
    pub error_description: &'static str,
}

impl OAuthError {
    /// Wrong id, wrong secret, or credentials sent as HTTP Basic.
    pub const BAD_CLIENT: Self = Self::new("invalid_client", "The client credentials are invalid");
    /// No grant type, or one that Box does not know.
    pub const BAD_GRANT_TYPE: Self =
        Self::new("invalid_request", "Invalid grant_type parameter or parameter missing");
    /// A refresh without a refresh token.
    pub const NO_REFRESH_TOKEN: Self = Self::new("invalid_request", "No \"refresh_token\" parameter found");
    /// A refresh token that is used up, revoked or unknown.
    pub const DEAD_REFRESH_TOKEN: Self = Self::new("invalid_grant", "Invalid refresh token");
    /// A refresh token that was not used for its whole life.
    pub const EXPIRED_REFRESH_TOKEN: Self = Self::new("invalid_grant", "Refresh token has expired");
    /// A revocation that names no token. Box's text is not known; this one follows the shape of the others.
    pub const NO_TOKEN: Self = Self::new("invalid_request", "No \"token\" parameter found");

    const fn new(error: &'static str, error_description: &'static str) -> Self {
        Self { error, error_description }
    }
}
