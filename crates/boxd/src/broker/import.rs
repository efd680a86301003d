//! Takes over credentials that exist elsewhere.

use std::{path::Path, sync::Arc, time::Duration};

use boxd_engine::{
    AccessToken, AppSettingsText, Binding, ClientSecret, Credential, Event, Generation, GrantId, IssuedToken,
    NewGrant, Passphrase, Record, RefreshToken, Registration, ServerAuth, Subject, Way,
};
use boxd_proto::{AccountStatus, Code, Endpoints, Import, ImportedCredential, Problem};
use ring::rand::SecureRandom as _;

use super::{Broker, problems};
use crate::{account_name::AccountName, app_settings::AppSettings, box_api::EndpointSettings};

/// Life of an access token whose end is unknown: Box's developer tokens live 60 minutes.
const UNKNOWN_LIFE: Duration = Duration::from_hours(1);

impl Broker {
    /// Takes over credentials that exist elsewhere.
    pub(super) async fn import(&self, name: &AccountName, import: Import) -> Result<AccountStatus, Problem> {
        let one_at_a_time = self.custody.lock().await;
        let renew_now = match &import.credential {
            ImportedCredential::OAuth2 { refresh_now, .. } => *refresh_now,
            ImportedCredential::AccessToken { .. } => false,
            ImportedCredential::ClientCredentials { .. } | ImportedCredential::Jwt { .. } => true,
        };
        let replace = import.replace;
        let record = self.record_of(name, import)?;
        if let Some(other) = self.holder_of(&record)
            && other != *name
        {
            return Err(problems::problem(
                Code::BadRequest,
                name,
                format!("this grant is already held by the account `{other}`"),
                format!("use that account: boxctl token {other}"),
            ));
        }
        let account = self.account_or_new(name);
        if !replace && !account.is_absent() && account.view.borrow().way != Some(Way::AccessOnly) {
            return Err(problems::problem(
                Code::BadRequest,
                name,
                "the account holds a grant already".into(),
                format!("to let the new one take its place: boxctl import -a {name} --replace"),
            ));
        }
        let settings = self.settings_for(name, &record)?;
        let grant = Box::new(NewGrant { record, renew_now, settings });
        let attempts = account.view.borrow().attempts;
        self.operate(&account, |operation| Event::Replace { operation, grant }).await?;
        account.held().forget_application();
        tracing::info!(account = %name, "a grant was taken over");
        // The session knows its grant from here on: other imports need not wait for Box.
        drop(one_at_a_time);
        if renew_now {
            self.outcome_of_renewal(&account, attempts, self.until(Some(90_000))).await?;
            self.wait_until_identified(&account).await;
        }
        Ok(self.status_of(&account))
    }

