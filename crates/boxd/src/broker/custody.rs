//! Grants coming and going: import, logout, rename, and taking over another machine's store.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, PoisonError},
    time::Duration,
};

use boxd_engine::{
    AccessToken, Binding, BootTime, ClientSecret, Credential, Event, Generation, GrantId, IssuedToken,
    Loaded, NewGrant, Operation, Record, RefreshToken, Registration, ServerAuth, Settings, State, Subject,
    Trouble,
};
use boxd_proto::{AccountStatus, Code, Endpoints, Import, ImportedCredential, Problem};
use ring::rand::SecureRandom as _;

use super::{Broker, account::Account, problems};
use crate::{account_name::AccountName, box_api::EndpointSettings};

/// Life of an access token whose end is unknown: Box's developer tokens live 60 minutes.
const UNKNOWN_LIFE: Duration = Duration::from_hours(1);

impl Broker {
    /// Takes over credentials that exist elsewhere.
    pub(super) async fn import(&self, name: &AccountName, import: Import) -> Result<AccountStatus, Problem> {
        let one_at_a_time = self.custody.lock().await;
        let renew_now = matches!(&import.credential, ImportedCredential::OAuth2 { refresh_now: true, .. });
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
            ImportedCredential::Jwt { .. } => {
                return Err(bad("under construction", "wait for the next commit"));
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
        let mut grant = [0; 16];
        ring::rand::SystemRandom::new().fill(&mut grant).map_err(|_unspecified| {
            problems::problem(Code::Internal, name, "no randomness".into(), "try again".into())
        })?;
        Ok(Record {
            grant: GrantId(grant),
            generation: Generation::default(),
            binding: Binding { client_id, token_origin },
            registration: Some(Arc::new(registration)),
            credential,
            user: None,
            logging_out: false,
            renamed_from: None,
        })
    }

    /// The settings in force once the account holds `record`; refused where the config names another app.
    fn settings_for(&self, name: &AccountName, record: &Record) -> Result<Settings, Problem> {
        let known = (&*record.binding.client_id, record.registration.as_deref());
        let settings = match self.effective_for(name, Some(known)) {
            Ok(effective) => effective.settings,
            Err(error) => {
                let next_step = "correct the config, then: boxctl reload".to_owned();
                return Err(problems::problem(Code::ActionRequired, name, error.to_string(), next_step));
            }
        };
        let access_only = matches!(record.credential, Credential::AccessOnly { .. });
        if access_only || settings.binding.as_ref() == Some(&record.binding) {
            return Ok(settings);
        }
        let configured = settings.binding.unwrap_or_default();
        let trouble = Trouble::BindingDiffers { stored: record.binding.clone(), configured };
        Err(problems::of_trouble(name, &trouble))
    }

    /// Which account holds the same refresh token.
    fn holder_of(&self, record: &Record) -> Option<AccountName> {
        self.all()
            .into_iter()
            .find(|account| account.held().session.holds_grant_of(record))
            .map(|account| account.name.clone())
    }

    /// Revokes at Box, then forgets; `local` only forgets.
    pub(super) async fn log_out(&self, account: &Arc<Account>, local: bool) -> Result<(), Problem> {
        self.operate(account, |operation| Event::Logout { operation, local }).await?;
        tracing::info!(account = %account.name, local, "logged out");
        self.sweep();
        Ok(())
    }

    /// Takes over a store that came from another machine.
    pub(super) async fn adopt(&self, account: &Arc<Account>) -> Result<AccountStatus, Problem> {
        self.operate(account, |operation| Event::Adopt { operation }).await?;
        tracing::info!(account = %account.name, "the grant of another machine was taken over");
        Ok(self.status_of(account))
    }

    /// Moves a grant to another name. The old file is given up only after the new one is durable; a crash
    /// in between leaves both, and the next start finishes the rename.
    pub(super) async fn rename(
        &self,
        from: &AccountName,
        to: &AccountName,
    ) -> Result<AccountStatus, Problem> {
        let _one_at_a_time = self.custody.lock().await;
        let old = self.held_account(from)?;
        if self.account(to).is_some_and(|account| !account.is_absent()) {
            return Err(problems::problem(
                Code::BadRequest,
                to,
                "an account of this name exists already".into(),
                format!("choose another name, or log it out first: boxctl logout {to}"),
            ));
        }
        let Some(mut record) = self.detach_soon(&old).await else {
            let detail = "the account is busy or in doubt, and cannot be renamed now".to_owned();
            return Err(problems::unavailable(from, detail, Duration::from_secs(10)));
        };
        record.renamed_from = Some(from.as_str().to_owned());
        let result = self.settle_under(to, *record).await;
        match &result {
            Ok(_) => {
                self.operate(&old, |operation| Event::Logout { operation, local: true }).await?;
                tracing::info!(account = %to, %from, "renamed");
                self.sweep();
            }
            // The old file is untouched: the account is read from it again.
            Err(_) => self.read_again(from),
        }
        result
    }

    /// A rename that a crash cut short left the same grant under both names: the old one is given up, so
    /// that the grant has one owner.
    pub(super) fn finish_renames(&self, loaded: &mut BTreeMap<AccountName, Loaded>) {
        for (old, highest) in given_up(loaded) {
            match self.store.forget(&old, highest) {
                Ok(()) => tracing::info!(account = %old, "a rename that was cut short is finished"),
                Err(error) => tracing::error!(account = %old, %error, "a rename could not be finished"),
            }
            loaded.insert(old, Loaded::Absent { highest });
        }
    }

    /// Reads an account from the store again, in place of what memory had of it.
    fn read_again(&self, name: &AccountName) {
        let account = self.load(name);
        self.accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone(), Arc::clone(&account));
        self.tell(&account, Event::Tick);
    }

