//! The successful answer of the token endpoint (RFC 6749, section 5.1, with Box's members).

use serde::Serialize;

use super::restriction::Restricted;
use super::token::Token;

/// Serialises to the compact JSON that Box sends.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: String,
    /// Seconds that it still lives; counts down where the same pair is given again.
    pub expires_in: u64,
    /// Scopes and objects of a downscoped token; empty for all others.
    pub restricted_to: Vec<Restricted>,
    /// Only for grants that can be refreshed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Always `bearer`, in lower case.
    pub token_type: &'static str,
    /// Only for exchanged tokens (RFC 8693, section 2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}

impl TokenAnswer {
    pub(super) fn new(access: &Token, refresh: Option<&Token>, now: i64) -> Self {
        Self {
            access_token: access.value.clone(),
            expires_in: access.seconds_left(now),
            restricted_to: Vec::new(),
            refresh_token: refresh.map(|token| token.value.clone()),
            token_type: "bearer",
            issued_token_type: None,
        }
    }
}
