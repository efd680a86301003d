//! Accounts whose application mints its tokens in its own right (CCG and JWT).

use std::sync::Arc;

use boxd_engine::{
    ClientSecret, Credential, Exchange, Generation, Loaded, Record, ServerAuth, Settings, Subject,
};

use super::{
    Broker,
    account::Account,
    application::{Known, open_signer, read_secret},
    import::new_grant_id,
    signer::Signer,
};
use crate::{
    account_name::AccountName,
    box_api::{Endpoint, JwtGrant, Present},
    config::Effective,
};

/// What a session begins with: an account that the config lets mint needs no grant, so nothing that the store
/// lacks, or cannot read, or has from another machine, is missed.
pub(super) fn begin(name: &AccountName, loaded: Loaded, settings: &Settings) -> Loaded {
    let (Some(auth), Some(binding)) = (&settings.server_auth, &settings.binding) else { return loaded };
    let highest = match &loaded {
        Loaded::Absent { highest } | Loaded::Damaged { highest, .. } => *highest,
        Loaded::Grant { record, foreign: true, .. } if is_of_config(record) => record.generation,
        // It may hold a token, and the numbers of its tokens are not known.
        Loaded::Grant { .. } | Loaded::Locked { .. } => return loaded,
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

/// A request for a token of an application, ready to be sent.
pub(super) struct MintRequest {
    endpoint: Endpoint,
    subject: Subject,
    app: App,
}

enum App {
    ClientCredentials { client_id: String, secret: ClientSecret },
    Jwt(Arc<Signer>),
}

const NO_APP: &str = "the configuration does not let this account mint tokens";

impl MintRequest {
    fn by_secret(effective: Effective, secret: ClientSecret, user: Option<Subject>) -> Result<Self, String> {
        let Some(ServerAuth::ClientCredentials(subject)) = effective.settings.server_auth else {
            return Err(NO_APP.into());
        };
        let client_id = effective.settings.binding.map(|binding| binding.client_id).unwrap_or_default();
        let app = App::ClientCredentials { client_id, secret };
        Ok(Self { endpoint: effective.endpoint, subject: user.unwrap_or(subject), app })
    }

    fn by_signer(effective: Effective, signer: Arc<Signer>, user: Option<Subject>) -> Result<Self, String> {
        let Some(ServerAuth::Jwt(subject)) = effective.settings.server_auth else {
            return Err(NO_APP.into());
        };
        let subject = user.or(subject).or_else(|| signer.subject.clone()).ok_or(
            "the app settings name neither an enterprise nor a user (Box writes enterpriseID 0 for an app that no \
             enterprise has): set `subject`",
        )?;
        Ok(Self { endpoint: effective.endpoint, subject, app: App::Jwt(signer) })
    }

    pub(super) fn secret(&self) -> &ClientSecret {
        match &self.app {
            App::ClientCredentials { secret, .. } => secret,
            App::Jwt(signer) => &signer.secret,
        }
    }
}

impl Broker {
    /// All that it takes to ask Box for a new token of an account's application: as the configured subject, or as
    /// `user`. Secrets may come from a command, so this takes its time.
    pub(super) async fn prepare_mint(
        &self,
        account: &Account,
        user: Option<&str>,
    ) -> Result<MintRequest, String> {
        let effective = self.effective(account).map_err(|error| error.to_string())?;
        if Self::is_bound_elsewhere(account, &effective) {
            return Err(
                "the configuration names another application or token endpoint than the app was imported \
                        with"
                    .into(),
            );
        }
        let user = user.map(|id| Subject::User(id.to_owned()));
        match &effective.settings.server_auth {
            Some(ServerAuth::ClientCredentials(_)) => {
                let secret = self.secret_of(account, effective.secret.clone()).await?;
                MintRequest::by_secret(effective, secret, user)
            }
            Some(ServerAuth::Jwt(_)) => {
                let signer = self.signer_of(account, &effective).await?;
                MintRequest::by_signer(effective, signer, user)
            }
            None => Err(NO_APP.into()),
        }
    }

    /// The same for an app that no account holds yet: nothing of it is kept.
    pub(super) async fn prepare_first_mint(
        &self,
        name: &AccountName,
        record: &Record,
    ) -> Result<MintRequest, String> {
        let effective =
            self.effective_for(name, Some(Known::of(record))).map_err(|error| error.to_string())?;
        match &effective.settings.server_auth {
            Some(ServerAuth::ClientCredentials(_)) => {
                let secret = read_secret(effective.secret.clone()).await?;
                MintRequest::by_secret(effective, secret, None)
            }
            Some(ServerAuth::Jwt(_)) => {
                let signer = open_signer(&effective).await?;
                MintRequest::by_signer(effective, signer, None)
            }
            None => Err(NO_APP.into()),
        }
    }

    /// An imported app is bound as a grant is: its secret must not go where an edited config points.
    fn is_bound_elsewhere(account: &Account, effective: &Effective) -> bool {
        let held = account.held();
        let Some((binding, Some(registration))) = held.session.application() else { return false };
        registration.server_auth.is_some() && effective.settings.binding.as_ref() != Some(binding)
    }

    /// One POST; a second where Box finds that the clock of this machine is wrong.
    pub(super) async fn mint(&self, request: &MintRequest) -> Exchange {
        match &request.app {
            App::ClientCredentials { client_id, secret } => {
                self.api.client_credentials(&request.endpoint, client_id, secret, &request.subject).await
            }
            App::Jwt(signer) => self.mint_by_assertion(&request.endpoint, signer, &request.subject).await,
        }
    }

    async fn mint_by_assertion(&self, endpoint: &Endpoint, signer: &Signer, subject: &Subject) -> Exchange {
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
        let exchange = self.api.jwt(endpoint, &grant, &present).await;
        exchange.unwrap_or_else(|error| Exchange::Unprepared(error.to_string()))
    }
}
