//! What a login is to be, and what the person's consent hands over.

use std::{fmt, time::Duration};

use boxd_engine::User;
use boxd_proto::Problem;
use url::Url;
use zeroize::Zeroizing;

use super::redirect::RedirectUri;
use crate::account_name::AccountName;

/// How long a person may take.
pub const LIFETIME: Duration = Duration::from_mins(5);

/// A login to begin.
#[derive(Clone, Debug)]
pub struct LoginPlan {
    /// For which account.
    pub account: AccountName,
    /// Where the person consents.
    pub authorize_url: Url,
    /// `client_id` of the Box app.
    pub client_id: String,
    /// Where Box sends the browser then.
    pub redirect: RedirectUri,
    /// The port to listen on, whatever `redirect` says; `None`: that of `redirect`, else any free one.
    pub port: Option<u16>,
    /// `scope`, separated by spaces; `None`: all that the app has.
    pub scope: Option<String>,
    /// How long the person may take; [`LIFETIME`] by default.
    pub lifetime: Duration,
}

/// What a person's consent is worth: a code, good once and for 30 seconds (Box: guide "OAuth 2.0").
pub struct Consent<C> {
    /// For which account.
    pub account: AccountName,
    /// The authorization code.
    pub code: Zeroizing<String>,
    /// The redirect URI that was sent to the authorization endpoint, to be sent again (RFC 6749 section 4.1.3).
    pub redirect_uri: String,
    /// The verifier that belongs to the challenge sent (RFC 7636 section 4.5).
    pub code_verifier: Zeroizing<String>,
    /// What the caller gave when the login began.
    pub context: C,
}

impl<C> fmt::Debug for Consent<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consent").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Makes a grant of a consent.
///
/// Runs in a task of its own that is never cancelled: the code is good only once, and a new grant may exist at
/// Box already. It must come to an end by deadlines of its own.
pub trait Redeem: Clone + Send + Sync + 'static {
    /// What the caller gives when a login begins and wants back with its consent.
    type Context: Send + 'static;

    /// Exchanges, verifies and commits.
    fn redeem(&self, consent: Consent<Self::Context>) -> impl Future<Output = Result<User, Problem>> + Send;
}
