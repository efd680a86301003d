//! What the daemon finds out for `boxctl doctor`.

use serde::{Deserialize, Serialize};

/// One way from the daemon to Box: an origin, and how it is reached. Asked without credentials; nothing is spent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Scheme, host and port.
    pub origin: String,
    /// The keys of the config's `[box]` section that lead there.
    pub purposes: Vec<String>,
    /// The proxy in use, without its credentials; `None`: the way is direct.
    pub proxy: Option<String>,
    /// The address of the other end: of the proxy where there is one.
    pub address: Option<String>,
    /// The TLS version, such as `TLS 1.3`; `None` where it did not come to that.
    pub tls: Option<String>,
    /// HTTP status of the answer; any of them shows that somebody answers.
    pub status: Option<u16>,
    /// By how many seconds the other end's clock (`Date`) is ahead of this machine's.
    pub clock_ahead_seconds: Option<i64>,
    /// How long it took, in milliseconds.
    pub took_millis: u32,
    /// Why there was no answer.
    pub error: Option<String>,
}

/// Who holds the grant of one fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The account.
    pub account: String,
    /// It is the refresh token that would be spent next; else the one before it.
    pub current: bool,
}
