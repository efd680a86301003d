//! What is in force for one account: its config entry, else what it brought along, else `[box]`.

use std::{path::Path, time::Duration};

use boxd_engine::{AppSettingsText, Binding, ClientSecret, Passphrase, Registration, Settings};

use super::{AuthConfig, Config, ConfigError, SecretError, SecretSource};
use crate::{
    account_name::AccountName,
    assertion::Algorithm,
    box_api::{Endpoint, EndpointSettings, InvalidEndpoint},
    login::RedirectUri,
};

/// What is in force for an account.
#[derive(Clone, Debug)]
pub struct Effective {
    /// What the engine needs to know.
    pub settings: Settings,
    /// Where its requests go.
    pub endpoint: Endpoint,
    /// The secret of its application. Unknown for JWT as a rule: the app settings hold it.
    pub secret: EffectiveSecret<ClientSecret>,
    /// JWT: the app settings file.
    pub app_settings: EffectiveSecret<AppSettingsText>,
    /// JWT: the passphrase of the key in it, where that does not carry one.
    pub passphrase: EffectiveSecret<Passphrase>,
    /// JWT: how assertions are signed.
    pub algorithm: Algorithm,
    /// Where Box sends the browser of a login; `None`: the default.
    pub redirect_uri: Option<RedirectUri>,
    /// Scopes that a login asks for.
    pub scope: Option<String>,
    /// It was dropped from the config, and nothing that could renew it is stored with it.
    pub orphaned: bool,
}

/// Where a secret of an account's application is.
#[derive(Clone, Debug)]
pub enum EffectiveSecret<S = ClientSecret> {
    /// The config says where it is.
    Source(SecretSource),
    /// It is stored with the account.
    Stored(S),
    /// Nobody knows.
    Unknown,
}

/// A secret that may be stored with an account, or read from where the config says.
pub trait Kept: Sized {
    /// The secret as it was read.
    fn read_as(text: &ClientSecret) -> Self;
}

impl Kept for ClientSecret {
    fn read_as(text: &ClientSecret) -> Self {
        text.clone()
    }
}

impl Kept for AppSettingsText {
    fn read_as(text: &ClientSecret) -> Self {
        Self::new(text.expose())
    }
}

impl Kept for Passphrase {
    fn read_as(text: &ClientSecret) -> Self {
        Self::new(text.expose())
    }
}

impl<S: Kept> EffectiveSecret<S> {
    fn withhold(&mut self) {
        if matches!(self, Self::Stored(_)) {
            *self = Self::Unknown;
        }
    }

    /// Whether reading it runs a command, which may take as long as it is let.
    pub fn runs_command(&self) -> bool {
        matches!(self, Self::Source(SecretSource::Command(_)))
    }

    /// Reads it; `None` where nobody knows where it is. Blocking: a command may run for 10 s.
    ///
    /// # Errors
    /// Where the config says where it is, but it is not there.
    pub fn read(self) -> Result<Option<S>, SecretError> {
        match self {
            Self::Source(source) => source.read().map(|text| Some(S::read_as(&text))),
            Self::Stored(secret) => Ok(Some(secret)),
            Self::Unknown => Ok(None),
        }
    }
}

impl Effective {
    /// Secrets that are stored with an account belong to the endpoint that it was made with: they are withheld
    /// where requests would go elsewhere.
    #[must_use]
    pub fn for_origin(mut self, bound: &str) -> Self {
        if self.endpoint.token_origin() != bound {
            self.secret.withhold();
            self.app_settings.withhold();
            self.passphrase.withhold();
        }
        self
    }
}

impl Config {
    /// What is in force for an account, with what its record says: the registration, if it was created by
    /// a login or import, and the `client_id` that its grant is bound to. Both `None` without a record.
    ///
    /// Fails where a stored endpoint setting is unusable: it is not passed over for a default, which
    /// would send the grant elsewhere.
    pub fn resolve(
        &self,
        name: &AccountName,
        registration: Option<&Registration>,
        bound_client_id: Option<&str>,
    ) -> Result<Effective, ConfigError> {
        let unusable = |error: InvalidEndpoint| ConfigError::Registration {
            account: name.clone(),
            reason: error.to_string(),
        };
        let entry = self.accounts.get(name);
        let stored =
            registration.map_or_else(|| Ok(EndpointSettings::default()), stored).map_err(unusable)?;
        let own = entry.map(|entry| entry.endpoint.clone()).unwrap_or_default();
        let endpoint = own.over(stored).over(self.endpoint.clone()).resolve().map_err(unusable)?;

        let known = entry.is_some() || registration.is_some();
        let server = entry.and_then(|entry| entry.auth.server());
        let imported_auth = registration.and_then(|registration| registration.server_auth.as_ref());
        // A key of the config's own: its settings file names the application.
        let own_key = server.is_some_and(|server| server.app_settings.is_some());
        let configured = entry.and_then(|entry| entry.client_id.as_deref());
        let client_id = if own_key {
            configured.or(bound_client_id.filter(|_| imported_auth.is_some())).or(Some(""))
        } else {
            configured.or(bound_client_id.filter(|_| known))
        };
        // What is stored belongs to the application that it came with.
        let stored = registration.filter(|_| client_id == bound_client_id && !own_key);
        Ok(Effective {
            settings: Settings {
                lead: self.lead,
                // The broker knows how many accounts there are.
                spread: Duration::ZERO,
                mode: entry.map(|entry| entry.mode).unwrap_or_default(),
                server_auth: match entry.map(|entry| &entry.auth) {
                    Some(AuthConfig::Server(server)) => Some(server.auth.clone()),
                    Some(AuthConfig::Login) => None,
                    Some(AuthConfig::Unsaid) | None => imported_auth.cloned(),
                },
                binding: client_id.map(|client_id| Binding {
                    client_id: client_id.to_owned(),
                    token_origin: endpoint.token_origin(),
                }),
            },
            secret: choose(
                entry.and_then(|entry| entry.secret.as_ref()),
                stored.and_then(|registration| registration.client_secret.as_ref()),
            ),
            app_settings: choose(
                server.and_then(|server| server.app_settings.as_ref()),
                stored.and_then(|registration| registration.app_settings.as_ref()),
            ),
            passphrase: choose(
                server.and_then(|server| server.passphrase.as_ref()),
                stored.and_then(|registration| registration.passphrase.as_ref()),
            ),
            algorithm: server.map(|server| server.algorithm).unwrap_or_default(),
            redirect_uri: entry.and_then(|entry| entry.redirect_uri.clone()),
            scope: entry.and_then(|entry| entry.scope.clone()),
            endpoint,
            orphaned: bound_client_id.is_some() && !known,
        })
    }
}

/// The config's secret; else the stored one, which is only given for the application that it belongs to.
fn choose<S: Clone>(configured: Option<&SecretSource>, stored: Option<&S>) -> EffectiveSecret<S> {
    match (configured, stored) {
        (Some(source), _) => EffectiveSecret::Source(source.clone()),
        (None, Some(secret)) => EffectiveSecret::Stored(secret.clone()),
        (None, None) => EffectiveSecret::Unknown,
    }
}

fn stored(registration: &Registration) -> Result<EndpointSettings, InvalidEndpoint> {
    let mut settings = EndpointSettings::default();
    for (key, value) in &registration.endpoints {
        settings.set(key, value, Path::new(""))?;
    }
    Ok(settings)
}
