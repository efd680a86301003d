//! What ends or changes the custody of a grant, and waiting for its outcome.

use std::{sync::Arc, time::Duration};

use boxd_engine::{BootTime, Credential, Event, Exchange, Operation, Record, Settings, State, Trouble};
use boxd_proto::{AccountStatus, Code, Problem};

use super::{Broker, account::Account, application::Known, problems};
use crate::account_name::AccountName;

impl Broker {
    /// The settings in force once the account holds `record`; refused where the config names another app.
    pub(super) fn settings_for(&self, name: &AccountName, record: &Record) -> Result<Settings, Problem> {
        let settings = match self.effective_for(name, Some(Known::of(record))) {
            Ok(effective) => effective.settings,
            Err(error) => {
                let next_step = "correct the config, then: boxctl reload".to_owned();
                return Err(problems::problem(Code::ActionRequired, name, error.to_string(), next_step));
            }
        };
        let access_only = matches!(record.credential, Credential::AccessOnly { .. });
        let mints = matches!(record.credential, Credential::Server { .. });
        if !access_only && mints != settings.server_auth.is_some() {
            let trouble = Trouble::AuthDiffers { stored_is_login: !mints };
            return Err(problems::of_trouble(name, &trouble));
        }
        if access_only || settings.binding.as_ref() == Some(&record.binding) {
            return Ok(settings);
        }
        let configured = settings.binding.unwrap_or_default();
        let trouble = Trouble::BindingDiffers { stored: record.binding.clone(), configured };
        Err(problems::of_trouble(name, &trouble))
    }

    /// Which account holds the same refresh token.
    pub(super) fn holder_of(&self, record: &Record) -> Option<AccountName> {
        self.all()
            .into_iter()
            .find(|account| account.held().session.holds_grant_of(record))
            .map(|account| account.name.clone())
    }

    /// Revokes at Box, then forgets; `local` only forgets.
    pub(super) async fn log_out(&self, account: &Arc<Account>, local: bool) -> Result<(), Problem> {
        self.refuse_locked(&account.name)?;
        self.log_out_waiting(&account.name, local).await?;
        if !local {
            self.revoke_last_token(account).await;
        }
        self.operate(account, |operation| Event::Logout { operation, local }).await?;
        self.forget_application(account);
        tracing::info!(account = %account.name, local, "logged out");
        self.sweep();
        Ok(())
    }

    /// Of a grant whose refresh token is dead the last access token may still work.
    async fn revoke_last_token(&self, account: &Arc<Account>) {
        let access = {
            let view = account.view.borrow();
            let dead = matches!(
                view.trouble,
                Some(Trouble::Taken(_) | Trouble::Lapsed(_) | Trouble::LostForGood(_))
            );
            let served = view.serve(self.clock.boot(), Duration::ZERO).filter(|_| dead);
            served.map(|served| served.access)
        };
        let Some(access) = access else { return };
        let bound = account.held().session.application().map(|(binding, _)| binding.clone());
        let Ok(effective) = self.effective(account) else { return };
        let Some(binding) = bound.filter(|bound| effective.settings.binding.as_ref() == Some(bound)) else {
            return;
        };
        let Ok(secret) = self.secret_of(account, effective.secret).await else { return };
        let exchange =
            self.api.revoke(&effective.endpoint, &binding.client_id, &secret, access.expose()).await;
        let revoked = matches!(&exchange, Exchange::Reply(reply) if reply.status == 200);
        tracing::info!(account = %account.name, revoked, "the last token of a dead grant was to be revoked");
    }

    /// Takes over a store that came from another machine.
    pub(super) async fn adopt(&self, account: &Arc<Account>) -> Result<AccountStatus, Problem> {
        self.operate(account, |operation| Event::Adopt { operation }).await?;
        tracing::info!(account = %account.name, "the grant of another machine was taken over");
        Ok(self.status_of(account))
    }

    /// Hands an operation to the session and waits for its end, however long the store or Box takes.
    pub(super) async fn operate(
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
        let before = account.view.borrow().generation;
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
    pub(super) async fn wait_until_identified(&self, account: &Arc<Account>) {
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
