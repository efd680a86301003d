//! What can go wrong, as clients are told; the one place that maps it to exit and HTTP codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of problem it is: stable, for programs to branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Code {
    /// Any other failure.
    Internal,
    /// The request cannot be understood or fulfilled as it stands.
    BadRequest,
    /// The daemon cannot be reached. Only clients say this.
    Unreachable,
    /// A person must log in.
    LoginRequired,
    /// A person must change something: a client secret, a password, an approval, the config.
    ActionRequired,
    /// No valid token now; trying again may help.
    Unavailable,
    /// The daemon's access policy does not allow it.
    Denied,
    /// There is no such account.
    UnknownAccount,
    /// No token of Box lives that long, less the lead.
    MinTtlUnattainable,
    /// Box does not grant the scope.
    InvalidScope,
    /// No protocol version in common. Only clients say this.
    VersionMismatch,
    /// HTTP only: no such route.
    NotFound,
    /// HTTP only: the route knows other methods.
    MethodNotAllowed,
    /// HTTP only: the request is too large.
    TooLarge,
    /// Too many connections of this client, or altogether.
    TooManyConnections,
}

/// A problem, in the sense of RFC 9457, with what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind.
    pub code: Code,
    /// What happened, for a person.
    pub detail: String,
    /// The account concerned.
    pub account: Option<String>,
    /// What the person can do.
    pub next_step: String,
    /// After how many seconds trying again may help.
    pub retry_after_seconds: Option<u32>,
}

impl Code {
    /// The stable name that scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::BadRequest => "bad_request",
            Self::Unreachable => "unreachable",
            Self::LoginRequired => "login_required",
            Self::ActionRequired => "action_required",
            Self::Unavailable => "unavailable",
            Self::Denied => "denied",
            Self::UnknownAccount => "unknown_account",
            Self::MinTtlUnattainable => "min_ttl_unattainable",
            Self::InvalidScope => "invalid_scope",
            Self::VersionMismatch => "version_mismatch",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::TooManyConnections => "too_many_connections",
        }
    }

    /// The exit status of `boxctl`.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Internal
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::TooLarge
            | Self::TooManyConnections => 1,
            Self::BadRequest => 2,
            Self::Unreachable => 3,
            Self::LoginRequired | Self::ActionRequired => 4,
            Self::Unavailable => 5,
            Self::Denied => 6,
            Self::UnknownAccount => 7,
            Self::MinTtlUnattainable | Self::InvalidScope => 8,
            Self::VersionMismatch => 9,
        }
    }

    /// The HTTP status; `None` for what only a client can find.
    pub const fn http_status(self) -> Option<u16> {
        Some(match self {
            Self::Internal => 500,
            Self::BadRequest => 400,
            Self::Unreachable | Self::VersionMismatch => return None,
            Self::LoginRequired | Self::ActionRequired => 409,
            Self::Unavailable => 503,
            Self::Denied => 403,
            Self::UnknownAccount | Self::NotFound => 404,
            Self::MinTtlUnattainable | Self::InvalidScope => 422,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::TooManyConnections => 429,
        })
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account {
            Some(account) => write!(f, "account {account}: {}", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}

impl std::error::Error for Problem {}
