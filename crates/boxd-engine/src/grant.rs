//! A grant as data: what is sealed into the store and moved through a spend.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    secret::{AccessToken, AppSettingsText, ClientSecret, Passphrase, RefreshToken},
    time::{Moment, WallTime},
};

/// How long an unused Box refresh token lives (Box: guide "Token expiration": 60 days or one use).
pub const REFRESH_TOKEN_LIFE: Duration = Duration::from_hours(60 * 24);

/// Identity of one login or import: random, and new with every one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct GrantId(pub [u8; 16]);

/// Number of a token of an account; counts up for ever, across logins and logouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(pub u64);

impl Generation {
    /// The number of the next token.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// To whom a grant may be shown: the application and the origin of the token endpoint that issued it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Binding {
    /// `client_id` of the Box application.
    pub client_id: String,
    /// Scheme, host and port of the token URL, e.g. `https://api.box.com`.
    pub token_origin: String,
}

/// As whom an application acts in its own right (Box: `box_subject_type`, `box_sub_type`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The service account of this enterprise id.
    Enterprise(String),
    /// The user of this id.
    User(String),
}

/// How an application gets tokens in its own right (Box: "Server Authentication"): no refresh token, each new
/// token is minted, and the ones before it live on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAuth {
    /// The client credentials grant (RFC 6749 section 4.4; Box: CCG).
    ClientCredentials(Subject),
    /// An assertion signed with the application's key (RFC 7523; Box: JWT). Without a subject: as the app
    /// settings file says.
    Jwt(Option<Subject>),
}

/// The application and endpoints of an account that `login` or `import` created.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// The application's secret, where it came with the grant.
    pub client_secret: Option<ClientSecret>,
    /// Box's app settings file, where the application was imported with one.
    pub app_settings: Option<AppSettingsText>,
    /// The passphrase of the key in it, where that does not carry one.
    pub passphrase: Option<Passphrase>,
    /// How the application mints its tokens, where it was imported to do so.
    pub server_auth: Option<ServerAuth>,
    /// Endpoint settings of this account alone, as (key of `[box]`, value).
    pub endpoints: Vec<(String, String)>,
}

/// The Box user that a grant acts for, as `GET /2.0/users/me` told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Box user id.
    pub id: String,
    /// Login, an e-mail address.
    pub login: String,
    /// Display name.
    pub name: String,
}

/// An access token with its life.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: AccessToken,
    /// When the request that brought it was *sent*: its life counts from there.
    pub sent: Moment,
    /// `expires_in` as Box told it.
    pub life: Duration,
}

/// What a grant consists of.
#[derive(Debug)]
pub enum Credential {
    /// A token pair of the authorization-code or refresh-token grant (RFC 6749 sections 4.1 and 6).
    OAuth2 {
        /// The newest access token; absent after an import without one.
        access: Option<IssuedToken>,
        /// The refresh token that the next spend burns.
        refresh: RefreshToken,
        /// When the refresh token was issued, as far as known.
        born: Moment,
        /// The refresh token before it, kept until the next commit as a last resort.
        previous: Option<RefreshToken>,
    },
    /// An access token that came alone, such as a developer token: served until it expires.
    AccessOnly {
        /// The token.
        access: IssuedToken,
    },
    /// A token that the application mints in its own right.
    Server {
        /// How, and as whom.
        auth: ServerAuth,
        /// The newest token; absent before the first one.
        access: Option<IssuedToken>,
    },
}

/// One account's grant: the unit that is sealed, committed and spent. There is one, and it is moved.
#[derive(Debug)]
pub struct Record {
    /// Which login this is.
    pub grant: GrantId,
    /// Number of the access token in it.
    pub generation: Generation,
    /// To whom it may be shown.
    pub binding: Binding,
    /// The account's own application and endpoints; `None` where only the config knows them.
    pub registration: Option<Arc<Registration>>,
    /// The tokens.
    pub credential: Credential,
    /// The Box user, once known.
    pub user: Option<Arc<User>>,
    /// A logout was begun: it is resumed after a crash.
    pub logging_out: bool,
    /// It was imported, and no token of it was used since: an older copy elsewhere may still be good. The next
    /// token is used once, which ends it.
    pub unconfirmed: bool,
    /// The name this account had before a rename that may not be finished.
    pub renamed_from: Option<String>,
}

/// Which refresh token of a record a spend sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest one.
    Current,
    /// The one before, as a last resort before a person is asked to log in.
    Previous,
}

impl Record {
    /// The newest access token, if there is one.
    pub fn access(&self) -> Option<&IssuedToken> {
        match &self.credential {
            Credential::OAuth2 { access, .. } | Credential::Server { access, .. } => access.as_ref(),
            Credential::AccessOnly { access } => Some(access),
        }
    }

    /// When the refresh token was issued; `None` where there is none.
    pub fn refresh_born(&self) -> Option<Moment> {
        match &self.credential {
            Credential::OAuth2 { born, .. } => Some(*born),
            Credential::AccessOnly { .. } | Credential::Server { .. } => None,
        }
    }

    /// By wall clock alone, the date at which an unused refresh token dies.
    pub fn login_deadline(&self) -> Option<WallTime> {
        self.refresh_born().map(|born| born.wall.after(REFRESH_TOKEN_LIFE))
    }

    /// The newest refresh token, if there is one.
    pub fn refresh_token(&self) -> Option<&RefreshToken> {
        self.token_of(Which::Current)
    }

    /// The refresh token that a spend of `which` sends, if there is one.
    pub(crate) fn token_of(&self, which: Which) -> Option<&RefreshToken> {
        match (&self.credential, which) {
            (Credential::OAuth2 { refresh, .. }, Which::Current) => Some(refresh),
            (Credential::OAuth2 { previous, .. }, Which::Previous) => previous.as_ref(),
            (Credential::AccessOnly { .. } | Credential::Server { .. }, _) => None,
        }
    }

    /// Whether there is a token that a logout revokes at Box: a bare access token ends by itself, and boxd does
    /// not own it.
    pub(crate) fn is_revocable(&self) -> bool {
        match &self.credential {
            Credential::OAuth2 { .. } => true,
            Credential::AccessOnly { .. } => false,
            Credential::Server { access, .. } => access.is_some(),
        }
    }

    /// The record after a successful spend: the old pair's refresh token becomes `previous`.
    pub(crate) fn succeed(self, generation: Generation, access: IssuedToken, refresh: RefreshToken) -> Self {
        let born = access.sent;
        let previous = match self.credential {
            Credential::OAuth2 { refresh: old, previous, .. } => {
                // A replay may bring the very token we hold; then the one before it stays the fallback.
                if old.expose() == refresh.expose() { previous } else { Some(old) }
            }
            Credential::AccessOnly { .. } | Credential::Server { .. } => None,
        };
        Self {
            generation,
            credential: Credential::OAuth2 { access: Some(access), refresh, born, previous },
            ..self
        }
    }
}
