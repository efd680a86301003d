//! Takes over credentials that exist elsewhere.

use std::{path::Path, sync::Arc, time::Duration};

use boxd_engine::{Binding, Credential, Event, Generation, GrantId, NewGrant, Record, Trouble, Way};
use boxd_proto::{AccountStatus, Code, Endpoints, Import, ImportedCredential, Problem};
use ring::rand::SecureRandom as _;

use super::{Broker, account::Account, application::Known, imported::Imported, problems};
use crate::{account_name::AccountName, box_api::EndpointSettings, store::PendingLogin};

impl Broker {
    /// Takes over credentials that exist elsewhere.
    pub(super) async fn import(&self, name: &AccountName, import: Import) -> Result<AccountStatus, Problem> {
        self.refuse_locked(name)?;
        let renew_now = match &import.credential {
            ImportedCredential::OAuth2 { refresh_now, .. } => *refresh_now,
            ImportedCredential::AccessToken { .. } => false,
            ImportedCredential::ClientCredentials { .. } | ImportedCredential::Jwt { .. } => true,
        };
        let replace = import.replace;
        let mut record = self.record_of(name, import)?;
        let Some(claim) = self.claims.claim(&record) else {
            let detail = "this grant is being taken over by another import".to_owned();
            return Err(problems::unavailable(name, detail, Duration::from_secs(5)));
        };
        self.refuse_if_taken(name, &record, replace)?;
        self.settings_for(name, &record)?;
        // Box may take its time, and nobody else waits with this import.
        let is_tried = self.try_out(name, &mut record).await?;
        let renew_now = renew_now && !is_tried;
        // A name that holds nothing must not be taken by two at once. One that holds a grant may be waiting for
        // Box, and nobody else should wait with it.
        let name_is_free = self.account(name).is_none_or(|account| account.is_absent());
        let alone = if name_is_free { Some(self.custody.lock().await) } else { None };
        self.refuse_if_taken(name, &record, replace)?;
        let settings = self.settings_for(name, &record)?;
        let account = self.account_or_new(name);
        if renew_now && self.holds_login(name) && record.refresh_token().is_some() {
            return self.replace_login(&account, record).await;
        }
        let grant = Box::new(NewGrant { record, renew_now, settings });
        let attempts = account.view.borrow().attempts;
        self.operate(&account, |operation| Event::Replace { operation, grant }).await?;
        self.forget_application(&account);
        tracing::info!(account = %name, "a grant was taken over");
        // The session knows its grant from here on: other imports need not wait for Box.
        drop((alone, claim));
        if renew_now {
            let renewed = self.outcome_of_renewal(&account, attempts, self.until(Some(90_000))).await;
            if let (Err(problem), true) = (&renewed, name_is_free) {
                self.give_up_dead_import(&account, problem).await?;
            }
            renewed?;
            self.wait_until_identified(&account).await;
        }
        Ok(self.status_of(&account))
    }

    /// The grant that is there stays until the new one is proved good.
    async fn replace_login(&self, account: &Account, mut record: Record) -> Result<AccountStatus, Problem> {
        if let Credential::OAuth2 { access, .. } = &mut record.credential {
            *access = None;
        }
        record.unconfirmed = false;
        let account = account.name.clone();
        let login = PendingLogin { account, record: Box::new(record), replace_user: true, is_held: false };
        let name = login.account.clone();
        let candidate = self
            .begin_waiting(login)
            .await
            .map_err(|(login, trouble)| problems::of_trouble(&login.account, &trouble))?;
        self.settle_while_waited_for(candidate).await?;
        Ok(self.status_of(&self.account_or_new(&name)))
    }

    /// An account that was made for an import whose refresh token was dead from the beginning is nobody's.
    async fn give_up_dead_import(&self, account: &Arc<Account>, problem: &Problem) -> Result<(), Problem> {
        let dead = matches!(account.view.borrow().trouble, Some(Trouble::Taken(_) | Trouble::Lapsed(_)));
        if !dead {
            return Ok(());
        }
        self.log_out(account, true).await?;
        Err(problems::spent_import(&account.name, &problem.detail))
    }

    /// Whether a token can be handed out now.
    fn is_good(&self, account: &Account) -> bool {
        account.view.borrow().serve(self.clock.boot(), Duration::ZERO).is_some()
    }

    pub(super) fn holds_login(&self, name: &AccountName) -> bool {
        self.account(name).is_some_and(|account| account.view.borrow().way == Some(Way::Login))
    }

    /// The problem where the grant is an account's already, or the name holds one that is to stay.
    fn refuse_if_taken(&self, name: &AccountName, record: &Record, replace: bool) -> Result<(), Problem> {
        let other = self.holder_of(record).or_else(|| self.waiting.holder_of(record, name));
        if let Some(other) = other {
            return Err(problems::problem(
                Code::BadRequest,
                name,
                format!("this grant is already held by the account `{other}`"),
                format!("use that account: boxctl token {other}"),
            ));
        }
        let holds = self.account(name).is_some_and(|account| {
            let way = account.view.borrow().way;
            way.is_some_and(|way| way != Way::AccessOnly || self.is_good(&account))
        });
        if holds && !replace {
            return Err(problems::problem(
                Code::BadRequest,
                name,
                "the account holds a grant already".into(),
                "name another account with -a NAME; or, to let the new one take its place, add --replace"
                    .into(),
            ));
        }
        if record.refresh_token().is_some() && self.waiting.must_stay(name) {
            let detail = "another new grant of this account waits for its place".to_owned();
            return Err(problems::unavailable(name, detail, Duration::from_secs(30)));
        }
        Ok(())
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
