//! The content of a sealed grant: what of a record is not already in the head, as JSON.

use std::{borrow::Cow, io, sync::Arc, time::Duration};

use boxd_engine::{
    AccessToken, AppSettingsText, BootId, BootTime, ClientSecret, Credential, IssuedToken, Moment,
    Passphrase, Record, RefreshToken, Registration, ServerAuth, Subject, User, WallTime,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::format::{Flaw, Header};

/// A text that is borrowed where it can be, and wiped where it cannot. It has no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Serialize, Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    access: Option<Access<'a>>,
    #[serde(borrow)]
    renewal: Option<Renewal<'a>>,
    #[serde(borrow)]
    registration: Option<App<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    server: Option<Server<'a>>,
    #[serde(borrow)]
    user: Option<Person<'a>>,
    logging_out: bool,
    #[serde(borrow)]
    renamed_from: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unconfirmed: bool,
}

#[derive(Serialize, Deserialize)]
struct Access<'a> {
    #[serde(borrow)]
    token: Text<'a>,
    sent: Instant,
    life: Duration,
}

#[derive(Serialize, Deserialize)]
struct Renewal<'a> {
    #[serde(borrow)]
    refresh: Text<'a>,
    born: Instant,
    #[serde(borrow)]
    previous: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
struct App<'a> {
    #[serde(borrow)]
    client_secret: Option<Text<'a>>,
    #[serde(borrow, default, rename = "app_settings", skip_serializing_if = "Option::is_none")]
    settings: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    passphrase: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    server: Option<Server<'a>>,
    #[serde(borrow)]
    endpoints: Vec<(Text<'a>, Text<'a>)>,
}

/// How an application mints its tokens.
#[derive(Serialize, Deserialize)]
enum Server<'a> {
    Ccg(#[serde(borrow)] Actor<'a>),
    Jwt(#[serde(borrow)] Option<Actor<'a>>),
}

/// As whom.
#[derive(Serialize, Deserialize)]
enum Actor<'a> {
    Enterprise(#[serde(borrow)] Text<'a>),
    User(#[serde(borrow)] Text<'a>),
}

#[derive(Serialize, Deserialize)]
struct Person<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    login: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}

/// Boot id, milliseconds of the boot clock, milliseconds of the wall clock.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Instant([u8; 16], u64, i64);

/// The content of a record's file.
pub(super) fn encode(record: &Record) -> io::Result<Zeroizing<Vec<u8>>> {
    let content = Content::of(record);
    // Counted first: a buffer that grows leaves copies behind that nobody wipes.
    let mut length = Counter(0);
    serde_json::to_writer(&mut length, &content)?;
    let mut buffer = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *buffer, &content)?;
    Ok(buffer)
}

/// The record of a file's head and content.
pub(super) fn decode(header: &Header, content: &[u8]) -> Result<Record, Flaw> {
    // The error's text would quote the content, so only its place is told.
    let content: Content<'_> = serde_json::from_slice(content)
        .map_err(|error| Flaw::Content(format!("line {} column {}", error.line(), error.column())))?;
    let access = content.access.as_ref().map(Access::issued);
    let credential = match (&content.renewal, access) {
        (None, access) if let Some(server) = &content.server => {
            Credential::Server { auth: server.auth(), access }
        }
        (Some(renewal), access) => Credential::OAuth2 {
            access,
            refresh: RefreshToken::new(renewal.refresh.as_str()),
            born: renewal.born.into(),
            previous: renewal.previous.as_ref().map(|token| RefreshToken::new(token.as_str())),
        },
        (None, Some(access)) => Credential::AccessOnly { access },
        (None, None) => return Err(Flaw::Content("it holds no token".into())),
    };
    Ok(Record {
        grant: header.grant,
        generation: header.generation,
        binding: header.binding.clone(),
        registration: content.registration.as_ref().map(|app| Arc::new(app.registration())),
        credential,
        user: content.user.as_ref().map(|person| Arc::new(person.user())),
        logging_out: content.logging_out,
        renamed_from: content.renamed_from.as_ref().map(Text::to_text),
        unconfirmed: content.unconfirmed,
    })
}

// === impl Content ===

