//! Takes over credentials that exist elsewhere.

use std::{path::Path, sync::Arc, time::Duration};

use boxd_engine::{Binding, Event, Generation, GrantId, NewGrant, Record, Way};
use boxd_proto::{AccountStatus, Code, Endpoints, Import, ImportedCredential, Problem};
use ring::rand::SecureRandom as _;

use super::{Broker, application::Known, imported::Imported, problems};
use crate::{account_name::AccountName, box_api::EndpointSettings};

impl Broker {
    /// Takes over credentials that exist elsewhere.
    pub(super) async fn import(&self, name: &AccountName, import: Import) -> Result<AccountStatus, Problem> {
        // A name that holds nothing must not be taken by two at once. One that holds a grant may be waiting for
        // Box, and nobody else should wait with it.
        let name_is_free = self.account(name).is_none_or(|account| account.is_absent());
        let alone = if name_is_free { Some(self.custody.lock().await) } else { None };
        let renew_now = match &import.credential {
            ImportedCredential::OAuth2 { refresh_now, .. } => *refresh_now,
            ImportedCredential::AccessToken { .. } => false,
            ImportedCredential::ClientCredentials { .. } | ImportedCredential::Jwt { .. } => true,
        };
        let replace = import.replace;
        let record = self.record_of(name, import)?;
        let Some(claim) = self.claims.claim(&record) else {
            let detail = "this grant is being taken over by another import".to_owned();
            return Err(problems::unavailable(name, detail, Duration::from_secs(5)));
        };
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
        self.forget_application(&account);
        tracing::info!(account = %name, "a grant was taken over");
        // The session knows its grant from here on: other imports need not wait for Box.
        drop((alone, claim));
        if renew_now {
            self.outcome_of_renewal(&account, attempts, self.until(Some(90_000))).await?;
            self.wait_until_identified(&account).await;
        }
        Ok(self.status_of(&account))
    }

    /// The record that an import brings; its generation comes from the session.
    fn record_of(&self, name: &AccountName, import: Import) -> Result<Record, Problem> {
        let bad = |detail: String, next_step: &str| {
            problems::problem(Code::BadRequest, name, detail, next_step.into())
        };
        let imported = Imported::of(import.credential, self.clock.moment())
            .map_err(|detail| bad(detail, "check the import file"))?;
        let Imported { client_id, mut registration, credential } = imported;
        registration.endpoints = endpoint_settings(&import.endpoints);
        // What the file says of its own endpoints decides where this grant was issued.
        let mut own = EndpointSettings::default();
        for (key, value) in &registration.endpoints {
            own.set(key, value, Path::new("/"))
                .map_err(|error| bad(format!("{key}: {error}"), "correct the import file"))?;
        }
        let known =
            Some(Known { client_id: &client_id, token_origin: None, registration: Some(&registration) });
        let effective = self
            .effective_for(name, known)
            .map_err(|error| bad(error.to_string(), "correct the import file or the config"))?;
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
