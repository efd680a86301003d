//! Which application and endpoint an account's grant may be shown to, with the secret.

use std::sync::Arc;

use boxd_engine::{ClientSecret, Event, Record, Registration, Trouble};

use super::{Broker, account::Account};
use crate::{
    account_name::AccountName,
    box_api::Endpoint,
    config::{ConfigError, Effective, EffectiveSecret},
};

/// All that a request in an account's name needs.
pub(super) struct Application {
    pub(super) endpoint: Endpoint,
    pub(super) secret: ClientSecret,
}

impl Broker {
    /// Settings, endpoint and secret of an account by the configuration in force.
    pub(super) fn effective(&self, account: &Account) -> Result<Effective, ConfigError> {
        self.effective_for(&account.name, account.held().session.application())
    }

    /// The same for a grant of this `client_id` and registration.
    pub(super) fn effective_for(
        &self,
        name: &AccountName,
        grant: Option<(&str, Option<&Registration>)>,
    ) -> Result<Effective, ConfigError> {
        let registration = grant.and_then(|(_, registration)| registration);
        self.config().resolve(name, registration, grant.map(|(client_id, _)| client_id))
    }

    /// The application that may see `record`. Checked here once more, right before anything is sent.
    pub(super) async fn application_of(
        &self,
        account: &Account,
        record: &Record,
    ) -> Result<Application, String> {
        let known = (&*record.binding.client_id, record.registration.as_deref());
        let effective = self.effective_for(&account.name, Some(known)).map_err(|error| error.to_string())?;
        if effective.settings.binding.as_ref() != Some(&record.binding) {
            return Err("the configuration no longer matches the grant".into());
        }
        let known = account.held().secret.clone();
        let secret = if let Some(secret) = known {
            secret
        } else {
            let secret = read_secret(effective.secret).await?;
            account.held().secret = Some(secret.clone());
            secret
        };
        Ok(Application { endpoint: effective.endpoint, secret })
    }

    /// After `invalid_client` the secret is read anew; if it changed, the grant is tried again at once.
    ///
    /// `used` is what was sent: a reload meanwhile may have dropped what was known of the secret.
    pub(super) async fn reread_refused_secret(&self, account: &Arc<Account>, used: Option<ClientSecret>) {
        if !matches!(account.view.borrow().trouble, Some(Trouble::InvalidClient(_))) {
            return;
        }
        account.held().secret = None;
        let Some(used) = used else { return };
        let Ok(effective) = self.effective(account) else { return };
        match read_secret(effective.secret).await {
            Ok(secret) => {
                let changed = secret.expose() != used.expose();
                account.held().secret = Some(secret);
                if changed {
                    self.tell(account, Event::Configured(effective.settings));
                }
            }
            Err(reason) => tracing::error!(account = %account.name, "{reason}"),
        }
    }
}

/// Reads a secret from where the configuration says; it may run a command, so not on this thread.
pub(super) async fn read_secret(secret: EffectiveSecret) -> Result<ClientSecret, String> {
    let source = match secret {
        EffectiveSecret::Source(source) => source,
        EffectiveSecret::Stored(secret) => return Ok(secret),
        EffectiveSecret::Unknown => {
            return Err("the client secret is not known: set client_secret in the config".into());
        }
    };
    match tokio::task::spawn_blocking(move || source.read()).await {
        Ok(Ok(secret)) => Ok(secret),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(format!("the client secret could not be read: {error}")),
    }
}
