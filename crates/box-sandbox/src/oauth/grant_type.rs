//! Grant types of the token endpoint, and everything else that tokens come from.

use serde::{Deserialize, Serialize};

/// A grant type that Box knows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749, section 4.1.
    AuthorizationCode,
    /// RFC 6749, section 6.
    RefreshToken,
    /// RFC 6749, section 4.4, with Box's subject.
    ClientCredentials,
    /// RFC 7523.
    JwtBearer,
    /// RFC 8693.
    TokenExchange,
}

impl GrantType {
    pub(super) const ALL: [Self; 5] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::JwtBearer,
        Self::TokenExchange,
    ];

    /// From the parameter of a request.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "authorization_code" => Some(Self::AuthorizationCode),
            "refresh_token" => Some(Self::RefreshToken),
            "client_credentials" => Some(Self::ClientCredentials),
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => Some(Self::JwtBearer),
            "urn:ietf:params:oauth:grant-type:token-exchange" => Some(Self::TokenExchange),
            _ => None,
        }
    }
}

/// Where a token comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Box's console: a developer token.
    Developer,
    /// The control API.
    Control,
    /// The token endpoint; for an authorization code, the consent page.
    #[serde(untagged)]
    Grant(GrantType),
}
