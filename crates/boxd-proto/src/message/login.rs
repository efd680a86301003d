//! A user login in a browser.

use serde::{Deserialize, Serialize};

use super::import::Endpoints;
use crate::secret::Secret;

/// A user login (RFC 6749 section 4.1) to begin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginLogin {
    /// For which account; `None`: the default one, or `default` where there is none yet.
    pub account: Option<String>,
    /// `client_id` of the Box app; `None`: as config or store say.
    pub client_id: Option<String>,
    /// Its secret; `None`: as config or store say.
    pub client_secret: Option<Secret>,
    /// The port of the redirect URI; `None`: as configured, else any free one.
    pub port: Option<u16>,
    /// Whether another Box user than the account's may take its place.
    pub replace_user: bool,
    /// Endpoints of this account alone.
    pub endpoints: Endpoints,
}

/// A login that waits for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginPage {
    /// By which `AwaitLogin`, `FinishLogin` and `CancelLogin` name it. Secret enough that only its client can.
    pub login: String,
    /// The account.
    pub account: String,
    /// Where the person consents: for a browser.
    pub authorize_url: String,
    /// Where Box sends the browser then.
    pub redirect_uri: String,
    /// The redirect URI as it must be listed in the Box app: without the port, where Box takes any.
    pub registered_uri: String,
    /// The port that is listened on.
    pub port: u16,
    /// How long the login waits.
    pub expires_in_seconds: u32,
}

/// What must be known of the application before a login can begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginNeeds {
    /// The account.
    pub account: String,
    /// `client_id`, where it is known; else it must be given.
    pub client_id: Option<String>,
    /// Whether the client secret must be given.
    pub client_secret: bool,
    /// The redirect URI that the Box app must list.
    pub registered_uri: String,
}
