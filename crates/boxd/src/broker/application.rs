//! Which application and endpoint an account's grant may be shown to, with the secret.

use std::sync::Arc;

use boxd_engine::{Binding, ClientSecret, Event, Record, Trouble};

use super::{Broker, account::Account};
use crate::{
    box_api::Endpoint,
    config::{Effective, Secret},
};

/// All that a request in an account's name needs.
pub(super) struct Application {
    pub(super) endpoint: Endpoint,
    pub(super) secret: ClientSecret,
}

impl Broker {
    /// Settings, endpoint and secret of an account by the configuration in force.
    pub(super) fn effective(&self, account: &Account) -> Effective {
        self.config().resolve(&account.name, account.held().session.application())
    }

    pub(super) fn endpoint_of(&self, account: &Account) -> Endpoint {
        self.effective(account).endpoint
    }

    /// The application that may see `record`. Checked here once more, right before anything is sent.
    pub(super) async fn application_of(
        &self,
        account: &Account,
        record: &Record,
    ) -> Result<Application, String> {
        let known = (&*record.binding.client_id, record.registration.as_deref());
        let effective = self.config().resolve(&account.name, Some(known));
        let binding: Option<&Binding> = effective.settings.binding.as_ref();
        if binding != Some(&record.binding) {
            return Err("the configuration no longer matches the grant".into());
        }
        let known = account.held().secret.clone();
        let secret = match known {
            Some(secret) => secret,
            None => {
                let secret = read_secret(effective.secret).await?;
                account.held().secret = Some(secret.clone());
                secret
            }
        };
        Ok(Application { endpoint: effective.endpoint, secret })
    }

    /// After `invalid_client` the secret is read anew; if it changed, the grant is tried again at once.
    pub(super) async fn reread_refused_secret(&self, account: &Arc<Account>) {
        if !matches!(account.view.borrow().trouble, Some(Trouble::InvalidClient(_))) {
            return;
        }
        let Some(used) = account.held().secret.take() else { return };
        let effective = self.effective(account);
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
async fn read_secret(secret: Secret) -> Result<ClientSecret, String> {
    match tokio::task::spawn_blocking(move || secret.read()).await {
        Ok(Ok(secret)) => Ok(secret),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the client secret could not be read".into()),
    }
}
