//! Carries out what a session asks for, and tells it what came of it.

use std::sync::Arc;

use boxd_engine::{
    ClientSecret, Commit, Credential, Effect, Event, Exchange, Record, RefreshToken, Spend, Trouble,
    event::{Cause, Notice},
};

use super::{Broker, account::Account, application::Application, minting::MintRequest};
use crate::{account_name::AccountName, store::Store};

impl Broker {
    /// Tells an account's session what happened, publishes the new view, and starts what it asks for.
    pub(super) fn tell(&self, account: &Arc<Account>, event: Event) {
        self.with_session(account, |session, now| ((), session.handle(now, event)));
    }

    /// Runs `change` on the session, publishes the new view, keeps the timers, and starts the effects.
    pub(super) fn with_session<T>(
        &self,
        account: &Arc<Account>,
        change: impl FnOnce(&mut boxd_engine::Session, boxd_engine::Now) -> (T, Vec<Effect>),
    ) -> T {
        let now = self.clock.now();
        let mut held = account.held();
        let (answer, effects) = change(&mut held.session, now);
        // Waiters ask again at every change: a view that says the same must not wake them.
        let view = held.session.snapshot();
        let mut before = None;
        account.view.send_if_modified(|current| {
            let changed = *current != view;
            if changed {
                before = Some(std::mem::replace(current, view.clone()));
            }
            changed
        });
        if held.session.at_rest() {
            self.rested.notify_waiters();
        }
        let due = held.session.due();
        if due != held.scheduled {
            held.scheduled = due;
            if let Some(due) = due {
                self.timers.add(due, account.name.clone());
            }
        }
        drop(held);
        if let Some(before) = before {
            self.tell_watchers(account, &before, &view);
            self.notifier.look_at(&account.name);
        }
        for effect in effects {
            self.perform(account, effect);
        }
        answer
    }

    fn perform(&self, account: &Arc<Account>, effect: Effect) {
        match effect {
            Effect::Prove { grant, generation } => {
                self.in_store(
                    account,
                    move |store, name| store.prove(name, grant, generation),
                    move |result| Some(Event::Proved { generation, result }),
                );
            }
            Effect::Withdraw => self.in_store(account, Store::withdraw, |()| None),
            Effect::Commit(commit) => self.commit(account, commit),
            Effect::Forget { generation } => {
                self.in_store(
                    account,
                    move |store, name| store.forget(name, generation),
                    |result| Some(Event::Forgotten { result }),
                );
            }
            Effect::Spend(spend) => self.spawn_spend(account, spend),
            Effect::Revoke(record) => self.spawn_revoke(account, record),
            Effect::Confirm => self.spawn_confirm(account),
            Effect::Finished { operation, result } => self.operations.finish(operation, result),
            Effect::Notice(notice) => {
                account.tally.note(&notice);
                log(&account.name, &notice);
                if let Notice::DeadlineNear { .. } = notice {
                    self.notifier.look_at(&account.name);
                }
            }
        }
    }

    fn commit(&self, account: &Arc<Account>, commit: Box<Commit>) {
        self.in_store(
            account,
            move |store, name| {
                let result = store.commit(name, &commit.record, commit.reason, commit.failures);
                (commit, result)
            },
            |(commit, result)| Some(Event::Committed { commit, result }),
        );
    }

