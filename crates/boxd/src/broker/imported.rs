//! What imported credentials are as a grant: pure, so that nothing but the credentials decides.

use std::time::Duration;

use boxd_engine::{
    AccessToken, AppSettingsText, ClientSecret, Credential, IssuedToken, Moment, Passphrase, RefreshToken,
    Registration, ServerAuth, Subject,
};
use boxd_proto::{ImportedCredential, Secret};

use crate::app_settings::AppSettings;

/// Life of an access token whose end is unknown: Box's developer tokens live 60 minutes.
const UNKNOWN_LIFE: Duration = Duration::from_hours(1);

/// An application and what it holds.
pub(super) struct Imported {
    pub(super) client_id: String,
    pub(super) registration: Registration,
    pub(super) credential: Credential,
}

impl Imported {
    /// What `credential` is `now`; an error says what is wrong with it.
    pub(super) fn of(credential: ImportedCredential, now: Moment) -> Result<Self, String> {
        match credential {
            ImportedCredential::OAuth2 {
                client_id,
                client_secret,
                refresh_token,
                access_token,
                expires_at,
                ..
            } => {
                if client_id.is_empty() || refresh_token.expose().is_empty() {
                    return Err("client_id or refresh_token is empty".into());
                }
                // An access token without a known end is not served: the first renewal brings one.
                let access = access_token.zip(expires_at).map(|(token, end)| issued(&token, now, Some(end)));
                let refresh = RefreshToken::new(refresh_token.expose());
                Ok(Self {
                    client_id,
                    registration: Registration {
                        client_secret: client_secret.map(|secret| ClientSecret::new(secret.expose())),
                        ..Registration::default()
                    },
                    credential: Credential::OAuth2 { access, refresh, born: now, previous: None },
                })
            }
            ImportedCredential::AccessToken { access_token, expires_at } => {
                if access_token.expose().is_empty() {
                    return Err("the token is empty".into());
                }
                let access = issued(&access_token, now, expires_at);
                Ok(Self {
                    client_id: String::new(),
                    registration: Registration::default(),
                    credential: Credential::AccessOnly { access },
                })
            }
            ImportedCredential::ClientCredentials { client_id, client_secret, subject } => {
                if client_id.is_empty() || client_secret.expose().is_empty() {
                    return Err("client_id or client_secret is empty".into());
                }
                let registration = Registration {
                    client_secret: Some(ClientSecret::new(client_secret.expose())),
                    ..Registration::default()
                };
                Ok(Self::server(client_id, registration, ServerAuth::ClientCredentials(subject_of(subject))))
            }
            ImportedCredential::Jwt { app_settings, passphrase, subject } => {
                let settings =
                    AppSettings::parse(app_settings.expose()).map_err(|error| error.to_string())?;
                let registration = Registration {
                    app_settings: Some(AppSettingsText::new(app_settings.expose())),
                    passphrase: passphrase.map(|passphrase| Passphrase::new(passphrase.expose())),
                    ..Registration::default()
                };
                Ok(Self::server(settings.client_id, registration, ServerAuth::Jwt(subject.map(subject_of))))
            }
        }
    }

    fn server(client_id: String, registration: Registration, auth: ServerAuth) -> Self {
        Self {
            client_id,
            registration: Registration { server_auth: Some(auth.clone()), ..registration },
            credential: Credential::Server { auth, access: None },
        }
    }
}

/// An access token that ends at this date, in seconds since the Unix epoch.
fn issued(token: &Secret, now: Moment, expires_at: Option<i64>) -> IssuedToken {
    let life = expires_at.map_or(UNKNOWN_LIFE, |end| {
        let seconds = u64::try_from(end.saturating_sub(now.wall.unix_seconds())).unwrap_or(0);
        Duration::from_secs(seconds).min(boxd_engine::reply::LONGEST_LIFE)
    });
    IssuedToken { token: AccessToken::new(token.expose()), sent: now, life }
}

fn subject_of(subject: boxd_proto::Subject) -> Subject {
    match subject {
        boxd_proto::Subject::Enterprise(id) => Subject::Enterprise(id),
        boxd_proto::Subject::User(id) => Subject::User(id),
    }
}
