//! What clients ask.

use serde::{Deserialize, Serialize};

use super::{
    api::ApiRequest,
    audit::AuditQuery,
    import::Import,
    key::KeySource,
    login::BeginLogin,
    token::{ScopedTokenRequest, TokenRequest},
};
use crate::{
    error::Code, fingerprint::Fingerprints, piece::Piece, secret::Secret, token_endpoint::OpenTokenEndpoint,
};

/// A request. Variants are only ever added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// An access token; answered by [`Response::Token`](crate::Response::Token), or by [`Response::ScopedToken`](crate::Response::ScopedToken) where the daemon's
    /// owner lets this client have no other.
    Token(TokenRequest),
    /// The state of one account, or of all; answered by a list of [`Response::Account`](crate::Response::Account).
    Status {
        /// Which account; `None`: all.
        account: Option<String>,
    },
    /// Renew now and wait for the outcome; answered by [`Response::Account`](crate::Response::Account).
    Refresh {
        /// Which account; `None`: the default one.
        account: Option<String>,
        /// How long to wait, in milliseconds; `None`: 30 s.
        wait_millis: Option<u32>,
    },
    /// The names of all accounts; answered by a list of [`Response::AccountName`](crate::Response::AccountName).
    Accounts,
    /// Take over credentials that exist elsewhere; answered by [`Response::Account`](crate::Response::Account).
    Import(Box<Import>),
    /// Revoke at Box, then forget; answered by [`Response::Done`](crate::Response::Done).
    Logout {
        /// Which account; `None`: the default one.
        account: Option<String>,
        /// Only forget.
        local: bool,
    },
    /// Give an account another name; answered by [`Response::Account`](crate::Response::Account).
    Rename {
        /// Its name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// Take over a store that came from another machine; answered by [`Response::Account`](crate::Response::Account).
    Adopt {
        /// Which account.
        account: String,
    },
    /// Read the configuration anew; answered by [`Response::Done`](crate::Response::Done).
    Reload,
    /// Where things are and which version runs; answered by [`Response::Info`](crate::Response::Info).
    Info,
    /// Answer with a [`Response::Error`](crate::Response::Error) of this code, for testing a client's error handling.
    ReturnError {
        /// The code.
        code: Code,
    },
    /// A token with less than the account's rights, or of another user of the same app; answered by
    /// [`Response::ScopedToken`](crate::Response::ScopedToken).
    ScopedToken(Box<ScopedTokenRequest>),
    /// Begin a user login in a browser; answered by [`Response::LoginPage`](crate::Response::LoginPage), or by [`Response::LoginNeeds`](crate::Response::LoginNeeds)
    /// where the application is not known yet.
    BeginLogin(Box<BeginLogin>),
    /// Wait for the end of a login; answered by [`Response::Account`](crate::Response::Account). Where the client goes away meanwhile the
    /// login is cancelled.
    AwaitLogin {
        /// [`LoginPage::login`](crate::LoginPage::login).
        login: String,
    },
    /// The redirected URL, or the code alone, as a person copied it; answered by [`Response::Done`](crate::Response::Done) once it is
    /// taken, and what comes of it by `AwaitLogin`.
    FinishLogin {
        /// [`LoginPage::login`](crate::LoginPage::login).
        login: String,
        /// What was copied.
        redirected: Secret,
    },
    /// End a login and its listener; answered by [`Response::Done`](crate::Response::Done).
    CancelLogin {
        /// [`LoginPage::login`](crate::LoginPage::login).
        login: String,
    },
    /// The state of one account or of all, then each new token and state; answered by a list of
    /// [`Response::Event`](crate::Response::Event) that only ends with [`EventKind::Dropped`](crate::EventKind::Dropped) or an error. The client ends it by closing the
    /// connection.
    Watch {
        /// Which account; `None`: all, also those that are yet to come.
        account: Option<String>,
        /// [`Event::id`](crate::Event::id) of the last event that the client knows: where the daemon still knows what came after it,
        /// only that is sent.
        after: Option<String>,
    },
    /// Whether such a token is at hand; answered by [`Response::Done`](crate::Response::Done), or by what stands in the way. Nothing is
    /// handed out, and nothing is begun.
    HasToken(Box<ScopedTokenRequest>),
    /// What Prometheus reads; answered by a list of [`Response::Metrics`](crate::Response::Metrics).
    Metrics,
    /// A call to Box's API, with the account's token put in by the daemon; answered by [`Response::ApiHead`](crate::Response::ApiHead),
    /// [`Response::ApiBody`](crate::Response::ApiBody) as often as there is more, and [`Response::End`](crate::Response::End).
    Api(Box<ApiRequest>),
    /// A piece of the body of the `Api` before it.
    ApiBody {
        /// At most [`Piece::MOST`].
        bytes: Piece,
        /// Nothing follows it.
        last: bool,
    },
    /// Open an OAuth token endpoint on the loopback interface, for a program that renews its token by itself; answered
    /// by a list of one [`Response::TokenEndpoint`](crate::Response::TokenEndpoint). The endpoint is there until the client closes the connection.
    OpenTokenEndpoint(Box<OpenTokenEndpoint>),
    /// The key that seals the store; answered by [`Response::Key`](crate::Response::Key). For the owner alone.
    Key,
    /// Seal the store with another key; answered by [`Response::Key`](crate::Response::Key) once every file is. For the owner alone.
    MigrateKey {
        /// Where the new key is to be kept; `None`: where the old one is.
        to: Option<KeySource>,
    },
    /// Ask every place at Box that the accounts and the config name, without credentials; answered by a list of
    /// [`Response::Reached`](crate::Response::Reached).
    Probe,
    /// Which accounts hold grants that are known elsewhere; answered by [`Response::Holders`](crate::Response::Holders).
    /// A grant that is being renewed right now is not known again.
    HasGrants(Fingerprints),
    /// What the audit log holds, the oldest first; answered by a list of [`Response::Audit`](crate::Response::Audit).
    Audit(AuditQuery),
    /// End the daemon, as SIGTERM does: what is in flight is finished and saved. For its owner alone; answered by
    /// [`Response::Done`](crate::Response::Done), after which the daemon takes no more connections and ends within a minute.
    Shutdown,
}
