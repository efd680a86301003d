//! What clients ask and what the daemon answers.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Code, Problem},
    piece::Piece,
    secret::Secret,
    token_endpoint::{OpenTokenEndpoint, TokenEndpoint},
};

/// A request. Variants are only ever added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// An access token; answered by [`Response::Token`].
    Token(TokenRequest),
    /// The state of one account, or of all; answered by a list of [`Response::Account`].
    Status {
        /// Which account; `None`: all.
        account: Option<String>,
    },
    /// Renew now and wait for the outcome; answered by [`Response::Account`].
    Refresh {
        /// Which account; `None`: the default one.
        account: Option<String>,
        /// How long to wait, in milliseconds; `None`: 30 s.
        wait_millis: Option<u32>,
    },
    /// The names of all accounts; answered by a list of [`Response::AccountName`].
    Accounts,
    /// Take over credentials that exist elsewhere; answered by [`Response::Account`].
    Import(Box<Import>),
    /// Revoke at Box, then forget; answered by [`Response::Done`].
    Logout {
        /// Which account; `None`: the default one.
        account: Option<String>,
        /// Only forget.
        local: bool,
    },
    /// Give an account another name; answered by [`Response::Account`].
    Rename {
        /// Its name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// Take over a store that came from another machine; answered by [`Response::Account`].
    Adopt {
        /// Which account.
        account: String,
    },
    /// Read the configuration anew; answered by [`Response::Done`].
    Reload,
    /// Where things are and which version runs; answered by [`Response::Info`].
    Info,
    /// Answer with a [`Response::Error`] of this code, for testing a client's error handling.
    ReturnError {
        /// The code.
        code: Code,
    },
    /// A token with less than the account's rights, or of another user of the same app; answered by
    /// [`Response::ScopedToken`].
    ScopedToken(Box<ScopedTokenRequest>),
    /// Begin a user login in a browser; answered by [`Response::LoginPage`], or by [`Response::LoginNeeds`]
    /// where the application is not known yet.
    BeginLogin(Box<BeginLogin>),
    /// Wait for the end of a login; answered by [`Response::Account`]. Where the client goes away meanwhile the
    /// login is cancelled.
    AwaitLogin {
        /// [`LoginPage::login`].
        login: String,
    },
    /// The redirected URL, or the code alone, as a person copied it; answered by [`Response::Done`] once it is
    /// taken, and what comes of it by `AwaitLogin`.
    FinishLogin {
        /// [`LoginPage::login`].
        login: String,
        /// What was copied.
        redirected: Secret,
    },
    /// End a login and its listener; answered by [`Response::Done`].
    CancelLogin {
        /// [`LoginPage::login`].
        login: String,
    },
    /// The state of one account or of all, then each new token and state; answered by a list of
    /// [`Response::Event`] that only ends with [`EventKind::Dropped`] or an error. The client ends it by closing the
    /// connection.
    Watch {
        /// Which account; `None`: all, also those that are yet to come.
        account: Option<String>,
        /// [`Event::id`] of the last event that the client knows: where the daemon still knows what came after it,
        /// only that is sent.
        after: Option<String>,
    },
    /// Whether such a token is at hand; answered by [`Response::Done`], or by what stands in the way. Nothing is
    /// handed out, and nothing is begun.
    HasToken(Box<ScopedTokenRequest>),
    /// What Prometheus reads; answered by a list of [`Response::Metrics`].
    Metrics,
    /// A call to Box's API, with the account's token put in by the daemon; answered by [`Response::ApiHead`],
    /// [`Response::ApiBody`] as often as there is more, and [`Response::End`].
    Api(Box<ApiRequest>),
    /// A piece of the body of the `Api` before it.
    ApiBody {
        /// At most [`Piece::MOST`].
        bytes: Piece,
        /// Nothing follows it.
        last: bool,
    },
    /// Open an OAuth token endpoint on the loopback interface, for a program that renews its token by itself; answered
    /// by a list of one [`Response::TokenEndpoint`]. The endpoint is there until the client closes the connection.
    OpenTokenEndpoint(Box<OpenTokenEndpoint>),
}

/// A call to Box's API. Only what is below `/2.0/`, or `/api/2.0/` for uploads, is passed through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiRequest {
    /// Which account; `None`: the default one.
    pub account: Option<String>,
    /// To the host for uploads.
    pub upload: bool,
    /// `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE` or `OPTIONS`.
    pub method: String,
    /// Path and query as in a request line, from `/2.0/` or `/api/2.0/` on.
    pub path: String,
    /// Headers; what is between two neighbours (RFC 9110 section 7.6.1), `Authorization` and cookies are dropped.
    pub headers: Vec<ApiHeader>,
    /// The body.
    pub body: ApiRequestBody,
    /// Redirects of a GET or HEAD are followed, without the token.
    pub follow: bool,
}

/// One header. Its value may be a secret, such as the password of a shared link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiHeader {
    /// Its name.
    pub name: String,
    /// Its value; what is not UTF-8 in an answer is replaced.
    pub value: Secret,
}

/// What an [`ApiRequest`] brings along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiRequestBody {
    /// Nothing.
    None,
    /// All of it; where Box refuses the token, the call is made again with a new one.
    Whole(Piece),
    /// It follows as [`Request::ApiBody`].
    Streamed {
        /// How many bytes it has, where that is known.
        length: Option<u64>,
    },
}

/// The head of Box's answer to an [`ApiRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiHead {
    /// HTTP status.
    pub status: u16,
    /// Headers, without those between two neighbours, and without cookies.
    pub headers: Vec<ApiHeader>,
}

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

/// An answer. Variants are only ever added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// A token.
    Token(Token),
    /// The state of one account.
    Account(Box<AccountStatus>),
    /// The name of one account.
    AccountName(String),
    /// The end of a list.
    End,
    /// It is done.
    Done,
    /// Where things are.
    Info(Box<Info>),
    /// It could not be done.
    Error(Problem),
    /// A downscoped token, or one as another user.
    ScopedToken(Box<ScopedToken>),
    /// A login that waits for the person.
    LoginPage(Box<LoginPage>),
    /// What must be known of the application before a login can begin.
    LoginNeeds(Box<LoginNeeds>),
    /// One event of many.
    Event(Box<Event>),
    /// Nothing has happened for a while; the daemon is alive.
    Heartbeat,
    /// A piece of Prometheus' text format, of whole lines.
    Metrics(String),
    /// The head of Box's answer to a call.
    ApiHead(Box<ApiHead>),
    /// A piece of the body of that answer.
    ApiBody(Piece),
    /// A token endpoint is open.
    TokenEndpoint(Box<TokenEndpoint>),
}

/// Something that happened to an account, or the state that it is in. Never a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// By which a client that comes back tells what it knows; `None` for what is no news by itself.
    pub id: Option<String>,
    /// What it is.
    pub kind: EventKind,
    /// The account; `None` where it concerns none.
    pub account: Option<String>,
    /// The account as it was right after.
    pub status: Option<Box<AccountStatus>>,
    /// More for people: why a client is dropped.
    pub detail: Option<String>,
}

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventKind {
    /// The state of an account when the watch began.
    Present,
    /// All of them have been told; from here on there is only news.
    Complete,
    /// An account has a new token.
    Token,
    /// An account's state, trouble or user is another one.
    State,
    /// There is no such account any more.
    Removed,
    /// The client took too long to read, and missed events: it must begin anew.
    Dropped,
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

impl EventKind {
    /// The stable name that scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Complete => "complete",
            Self::Token => "token",
            Self::State => "state",
            Self::Removed => "removed",
            Self::Dropped => "dropped",
        }
    }
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