impl<'a> Content<'a> {
    fn of(record: &'a Record) -> Self {
        let renewal = match &record.credential {
            Credential::OAuth2 { refresh, born, previous, .. } => Some(Renewal {
                refresh: refresh.expose().into(),
                born: (*born).into(),
                previous: previous.as_ref().map(|token| token.expose().into()),
            }),
            Credential::AccessOnly { .. } | Credential::Server { .. } => None,
        };
        let server = match &record.credential {
            Credential::Server { auth, .. } => Some(Server::of(auth)),
            Credential::OAuth2 { .. } | Credential::AccessOnly { .. } => None,
        };
        Self {
            access: record.access().map(|access| Access {
                token: access.token.expose().into(),
                sent: access.sent.into(),
                life: access.life,
            }),
            renewal,
            server,
            registration: record.registration.as_deref().map(App::of),
            user: record.user.as_deref().map(|user| Person {
                id: user.id.as_str().into(),
                login: user.login.as_str().into(),
                name: user.name.as_str().into(),
            }),
            logging_out: record.logging_out,
            renamed_from: record.renamed_from.as_deref().map(Into::into),
            unconfirmed: record.unconfirmed,
        }
    }
}

impl Access<'_> {
    fn issued(&self) -> IssuedToken {
        let token = AccessToken::new(self.token.as_str());
        IssuedToken { token, sent: self.sent.into(), life: self.life }
    }
}

impl<'a> App<'a> {
    fn of(registration: &'a Registration) -> Self {
        let endpoints = &registration.endpoints;
        Self {
            client_secret: registration.client_secret.as_ref().map(|secret| secret.expose().into()),
            settings: registration.app_settings.as_ref().map(|text| text.expose().into()),
            passphrase: registration.passphrase.as_ref().map(|text| text.expose().into()),
            server: registration.server_auth.as_ref().map(Server::of),
            endpoints: endpoints
                .iter()
                .map(|(key, value)| (key.as_str().into(), value.as_str().into()))
                .collect(),
        }
    }

    fn registration(&self) -> Registration {
        Registration {
            client_secret: self.client_secret.as_ref().map(|secret| ClientSecret::new(secret.as_str())),
            app_settings: self.settings.as_ref().map(|text| AppSettingsText::new(text.as_str())),
            passphrase: self.passphrase.as_ref().map(|text| Passphrase::new(text.as_str())),
            server_auth: self.server.as_ref().map(Server::auth),
            endpoints: self.endpoints.iter().map(|(key, value)| (key.to_text(), value.to_text())).collect(),
        }
    }
}

impl<'a> Server<'a> {
    fn of(auth: &'a ServerAuth) -> Self {
        match auth {
            ServerAuth::ClientCredentials(subject) => Self::Ccg(Actor::of(subject)),
            ServerAuth::Jwt(subject) => Self::Jwt(subject.as_ref().map(Actor::of)),
        }
    }

    fn auth(&self) -> ServerAuth {
        match self {
            Self::Ccg(actor) => ServerAuth::ClientCredentials(actor.subject()),
            Self::Jwt(actor) => ServerAuth::Jwt(actor.as_ref().map(Actor::subject)),
        }
    }
}

impl<'a> Actor<'a> {
    fn of(subject: &'a Subject) -> Self {
        match subject {
            Subject::Enterprise(id) => Self::Enterprise(id.as_str().into()),
            Subject::User(id) => Self::User(id.as_str().into()),
        }
    }

    fn subject(&self) -> Subject {
        match self {
            Self::Enterprise(id) => Subject::Enterprise(id.to_text()),
            Self::User(id) => Subject::User(id.to_text()),
        }
    }
}

impl Person<'_> {
    fn user(&self) -> User {
        User { id: self.id.to_text(), login: self.login.to_text(), name: self.name.to_text() }
    }
}

// === impl Text, Instant ===

impl Text<'_> {
    fn as_str(&self) -> &str {
        &self.0
    }

    fn to_text(&self) -> String {
        self.0.as_ref().to_owned()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl Drop for Text<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.0 {
            text.zeroize();
        }
    }
}

impl From<Moment> for Instant {
    fn from(moment: Moment) -> Self {
        Self(moment.boot_id.0, moment.boot.0, moment.wall.0)
    }
}

impl From<Instant> for Moment {
    fn from(Instant(boot_id, boot, wall): Instant) -> Self {
        Self { boot_id: BootId(boot_id), boot: BootTime(boot), wall: WallTime(wall) }
    }
}

/// Counts what is written.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
