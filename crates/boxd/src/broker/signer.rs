//! The key of an application that signs assertions, read and opened once, and kept until it may have changed.

use std::fmt;

use boxd_engine::{ClientSecret, Subject};
use secrecy::ExposeSecret;

use crate::{
    app_settings::AppSettings,
    assertion::{Algorithm, SigningKey},
    box_api::Skew,
    config::Effective,
};

/// What a JWT request needs besides its endpoint.
pub(super) struct Signer {
    pub(super) client_id: String,
    pub(super) secret: ClientSecret,
    pub(super) key: SigningKey,
    /// The id under which Box keeps the public key.
    pub(super) key_id: String,
    pub(super) algorithm: Algorithm,
    /// As whom it acts where nothing else is said.
    pub(super) subject: Option<Subject>,
    pub(super) skew: Skew,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads the app settings and opens the key in them. Blocking, up to seconds.
    pub(super) fn open(effective: Effective) -> Result<Self, String> {
        let text = effective
            .app_settings
            .read()
            .map_err(|error| error.to_string())?
            .ok_or("the app settings are not known: set app_config in the config")?;
        let settings = AppSettings::parse(text.expose()).map_err(|error| error.to_string())?;
        let auth = settings.app_auth.ok_or(
            "the app settings hold no private key (`appAuth`): generate one in Box's developer console, or set auth = \
             \"ccg\"",
        )?;
        let passphrase = effective.passphrase.read().map_err(|error| error.to_string())?;
        let passphrase = passphrase
            .as_ref()
            .map(boxd_engine::Passphrase::expose)
            .or(auth.passphrase.as_ref().map(ExposeSecret::expose_secret));
        let key = SigningKey::open(auth.private_key.expose_secret(), passphrase)
            .map_err(|error| error.to_string())?;
        let secret = match effective.secret.read().map_err(|error| error.to_string())? {
            Some(secret) => secret,
            None => settings.client_secret,
        };
        let user = settings.user_id.map(Subject::User);
        Ok(Self {
            client_id: settings.client_id,
            secret,
            key,
            key_id: auth.public_key_id,
            algorithm: effective.algorithm,
            subject: user.or(settings.enterprise_id.map(Subject::Enterprise)),
            skew: Skew::default(),
        })
    }
}