    /// Takes the record out; a write that is under way, such as the user's name after an import, is waited for.
    async fn detach_soon(&self, account: &Arc<Account>) -> Option<Box<Record>> {
        const STEP: Duration = Duration::from_millis(25);
        for _ in 0..200 {
            let record = self.with_session(account, |session, _| (session.detach(), Vec::new()));
            if record.is_some() {
                return record;
            }
            tokio::time::sleep(STEP).await;
        }
        None
    }

    async fn settle_under(&self, to: &AccountName, record: Record) -> Result<AccountStatus, Problem> {
        let settings = self.settings_for(to, &record)?;
        let account = self.account_or_new(to);
        let grant = Box::new(NewGrant { record, renew_now: false, settings });
        self.operate(&account, |operation| Event::Replace { operation, grant }).await?;
        account.held().forget_application();
        Ok(self.status_of(&account))
    }

    /// Hands an operation to the session and waits for its end, however long the store or Box takes.
    async fn operate(
        &self,
        account: &Arc<Account>,
        event: impl FnOnce(Operation) -> Event,
    ) -> Result<(), Problem> {
        let (operation, outcome) = self.operations.begin();
        self.tell(account, event(operation));
        match outcome.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(trouble)) => Err(problems::of_trouble(&account.name, &trouble)),
            Err(_) => Err(problems::problem(
                Code::Internal,
                &account.name,
                "boxd is ending".into(),
                "try again once it runs".into(),
            )),
        }
    }

    /// Waits for the attempt that an explicit `refresh` or an import started.
    pub(super) async fn outcome_of_renewal(
        &self,
        account: &Arc<Account>,
        attempts: u64,
        (until, deadline): (BootTime, tokio::time::Instant),
    ) -> Result<(), Problem> {
        let mut changes = account.view.subscribe();
        let (before, started) = {
            let view = account.view.borrow();
            (view.generation, view.attempts)
        };
        let _ = started;
        loop {
            {
                let view = changes.borrow_and_update();
                let ended = view.attempts > attempts;
                let undecided = matches!(view.state, State::Spending | State::InDoubt | State::Unsaved);
                if view.generation > before || (ended && view.trouble.is_none()) {
                    return Ok(());
                }
                if ended
                    && !undecided
                    && let Some(trouble) = &view.trouble
                {
                    return Err(problems::of_trouble(&account.name, trouble));
                }
            }
            if self.clock.boot() >= until {
                return Err(self.timed_out(account));
            }
            match tokio::time::timeout_at(deadline, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(self.timed_out(account)),
            }
        }
    }

    /// After an import: until Box has told who the user is, or a moment has passed.
    async fn wait_until_identified(&self, account: &Arc<Account>) {
        const A_MOMENT: Duration = Duration::from_secs(15);
        let identified = async {
            loop {
                let ended = self.confirmed.notified();
                if account.view.borrow().user.is_some() {
                    return;
                }
                ended.await;
            }
        };
        if tokio::time::timeout(A_MOMENT, identified).await.is_err() {
            tracing::warn!(account = %account.name, "Box has not told yet who the user is");
        }
    }
}

