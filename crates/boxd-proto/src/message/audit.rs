//! The audit log: who was given which token.

use serde::{Deserialize, Serialize};

/// Which records are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// Of which account; `None`: of all.
    pub account: Option<String>,
    /// Not older than so many seconds; `None`: however old.
    pub since_seconds: Option<u64>,
    /// Of the token of this number; `None`: of any.
    pub generation: Option<u64>,
}

/// One record: a program was given a token, or was denied it. Never a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When it was so for the first time, in seconds since the Unix epoch.
    pub time: i64,
    /// When it was so for the last time.
    pub until: i64,
    /// How often.
    pub count: u64,
    /// What happened.
    pub outcome: AuditOutcome,
    /// In which way.
    pub way: AuditWay,
    /// The account; `None` where none was named, or it does not concern one.
    pub account: Option<String>,
    /// Number of the token.
    pub generation: Option<u64>,
    /// Scopes of a downscoped token.
    pub scope: Vec<String>,
    /// What a downscoped token is good for: a URL.
    pub resource: Option<String>,
    /// The Box user that it is for, where that is not the account's own.
    pub user: Option<String>,
    /// User id of the program, as the kernel told it.
    pub uid: u32,
    /// Its process id.
    pub pid: Option<u32>,
    /// When it was started, in clock ticks since boot: tells processes of the same id apart.
    pub started: Option<u64>,
    /// Its executable. Evidence only: a program can become another one.
    pub program: Option<String>,
    /// Its systemd unit.
    pub unit: Option<String>,
    /// The socket of an access rule that it came by; `None`: the daemon's own.
    pub socket: Option<String>,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AuditOutcome {
    /// A token was handed out.
    Handed,
    /// The access rules did not let the program have what it asked for.
    Denied,
    /// So many records could not be written.
    Lost,
}

/// How a token is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AuditWay {
    /// By the native protocol.
    Native,
    /// By HTTP.
    Http,
    /// Lent to a call to Box's API: the program itself never had it.
    Api,
    /// By an OAuth token endpoint.
    Endpoint,
}

impl AuditOutcome {
    /// The stable name that scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Handed => "handed",
            Self::Denied => "denied",
            Self::Lost => "lost",
        }
    }
}

impl AuditWay {
    /// The stable name that scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Http => "http",
            Self::Api => "api",
            Self::Endpoint => "endpoint",
        }
    }
}
