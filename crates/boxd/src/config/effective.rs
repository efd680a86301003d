//! What is in force for one account: its config entry, else what it brought along, else `[box]`.

use std::path::Path;

use boxd_engine::{Binding, ClientSecret, Registration, Settings};

use super::{AccountConfig, Config, ConfigError, SecretSource};
use crate::{
    account_name::AccountName,
    box_api::{Endpoint, EndpointSettings, InvalidEndpoint},
};

/// What is in force for an account.
#[derive(Clone, Debug)]
pub struct Effective {
    /// What the engine needs to know.
    pub settings: Settings,
    /// Where its requests go.
    pub endpoint: Endpoint,
    /// The secret of its application.
    pub secret: EffectiveSecret,
    /// It was dropped from the config, and nothing that could renew it is stored with it.
    pub orphaned: bool,
}

/// Where the secret of an account's application is.
#[derive(Clone, Debug)]
pub enum EffectiveSecret {
    /// The config says where it is.
    Source(SecretSource),
    /// It is stored with the account.
    Stored(ClientSecret),
    /// Nobody knows.
    Unknown,
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

        let configured = entry.and_then(|entry| entry.client_id.as_deref());
        let known = entry.is_some() || registration.is_some();
        let client_id = configured.or(bound_client_id.filter(|_| known));
        Ok(Effective {
            settings: Settings {
                lead: self.lead,
                server_auth: None,
                mode: entry.map(|entry| entry.mode).unwrap_or_default(),
                binding: client_id.map(|client_id| Binding {
                    client_id: client_id.to_owned(),
                    token_origin: endpoint.token_origin(),
                }),
            },
            secret: secret(entry, registration, client_id == bound_client_id),
            endpoint,
            orphaned: bound_client_id.is_some() && !known,
        })
    }
}

/// The config's secret; the stored one only for the application that it belongs to.
fn secret(
    entry: Option<&AccountConfig>,
    registration: Option<&Registration>,
    same_application: bool,
) -> EffectiveSecret {
    let stored = registration.and_then(|registration| registration.client_secret.as_ref());
    match (entry.and_then(|entry| entry.secret.as_ref()), stored) {
        (Some(source), _) => EffectiveSecret::Source(source.clone()),
        (None, Some(secret)) if same_application => EffectiveSecret::Stored(secret.clone()),
        (None, _) => EffectiveSecret::Unknown,
    }
}

fn stored(registration: &Registration) -> Result<EndpointSettings, InvalidEndpoint> {
    let mut settings = EndpointSettings::default();
    for (key, value) in &registration.endpoints {
        settings.set(key, value, Path::new(""))?;
    }
    Ok(settings)
}