/// Which accounts were renamed to others that hold their grant now, with their last generation.
fn given_up(loaded: &BTreeMap<AccountName, Loaded>) -> Vec<(AccountName, Generation)> {
    let record = |name: &AccountName| match loaded.get(name)? {
        Loaded::Grant { record, .. } => Some(record),
        Loaded::Absent { .. } | Loaded::Damaged { .. } => None,
    };
    let old_name = |record: &Record| record.renamed_from.as_deref()?.parse::<AccountName>().ok();
    let given_up = |new_name: &AccountName| {
        let new = record(new_name)?;
        let old_name_of_new = old_name(new).filter(|old| old != new_name)?;
        let old = record(&old_name_of_new).filter(|old| old.grant == new.grant)?;
        // Renamed there and back, each is the old one of the other: one of them must stay, and it is the
        // one with the newer refresh token.
        let mutual = old_name(old).as_ref() == Some(new_name);
        let age = |record: &Record| record.refresh_born().map(|born| born.wall);
        if mutual && (age(old), &old_name_of_new) > (age(new), new_name) {
            return None;
        }
        Some((old_name_of_new, old.generation))
    };
    loaded.keys().filter_map(given_up).collect()
}

/// The `[box]` settings of an import, by their keys.
fn endpoint_settings(endpoints: &Endpoints) -> Vec<(String, String)> {
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

#[cfg(test)]
mod tests {
    use boxd_engine::{Moment, WallTime};

    use super::*;

    fn name(text: &str) -> AccountName {
        text.parse().expect("a valid name")
    }

    /// The same grant under this name, with a refresh token of this date.
    fn copy(account: &str, renamed_from: Option<&str>, born: i64) -> (AccountName, Loaded) {
        let record = Record {
            grant: GrantId([7; 16]),
            generation: Generation(3),
            binding: Binding::default(),
            registration: None,
            credential: Credential::OAuth2 {
                access: None,
                refresh: RefreshToken::new("refresh"),
                born: Moment { wall: WallTime(born), ..Moment::default() },
                previous: None,
            },
            user: None,
            logging_out: false,
            renamed_from: renamed_from.map(str::to_owned),
        };
        let grant =
            Loaded::Grant { record: Box::new(record), in_doubt: false, foreign: false, rewrite: false };
        (name(account), grant)
    }

    #[test]
    fn a_rename_cut_short_gives_up_the_old_name() {
        let loaded = BTreeMap::from([copy("a", None, 0), copy("b", Some("a"), 0)]);
        assert_eq!(given_up(&loaded), [(name("a"), Generation(3))]);
    }

    #[test]
    fn a_rename_back_cut_short_keeps_one_of_both() {
        let loaded = BTreeMap::from([copy("a", Some("b"), 0), copy("b", Some("a"), 0)]);
        assert_eq!(given_up(&loaded).len(), 1);
    }

    #[test]
    fn a_rename_back_cut_short_keeps_the_newer_refresh_token() {
        let loaded = BTreeMap::from([copy("a", Some("b"), 0), copy("b", Some("a"), 1)]);
        assert_eq!(given_up(&loaded), [(name("a"), Generation(3))]);
        let loaded = BTreeMap::from([copy("a", Some("b"), 1), copy("b", Some("a"), 0)]);
        assert_eq!(given_up(&loaded), [(name("b"), Generation(3))]);
    }
}

fn subject_of(subject: boxd_proto::Subject) -> Subject {
    match subject {
        boxd_proto::Subject::Enterprise(id) => Subject::Enterprise(id),
        boxd_proto::Subject::User(id) => Subject::User(id),
    }
}
