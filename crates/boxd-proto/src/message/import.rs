//! Credentials that exist elsewhere and are taken over.

use serde::{Deserialize, Serialize};

use super::token::Subject;
use crate::secret::Secret;

/// Credentials to take over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// For which account; `None`: the default one, or `default` where there is none yet.
    pub account: Option<String>,
    /// Take the place of a grant that the account holds.
    pub replace: bool,
    /// The credentials.
    pub credential: ImportedCredential,
    /// Endpoints of this account alone.
    pub endpoints: Endpoints,
}

/// What is imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportedCredential {
    /// A grant of OAuth 2.0 user login.
    OAuth2 {
        /// `client_id` of the Box app.
        client_id: String,
        /// Its secret; `None` where the config has it.
        client_secret: Option<Secret>,
        /// The refresh token.
        refresh_token: Secret,
        /// The access token that belongs to it.
        access_token: Option<Secret>,
        /// When the access token ends, in seconds since the Unix epoch.
        expires_at: Option<i64>,
        /// Spend it once now and use the new token, which ends every older copy.
        refresh_now: bool,
    },
    /// A bare access token, such as a developer token: served until it expires.
    AccessToken {
        /// The token.
        access_token: Secret,
        /// When it ends, in seconds since the Unix epoch; `None`: in an hour.
        expires_at: Option<i64>,
    },
    /// An application with the client credentials grant (CCG).
    ClientCredentials {
        /// `client_id` of the Box app.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
        /// As whom it acts.
        subject: Subject,
    },
    /// An application with JWT.
    Jwt {
        /// Box's app settings file, whole.
        app_settings: Secret,
        /// The passphrase of the key in it, where it does not carry one.
        passphrase: Option<Secret>,
        /// As whom it acts; `None`: as the file says.
        subject: Option<Subject>,
    },
}

/// Endpoints by the names of the config's `[box]` section; `None`: as configured for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Where a person consents.
    pub authorize_url: Option<String>,
    /// The token endpoint.
    pub token_url: Option<String>,
    /// The revocation endpoint.
    pub revoke_url: Option<String>,
    /// Base of the API.
    pub api_url: Option<String>,
    /// Base of uploads.
    pub upload_url: Option<String>,
    /// A file with an extra trust anchor, as an absolute path.
    pub ca_file: Option<String>,
    /// A proxy.
    pub proxy: Option<String>,
}