    /// The record that an import brings; its generation comes from the session.
    fn record_of(&self, name: &AccountName, import: Import) -> Result<Record, Problem> {
        let bad = |detail: &str, next_step: &str| {
            problems::problem(Code::BadRequest, name, detail.into(), next_step.into())
        };
        let now = self.clock.moment();
        let life = |expires_at: Option<i64>| {
            expires_at.map_or(UNKNOWN_LIFE, |end| {
                Duration::from_secs(u64::try_from(end.saturating_sub(now.wall.unix_seconds())).unwrap_or(0))
                    .min(boxd_engine::schedule::LONGEST_LIFE)
            })
        };
        let endpoints = endpoint_settings(&import.endpoints);
        let (client_id, registration, credential) = match import.credential {
            ImportedCredential::OAuth2 {
                client_id,
                client_secret,
                refresh_token,
                access_token,
                expires_at,
                ..
            } => {
                if client_id.is_empty() || refresh_token.expose().is_empty() {
                    return Err(bad("client_id or refresh_token is empty", "check the import file"));
                }
                // An access token without a known end is not served: the first renewal brings one.
                let access = access_token.zip(expires_at).map(|(token, end)| IssuedToken {
                    token: AccessToken::new(token.expose()),
                    sent: now,
                    life: life(Some(end)),
                });
                let secret = client_secret.map(|secret| ClientSecret::new(secret.expose()));
                let credential = Credential::OAuth2 {
                    access,
                    refresh: RefreshToken::new(refresh_token.expose()),
                    born: now,
                    previous: None,
                };
                (
                    client_id,
                    Registration { client_secret: secret, endpoints, ..Registration::default() },
                    credential,
                )
            }
            ImportedCredential::AccessToken { access_token, expires_at } => {
                if access_token.expose().is_empty() {
                    return Err(bad("the token is empty", "check the import file"));
                }
                let access = IssuedToken {
                    token: AccessToken::new(access_token.expose()),
                    sent: now,
                    life: life(expires_at),
                };
                (
                    String::new(),
                    Registration { endpoints, ..Registration::default() },
                    Credential::AccessOnly { access },
                )
            }
            ImportedCredential::ClientCredentials { client_id, client_secret, subject } => {
                let auth = ServerAuth::ClientCredentials(subject_of(subject));
                let registration = Registration {
                    client_secret: Some(ClientSecret::new(client_secret.expose())),
                    server_auth: Some(auth.clone()),
                    endpoints,
                    ..Registration::default()
                };
                (client_id, registration, Credential::Server { auth, access: None })
            }
            ImportedCredential::Jwt { app_settings, passphrase, subject } => {
                let settings = AppSettings::parse(app_settings.expose())
                    .map_err(|error| bad(&error.to_string(), "check the import file"))?;
                let auth = ServerAuth::Jwt(subject.map(subject_of));
                let registration = Registration {
                    app_settings: Some(AppSettingsText::new(app_settings.expose())),
                    passphrase: passphrase.map(|passphrase| Passphrase::new(passphrase.expose())),
                    server_auth: Some(auth.clone()),
                    endpoints,
                    ..Registration::default()
                };
                (settings.client_id, registration, Credential::Server { auth, access: None })
            }
        };
        // What the file says of its own endpoints decides where this grant was issued.
        let mut own = EndpointSettings::default();
        for (key, value) in &registration.endpoints {
            own.set(key, value, Path::new("/"))
                .map_err(|error| bad(&format!("{key}: {error}"), "correct the import file"))?;
        }
        let known = Some((&*client_id, Some(&registration)));
        let effective = self
            .effective_for(name, known)
            .map_err(|error| bad(&error.to_string(), "correct the import file or the config"))?;
        let token_origin = effective.endpoint.token_origin();
        Ok(Record {
            grant: new_grant_id(name)?,
            generation: Generation::default(),
            binding: Binding { client_id, token_origin },
            registration: Some(Arc::new(registration)),
            credential,
            user: None,
            logging_out: false,
            unconfirmed: true,
            renamed_from: None,
        })
    }
}

/// The `[box]` settings of an import, by their keys.
pub(super) fn endpoint_settings(endpoints: &Endpoints) -> Vec<(String, String)> {
    let all = [
        ("authorize_url", &endpoints.authorize_url),
        ("token_url", &endpoints.token_url),
        ("revoke_url", &endpoints.revoke_url),
        ("api_url", &endpoints.api_url),
        ("upload_url", &endpoints.upload_url),
        ("ca_file", &endpoints.ca_file),
        ("proxy", &endpoints.proxy),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))).collect()
}

fn subject_of(subject: boxd_proto::Subject) -> Subject {
    match subject {
        boxd_proto::Subject::Enterprise(id) => Subject::Enterprise(id),
        boxd_proto::Subject::User(id) => Subject::User(id),
    }
}

/// A random identity for a new grant.
pub(super) fn new_grant_id(name: &AccountName) -> Result<GrantId, Problem> {
    let mut id = [0; 16];
    match ring::rand::SystemRandom::new().fill(&mut id) {
        Ok(()) => Ok(GrantId(id)),
        Err(_unspecified) => {
            Err(problems::problem(Code::Internal, name, "no randomness".into(), "try again".into()))
        }
    }
}
