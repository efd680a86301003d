//! Grants coming and going: import, logout, rename, and taking over another machine's store.

use std::{sync::Arc, time::Duration};

use boxd_engine::{
    AccessToken, Binding, ClientSecret, Credential, Event, Generation, GrantId, IssuedToken, NewGrant, Operation,
    Record, RefreshToken, Registration, State, Trouble,
};
use boxd_proto::{AccountStatus, Code, Endpoints, Import, ImportedCredential, Problem};
use ring::rand::SecureRandom as _;

use super::{Broker, account::Account, problems};
use crate::account_name::AccountName;

/// Life of an access token whose end is unknown: Box's developer tokens live 60 minutes.
const UNKNOWN_LIFE: Duration = Duration::from_hours(1);

impl Broker {
    /// Takes over credentials that exist elsewhere.
    pub(super) async fn import(&self, name: &AccountName, import: Import) -> Result<AccountStatus, Problem> {
        let _one_at_a_time = self.custody.lock().await;
        let renew_now =
            matches!(&import.credential, ImportedCredential::OAuth2 { refresh_now: true, .. });
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
        if !replace && !account.is_absent() && account.view.borrow().refresh_born.is_some() {
            return Err(problems::problem(
                Code::BadRequest,
                name,
                "the account holds a grant already".into(),
                format!("to let the new one take its place: boxctl import -a {name} --replace"),
            ));
        }
        self.adopt_application(&account, &record)?;
        let grant = Box::new(NewGrant { record, renew_now });
        let attempts = account.view.borrow().attempts;
        self.operate(&account, |operation| Event::Replace { operation, grant }).await?;
        tracing::info!(account = %name, "a grant was taken over");
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
            ImportedCredential::OAuth2 { client_id, client_secret, refresh_token, access_token, expires_at, .. } => {
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
                (client_id, Registration { client_secret: secret, endpoints }, credential)
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
                (String::new(), Registration { client_secret: None, endpoints }, Credential::AccessOnly { access })
            }
        };
        let effective = self
            .config()
            .check_registration(name, &registration, &client_id)
            .map_err(|error| bad(&error.to_string(), "correct the config or the import file"))?;
        let mut grant = [0; 16];
        ring::rand::SystemRandom::new()
            .fill(&mut grant)
            .map_err(|_| problems::problem(Code::Internal, name, "no randomness".into(), "try again".into()))?;
        Ok(Record {
            grant: GrantId(grant),
            generation: Generation::default(),
            binding: Binding { client_id, token_origin: effective.endpoint.token_origin() },
            registration: Some(Arc::new(registration)),
            credential,
            user: None,
            logging_out: false,
            renamed_from: None,
        })
    }

    /// Makes the account speak for the record's application from now on.
    fn adopt_application(&self, account: &Account, record: &Record) -> Result<(), Problem> {
        let effective = self.config().resolve(
            &account.name,
            record.registration.as_deref(),
            Some(&record.binding.client_id),
        );
        let access_only = matches!(record.credential, Credential::AccessOnly { .. });
        if !access_only && effective.settings.binding.as_ref() != Some(&record.binding) {
            let configured = effective.settings.binding.unwrap_or_default();
            let trouble = Trouble::BindingDiffers { stored: record.binding.clone(), configured };
            return Err(problems::of_trouble(&account.name, &trouble));
        }
        Ok(())
    }

    /// Which account holds the same refresh token.
    fn holder_of(&self, record: &Record) -> Option<AccountName> {
        self.all()
            .into_iter()
            .find(|account| account.held().session.holds_grant_of(record))
            .map(|account| account.name.clone())
    }
}
