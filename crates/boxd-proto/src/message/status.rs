//! How accounts and the daemon are.

use serde::{Deserialize, Serialize};

use crate::error::Problem;

/// The running daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Its version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// Its config file, which need not exist.
    pub config_file: String,
    /// Its state directory.
    pub state_dir: String,
    /// Its socket.
    pub socket: String,
    /// Where the store's sealing key is kept.
    pub key_source: String,
}

/// How an account gets its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Auth {
    /// OAuth 2.0 user login.
    OAuth2,
    /// A bare access token.
    Token,
    /// Client credentials grant.
    Ccg,
    /// JWT.
    Jwt,
}

/// State of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum GrantState {
    /// No grant.
    Absent,
    /// Nothing is wrong.
    Healthy,
    /// A renewal is under way.
    Spending,
    /// An answer of Box was lost; the same refresh token will be sent again.
    InDoubt,
    /// A renewed grant is in memory, but could not be saved.
    Unsaved,
    /// An attempt failed; another is planned.
    Backoff,
    /// A person must log in.
    LoginRequired,
    /// A person must change something.
    ActionRequired,
}

/// The Box user that a grant acts for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Box user id.
    pub id: String,
    /// Login, an e-mail address.
    pub login: String,
    /// Display name.
    pub name: String,
}

/// One account as it stands. Dates are seconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStatus {
    /// Its name.
    pub account: String,
    /// How it gets its tokens.
    pub auth: Auth,
    /// For whom, once known.
    pub user: Option<User>,
    /// The daemon's date when this was so.
    pub as_of: i64,
    /// State of the grant.
    pub state: GrantState,
    /// Whether a token can be handed out now.
    pub token: bool,
    /// How long boxd promises the token.
    pub expires_in_seconds: Option<u32>,
    /// The same as a date.
    pub expires_at: Option<i64>,
    /// The end that Box told.
    pub box_expires_at: Option<i64>,
    /// `expires_in` as Box told it for this token, in seconds.
    pub life_seconds: Option<u32>,
    /// Number of the token.
    pub generation: u64,
    /// When the next renewal is planned.
    pub next_refresh_at: Option<i64>,
    /// When an unused refresh token dies, and a person is needed.
    pub login_deadline: Option<i64>,
    /// The account is no longer in the config.
    pub orphaned: bool,
    /// The store is bound to this machine.
    pub store_bound: bool,
    /// What is wrong.
    pub error: Option<Problem>,
    /// What a person should know though nothing is wrong.
    pub warnings: Vec<String>,
}

impl GrantState {
    /// The stable name that scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Healthy => "healthy",
            Self::Spending => "spending",
            Self::InDoubt => "in_doubt",
            Self::Unsaved => "unsaved",
            Self::Backoff => "backoff",
            Self::LoginRequired => "login_required",
            Self::ActionRequired => "action_required",
        }
    }
}

impl Auth {
    /// The stable name that scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OAuth2 => "oauth2",
            Self::Token => "token",
            Self::Ccg => "ccg",
            Self::Jwt => "jwt",
        }
    }
}
