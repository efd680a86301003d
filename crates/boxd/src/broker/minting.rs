//! Accounts whose application mints its tokens in its own right (CCG and JWT).

use boxd_engine::{
    ClientSecret, Credential, Exchange, Generation, Loaded, Record, ServerAuth, Settings, Subject,
};

use super::{Broker, account::Account, import::new_grant_id};
use crate::{
    account_name::AccountName,
    box_api::{JwtGrant, Present},
    config::Effective,
};

/// What a session begins with: an account that the config lets mint needs no grant, so nothing that the store
/// lacks, or cannot read, or has from another machine, is missed.
pub(super) fn begin(name: &AccountName, loaded: Loaded, settings: &Settings) -> Loaded {
    let (Some(auth), Some(binding)) = (&settings.server_auth, &settings.binding) else { return loaded };
    let highest = match &loaded {
        Loaded::Absent { highest } | Loaded::Damaged { highest, .. } => *highest,
        Loaded::Grant { record, foreign: true, .. } if is_of_config(record) => record.generation,
        Loaded::Grant { .. } => return loaded,
    };
    let grant = match new_grant_id(name) {
        Ok(grant) => grant,
        Err(problem) => {
            tracing::error!(account = %name, %problem, "the account cannot be set up");
            return loaded;
        }
    };
    let record = Box::new(Record {
        grant,
        generation: Generation(highest.0),
        binding: binding.clone(),
        registration: None,
        credential: Credential::Server { auth: auth.clone(), access: None },
        user: None,
        logging_out: false,
        unconfirmed: false,
        renamed_from: None,
    });
    Loaded::Grant { record, in_doubt: false, foreign: false, rewrite: false }
}

/// Whether the store holds nothing of it that the config could not mint anew.
fn is_of_config(record: &Record) -> bool {
    matches!(record.credential, Credential::Server { .. }) && record.registration.is_none()
}

impl Broker {
    /// Asks Box for a new token of an account's application: as the configured subject, or as `user`. With it
    /// comes the client secret that was sent.
    pub(super) async fn mint(
        &self,
        account: &Account,
        user: Option<&str>,
    ) -> (Exchange, Option<ClientSecret>) {
        let effective = match self.effective(account) {
            Ok(effective) => effective,
            Err(error) => return (Exchange::Unprepared(error.to_string()), None),
        };
        if Self::is_bound_elsewhere(account, &effective) {
            let reason = "the configuration names another application or token endpoint than the app was imported \
                          with";
            return (Exchange::Unprepared(reason.into()), None);
        }
        let user = user.map(|id| Subject::User(id.to_owned()));
        let minted = match effective.settings.server_auth.clone() {
            Some(ServerAuth::ClientCredentials(subject)) => {
                self.mint_by_credentials(account, effective, &user.unwrap_or(subject)).await
            }
            Some(ServerAuth::Jwt(subject)) => {
                self.mint_by_assertion(account, &effective, user.or(subject)).await
            }
            None => Err("the configuration does not let this account mint tokens".into()),
        };
        match minted {
            Ok((exchange, secret)) => (exchange, Some(secret)),
            Err(reason) => (Exchange::Unprepared(reason), None),
        }
    }

    /// An imported app is bound as a grant is: its secret must not go where an edited config points.
    fn is_bound_elsewhere(account: &Account, effective: &Effective) -> bool {
        let held = account.held();
        let Some((binding, Some(registration))) = held.session.application() else { return false };
        registration.server_auth.is_some() && effective.settings.binding.as_ref() != Some(binding)
    }

    async fn mint_by_credentials(
        &self,
        account: &Account,
        effective: Effective,
        subject: &Subject,
    ) -> Result<(Exchange, ClientSecret), String> {
        let secret = self.secret_of(account, effective.secret).await?;
        let client_id = effective.settings.binding.map(|binding| binding.client_id).unwrap_or_default();
        let exchange = self.api.client_credentials(&effective.endpoint, &client_id, &secret, subject).await;
        Ok((exchange, secret))
    }

    async fn mint_by_assertion(
        &self,
        account: &Account,
        effective: &Effective,
        subject: Option<Subject>,
    ) -> Result<(Exchange, ClientSecret), String> {
        let signer = self.signer_of(account, effective).await?;
        let subject = subject.as_ref().or(signer.subject.as_ref()).ok_or(
            "the app settings name neither an enterprise nor a user (Box writes enterpriseID 0 for an app that no \
             enterprise has): set `subject`",
        )?;
        let grant = JwtGrant {
            client_id: &signer.client_id,
            client_secret: &signer.secret,
            key: &signer.key,
            kid: &signer.key_id,
            algorithm: signer.algorithm,
            subject,
        };
        let present = Present {
            now: &|| self.clock.wall(),
            random: &ring::rand::SystemRandom::new(),
            skew: &signer.skew,
        };
        let exchange = self.api.jwt(&effective.endpoint, &grant, &present).await;
        Ok((exchange.map_err(|error| error.to_string())?, signer.secret.clone()))
    }
}
