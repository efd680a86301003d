//! Tokens: how they are asked for, and what is handed out.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// What a client wants of a downscoped token (RFC 8693; Box: guide "Downscope a token"), of a token as another
/// user, or of both. The default is the account's own token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopedTokenRequest {
    /// Account, life, refused token and wait, as for any token.
    pub token: TokenRequest,
    /// As this Box user (its id); only for CCG and JWT.
    pub user: Option<String>,
    /// The scopes that the token shall have; none: the token is not downscoped.
    pub scope: Vec<String>,
    /// The one file or folder that it shall be good for: `file:ID`, `folder:ID` or its API URL.
    pub resource: Option<String>,
    /// The shared link of the one item that it shall be good for; not together with `resource`.
    pub shared_link: Option<String>,
}

/// As whom an application acts with CCG or JWT (Box: `box_subject_type`, `box_sub_type`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// The service account of this enterprise id.
    Enterprise(String),
    /// The user of this id.
    User(String),
}

/// What a client wants of a token. The default: the default account's token, whatever life is left in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest {
    /// Which account; `None`: the default one.
    pub account: Option<String>,
    /// The token must be promised for at least this many seconds; if the current one is not, it is renewed.
    pub min_ttl_seconds: u32,
    /// Which token Box refused with 401, if any.
    pub rejected: Rejected,
    /// How long to wait where no such token is at hand, in milliseconds; `None`: 30 s, 0: not at all.
    pub wait_millis: Option<u32>,
}

/// A token that Box refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejected {
    /// None was.
    #[default]
    No,
    /// The one of this generation.
    Generation(u64),
    /// This one.
    Token(Secret),
}

/// A token with less than the account's rights, or of another user of the same app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopedToken {
    /// The token. Its generation counts up, but not by ones.
    pub token: Token,
    /// The scopes that were asked for.
    pub scope: Vec<String>,
    /// `restricted_to` of Box's answer: a JSON array as text.
    pub restricted_to: Option<String>,
}

/// An access token as handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The account.
    pub account: String,
    /// The token.
    pub access_token: Secret,
    /// How long boxd promises it: until its next planned renewal.
    pub expires_in_seconds: u32,
    /// The same as a date, in seconds since the Unix epoch.
    pub expires_at: i64,
    /// The end that Box told, in seconds since the Unix epoch.
    pub box_expires_at: i64,
    /// Its number.
    pub generation: u64,
}
