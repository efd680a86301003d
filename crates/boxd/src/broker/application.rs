//! Which application and endpoint an account's grant may be shown to, with the secret.

use std::sync::Arc;

use boxd_engine::{Binding, ClientSecret, Credential, Event, Record, Registration, ServerAuth, Trouble};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Broker, account::Account, signer::Signer};
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

/// What is known of the application that an account's grant belongs to.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) client_id: &'a str,
    /// Where its secrets may go; `None` where they were just given for whatever is in force.
    pub(super) token_origin: Option<&'a str>,
    pub(super) registration: Option<&'a Registration>,
}

impl<'a> Known<'a> {
    /// As it is stored.
    pub(super) fn bound(binding: &'a Binding, registration: Option<&'a Registration>) -> Self {
        Self { client_id: &binding.client_id, token_origin: Some(&binding.token_origin), registration }
    }

    /// As a record has it.
    pub(super) fn of(record: &'a Record) -> Self {
        Self::bound(&record.binding, record.registration.as_deref())
    }
}

impl Broker {
    /// Settings, endpoint and secret of an account by the configuration in force.
    pub(super) fn effective(&self, account: &Account) -> Result<Effective, ConfigError> {
        let held = account.held();
        let known = held.session.application();
        let known = known.map(|(binding, registration)| Known::bound(binding, registration));
        self.effective_for(&account.name, known)
    }

    /// The same for a grant of this application.
    pub(super) fn effective_for(
        &self,
        name: &AccountName,
        known: Option<Known<'_>>,
    ) -> Result<Effective, ConfigError> {
        let registration = known.and_then(|known| known.registration);
        let client_id = known.map(|known| known.client_id);
        let mut effective = self.config().resolve(name, registration, client_id)?;
        effective.settings.spread = self.spread();
        Ok(match known.and_then(|known| known.token_origin) {
            Some(bound) => effective.for_origin(bound),
            None => effective,
        })
    }

    /// The application that may see `record`. Checked here once more, right before anything is sent.
    pub(super) async fn application_of(
        &self,
        account: &Account,
        record: &Record,
    ) -> Result<Application, String> {
        let known = Some(Known::of(record));
        let effective = self.effective_for(&account.name, known).map_err(|error| error.to_string())?;
        let mints = matches!(record.credential, Credential::Server { .. });
        if effective.settings.binding.as_ref() != Some(&record.binding)
            || effective.settings.server_auth.is_some() != mints
        {
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

    /// The opened key of an account. Opening one takes up to seconds, so it is done on a thread of its own.
    pub(super) async fn signer_of(
        &self,
        account: &Account,
        effective: &Effective,
    ) -> Result<Arc<Signer>, String> {
        let known = account.held().signer.clone();
        if let Some(signer) = known {
            return Ok(signer);
        }
        let signer = open_signer(effective).await?;
        account.held().signer = Some(Arc::clone(&signer));
        Ok(signer)
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

/// Commands of secrets that run at once: those that hang leave threads to the store and to name lookups.
static COMMANDS: Semaphore = Semaphore::const_new(128);

/// A place to run commands in, where any is run.
async fn place_for(runs_command: bool) -> Option<SemaphorePermit<'static>> {
    // The semaphore is never closed.
    if runs_command { COMMANDS.acquire().await.ok() } else { None }
}

/// Reads a client secret from where the configuration says; it may run a command, so not on this thread.
pub(super) async fn read_secret(source: EffectiveSecret) -> Result<ClientSecret, String> {
    let _place = place_for(source.runs_command()).await;
    match tokio::task::spawn_blocking(move || source.read()).await {
        Ok(Ok(Some(secret))) => Ok(secret),
        Ok(Ok(None)) => Err("the client secret is not known: set client_secret in the config".into()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(format!("the client secret could not be read: {error}")),
    }
}

/// Opens the key of an app. It takes up to seconds, so not on this thread.
pub(super) async fn open_signer(effective: &Effective) -> Result<Arc<Signer>, String> {
    let effective = effective.clone();
    let runs_command = effective.app_settings.runs_command()
        || effective.passphrase.runs_command()
        || effective.secret.runs_command();
    let _place = place_for(runs_command).await;
    let opening = tokio::task::spawn_blocking(move || Signer::open(effective));
    opening.await.map_err(|error| format!("it could not be opened: {error}"))?.map(Arc::new)
}
