//! Which application and endpoint an account's grant may be shown to, with the secret.

use std::sync::Arc;

use boxd_engine::{ClientSecret, Event, Record, Registration, ServerAuth, Trouble};

use super::{Broker, account::Account};
use crate::{
    account_name::AccountName,
    box_api::Endpoint,
    config::{ConfigError, Effective, EffectiveSecret},
};

/// All that a request in an account's name needs.
pub(super) struct Application {
    pub(super) endpoint: Endpoint,
    pub(super) client_id: String,
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
        let mut effective =
            self.config().resolve(name, registration, grant.map(|(client_id, _)| client_id))?;
        effective.settings.spread = self.spread();
        Ok(effective)
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
        if matches!(effective.settings.server_auth, Some(ServerAuth::Jwt(_))) {
            let signer = self.signer_of(account, &effective).await?;
            let (client_id, secret) = (signer.client_id.clone(), signer.secret.clone());
            return Ok(Application { endpoint: effective.endpoint, client_id, secret });
        }
        let secret = self.secret_of(account, effective.secret).await?;
        let client_id = record.binding.client_id.clone();
        Ok(Application { endpoint: effective.endpoint, client_id, secret })
    }

    /// The client secret, read where that was not done yet.
    pub(super) async fn secret_of(
        &self,
        account: &Account,
        source: EffectiveSecret,
    ) -> Result<ClientSecret, String> {
        let known = account.held().secret.clone();
        if let Some(secret) = known {
            return Ok(secret);
        }
        let secret = read_secret(source).await?;
        account.held().secret = Some(secret.clone());
        Ok(secret)
    }

    /// Another grant took the place of the old one: what was known of its application no longer counts.
    pub(super) fn forget_application(&self, account: &Account) {
        account.held().forget_application();
        self.derived().drop_account(&account.name);
    }

    /// After Box refused the application its secrets are read anew; if one changed, the grant is tried again
    /// at once.
    ///
    /// `used` is what was sent: a reload meanwhile may have dropped what was known of the secret.
    pub(super) async fn reread_refused_secret(&self, account: &Arc<Account>, used: Option<ClientSecret>) {
        let refused = matches!(
            account.view.borrow().trouble,
            Some(Trouble::InvalidClient(_) | Trouble::AppRefused(_) | Trouble::Unprepared(_))
        );
        if !refused {
            return;
        }
        account.held().forget_secrets();
        let Some(used) = used else { return };
        let Ok(effective) = self.effective(account) else { return };
        let read = match &effective.settings.server_auth {
            Some(ServerAuth::Jwt(_)) => {
                self.signer_of(account, &effective).await.map(|signer| signer.secret.clone())
            }
            _ => self.secret_of(account, effective.secret).await,
        };
        match read {
            Ok(secret) if secret.expose() != used.expose() => {
                self.tell(account, Event::Configured(effective.settings));
            }
            Ok(_) => {}
            Err(reason) => tracing::error!(account = %account.name, "{reason}"),
        }
    }
}

/// Reads a client secret from where the configuration says; it may run a command, so not on this thread.
pub(super) async fn read_secret(source: EffectiveSecret) -> Result<ClientSecret, String> {
    match tokio::task::spawn_blocking(move || source.read()).await {
        Ok(Ok(Some(secret))) => Ok(secret),
        Ok(Ok(None)) => Err("the client secret is not known: set client_secret in the config".into()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(format!("the client secret could not be read: {error}")),
    }
}