    /// Runs a job of the store on a thread of its own, in the order of asking per account.
    ///
    /// The job owns what it was given until its event is told: nothing is lost when a client goes away.
    fn in_store<T: Send + 'static>(
        &self,
        account: &Arc<Account>,
        job: impl FnOnce(&Store, &AccountName) -> T + Send + 'static,
        event: impl FnOnce(T) -> Option<Event> + Send + 'static,
    ) {
        let broker = self.clone();
        let account = Arc::clone(account);
        tokio::spawn(async move {
            let in_order = account.store_order.lock().await;
            // The semaphore is never closed.
            let _place = broker.store_jobs.acquire().await;
            let store = Arc::clone(&broker.store);
            let name = account.name.clone();
            // A job can only fail to join if it panicked, which aborts the process.
            let Ok(done) = tokio::task::spawn_blocking(move || job(&store, &name)).await else { return };
            drop(in_order);
            if let Some(event) = event(done) {
                broker.tell(&account, event);
            }
        });
    }

    /// One POST, in a task of its own: no client that goes away and no reload can abort it.
    fn spawn_spend(&self, account: &Arc<Account>, spend: Box<Spend>) {
        let broker = self.clone();
        let account = Arc::clone(account);
        tokio::spawn(async move {
            // Before the turn: a command that brings a secret may hang, and must not while others queue.
            let prepared = tokio::select! {
                prepared = broker.prepare(&account, &spend) => prepared.map_err(Exchange::Unprepared),
                () = broker.turns.closed() => Err(Exchange::NotSent("boxd ends".into())),
            };
            let (sent, exchange, used) = match prepared {
                Ok(request) => {
                    let turn = broker.turn(&account).await;
                    let sent = broker.clock.moment();
                    let exchange = match &request {
                        _ if turn.is_none() => Exchange::NotSent("boxd ends".into()),
                        Request::Refresh(app, token) => {
                            broker.api.refresh(&app.endpoint, &app.client_id, &app.secret, token).await
                        }
                        Request::Mint(mint) => broker.mint(mint).await,
                    };
                    drop(turn);
                    (sent, exchange, Some(request.into_secret()))
                }
                Err(exchange) => (broker.clock.moment(), exchange, None),
            };
            broker.tell(&account, Event::Answered { spend, sent, exchange });
            broker.reread_refused_secret(&account, used).await;
        });
    }

    async fn prepare<'s>(&self, account: &Account, spend: &'s Spend) -> Result<Request<'s>, String> {
        if let Credential::Server { .. } = spend.record.credential {
            return Ok(Request::Mint(self.prepare_mint(account, None).await?));
        }
        let token = spend.refresh_token().ok_or("there is no refresh token")?;
        Ok(Request::Refresh(self.application_of(account, &spend.record).await?, token))
    }

    fn spawn_revoke(&self, account: &Arc<Account>, record: Box<Record>) {
        let broker = self.clone();
        let account = Arc::clone(account);
        tokio::spawn(async move {
            let exchange = broker.send_revoke(&account, &record).await;
            broker.tell(&account, Event::Revoked { record, exchange });
        });
    }

    async fn send_revoke(&self, account: &Arc<Account>, record: &Record) -> Exchange {
        let refresh = record.refresh_token().map(RefreshToken::expose);
        let Some(token) = refresh.or(record.access().map(|access| access.token.expose())) else {
            return Exchange::NotSent("there is no token".into());
        };
        match self.application_of(account, record).await {
            Ok(app) => self.api.revoke(&app.endpoint, &app.client_id, &app.secret, token).await,
            Err(reason) => Exchange::Unprepared(reason),
        }
    }

    /// Uses the published token once, which at Box ends every older copy of the grant.
    fn spawn_confirm(&self, account: &Arc<Account>) {
        let broker = self.clone();
        let account = Arc::clone(account);
        tokio::spawn(async move {
            let Some(token) = account.view.borrow().token.as_ref().map(|token| token.access.clone()) else {
                return;
            };
            let endpoint = match broker.effective(&account) {
                Ok(effective) => effective.endpoint,
                Err(error) => return tracing::error!(account = %account.name, %error, "no endpoint"),
            };
            match broker.api.me(&endpoint, &token).await {
                Ok(user) => broker.tell(&account, Event::Identified(user)),
                Err(error) => {
                    tracing::warn!(account = %account.name, %error, "the Box user could not be identified");
                }
            }
            broker.confirmed.notify_waiters();
        });
    }
}

/// What a renewal sends.
enum Request<'s> {
    Refresh(Application, &'s str),
    Mint(MintRequest),
}

impl Request<'_> {
    /// The client secret that was sent.
    fn into_secret(self) -> ClientSecret {
        match self {
            Self::Refresh(app, _) => app.secret,
            Self::Mint(mint) => mint.secret().clone(),
        }
    }
}

fn log(account: &AccountName, notice: &Notice) {
    match notice {
        Notice::Renewing { generation, cause: Cause::Schedule } => {
            tracing::info!(%account, %generation, "renewing as planned");
        }
        Notice::Renewing { generation, cause } => {
            let why = reason(*cause);
            tracing::info!(%account, %generation, why, "renewing");
        }
        Notice::Renewed { generation } => tracing::info!(%account, %generation, "a new token is published"),
        Notice::Failed { generation, trouble } => log_failure(account, generation.0, trouble),
        Notice::ClockDoubt => {
            tracing::warn!(%account, "wall clock and boot clock disagree; the token is renewed to be sure");
        }
        // Whether people hear of it is for the notifier to say.
        Notice::DeadlineNear { days } => tracing::debug!(%account, days, "the refresh token is old"),
    }
}

fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::Schedule => "it was planned",
        Cause::Retry => "an earlier attempt failed",
        Cause::Demand => "a client needs a token, or one that lives longer",
        Cause::Rejected => "a client says that Box refused the token",
        Cause::Explicit => "it was asked for",
        Cause::Import => "it was imported: the old copy ends",
        Cause::Logout => "a logout needs the newest pair",
        Cause::Clock => "the clock cannot be trusted",
    }
}

fn log_failure(account: &AccountName, generation: u64, trouble: &Trouble) {
    if trouble.remedy() == boxd_engine::trouble::Remedy::Wait {
        tracing::warn!(%account, generation, "{trouble}");
    } else {
        tracing::error!(%account, generation, "{trouble}; see `boxctl status {account}`");
    }
}
