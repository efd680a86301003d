//! One request of a client, answered.

use std::sync::{Arc, PoisonError};

use boxd_proto::{Code, Info, Problem, Request, Response, ScopedTokenRequest, TokenRequest};
use futures_util::stream;

use super::{
    Broker,
    access::Lent,
    account::Account,
    handing::{self, Handing},
    problems,
    reload::ReloadError,
};
use crate::{
    access::{Need, Right},
    account_name::AccountName,
    passthrough::{self, AnswerBody, Call},
    peer::{Caller, Peer},
    server::{Reply, Service},
};

impl Service for Broker {
    async fn call(&self, caller: &Arc<Caller>, request: Request) -> Reply {
        match self.answer(caller, request).await {
            Ok(reply) => reply,
            Err(problem) => Reply::One(Response::Error(self.told(caller, problem))),
        }
    }

    async fn pass<B: passthrough::Stream>(
        &self,
        caller: &Arc<Caller>,
        call: Call<B>,
    ) -> Result<hyper::Response<AnswerBody>, Problem> {
        self.admit(caller, Need::Right(Right::Api)).map_err(|problem| self.told(caller, problem))?;
        passthrough::pass(&self.lender(caller), &self.ways, &caller.peer, call).await
    }
}

impl Broker {
    async fn answer(&self, caller: &Arc<Caller>, request: Request) -> Result<Reply, Problem> {
        self.admit(caller, Need::of(&request))?;
        match request {
            Request::Token(request) => self.answer_token(caller, request).await,
            Request::Status { account } => self.answer_status(caller, account.as_deref()),
            Request::Refresh { account, wait_millis } => {
                self.answer_refresh(&caller.peer, account.as_deref(), wait_millis).await
            }
            Request::Accounts => Ok(listed(
                self.visible(caller, Need::Any)
                    .into_iter()
                    .map(|account| Response::AccountName(account.name.as_str().to_owned())),
            )),
            Request::Import(_)
            | Request::Logout { .. }
            | Request::Rename { .. }
            | Request::Adopt { .. }
            | Request::MigrateKey { .. }
            | Request::Reload => self.answer_to_the_end(request).await,
            Request::ScopedToken(request) => {
                let token = self.scoped_token(caller, *request, handing::way_of(caller)).await?;
                Ok(Reply::One(Response::ScopedToken(Box::new(token))))
            }
            Request::BeginLogin(request) => self.begin_login(*request).await.map(Reply::One),
            Request::AwaitLogin { login } => self.await_login(&login).await.map(Reply::One),
            Request::FinishLogin { login, redirected } => {
                self.logins().finish(&login, redirected.expose())?;
                Ok(Reply::One(Response::Done))
            }
            Request::CancelLogin { login } => {
                self.logins().cancel(&login)?;
                Ok(Reply::One(Response::Done))
            }
            Request::Watch { account, after } => {
                let watch = self.watch(caller, account.as_deref(), after.as_deref())?;
                let events = stream::unfold(watch, async |mut watch| {
                    let event = watch.next().await?;
                    Some((Response::Event(Box::new(Arc::unwrap_or_clone(event))), watch))
                });
                Ok(Reply::Stream(Box::pin(events)))
            }
            Request::HasToken(request) => {
                self.has_token(caller, &request)?;
                Ok(Reply::One(Response::Done))
            }
            Request::Metrics => {
                let accounts = self.visible(caller, Need::of(&Request::Metrics));
                Ok(listed(self.metrics(&accounts, self.is_owner(caller))))
            }
            Request::Api(call) => Ok(self.answer_call(caller, *call)),
            Request::ApiBody { .. } => Err(problems::body_without_call()),
            Request::OpenTokenEndpoint(open) => {
                self.open_token_endpoint(caller, *open).await.map(Reply::Stream)
            }
            Request::Probe => Ok(listed(self.probe_ways().await.into_iter())),
            Request::HasGrants(fingerprints) => self.holders(&fingerprints).map(Reply::One),
            Request::Info => Ok(Reply::One(Response::Info(Box::new(self.info(caller))))),
            Request::Key => Ok(Reply::One(Response::Key(Box::new(self.key_status().await?)))),
            Request::Audit(query) => Ok(Reply::Stream(Box::pin(self.answer_audit(query).await))),
            Request::Shutdown => {
                tracing::info!(peer = %caller.peer, "boxd is told to end");
                self.told_to_end.notify_one();
                Ok(Reply::One(Response::Done))
            }
            Request::ReturnError { code } => Err(Problem {
                code,
                detail: "this error was asked for".into(),
                account: None,
                next_step: "nothing to do".into(),
                retry_after_seconds: None,
            }),
        }
    }

    /// Requests that change what is held go on to their end, even if their client goes away.
    async fn answer_to_the_end(&self, request: Request) -> Result<Reply, Problem> {
        let broker = self.clone();
        match tokio::spawn(async move { broker.change(request).await }).await {
            Ok(answer) => answer.map(Reply::One),
            // The task can only fail to join if it panicked, which aborts the process.
            Err(error) => Err(Problem {
                code: Code::Internal,
                detail: error.to_string(),
                account: None,
                next_step: "see the log of boxd".into(),
                retry_after_seconds: None,
            }),
        }
    }

    async fn change(&self, request: Request) -> Result<Response, Problem> {
        match request {
            Request::Import(import) => {
                let name = match &import.account {
                    Some(name) => problems::parse(name)?,
                    None => self.name_for_new_grant()?,
                };
                Ok(Response::Account(Box::new(self.import(&name, *import).await?)))
            }
            Request::Logout { account, local } => {
                let account = self.named(account.as_deref())?;
                self.log_out(&account, local).await?;
                Ok(Response::Done)
            }
            Request::Rename { from, to } => Ok(Response::Account(Box::new(
                self.rename(&problems::parse(&from)?, &problems::parse(&to)?).await?,
            ))),
            Request::Adopt { account } => {
                let account = self.named(Some(&account))?;
                Ok(Response::Account(Box::new(self.adopt(&account).await?)))
            }
            Request::MigrateKey { to } => Ok(Response::Key(Box::new(self.migrate_key(to).await?))),
            _ => match self.reload().await {
                Ok(()) => Ok(Response::Done),
                Err(error) => Err(Problem {
                    code: Code::ActionRequired,
                    detail: error.to_string(),
                    account: None,
                    next_step: match error {
                        ReloadError::Refused(_) => "correct the config file, then: boxctl reload",
                        ReloadError::Doors(_) => {
                            "clear its place, or correct the config file, then: boxctl reload"
                        }
                    }
                    .into(),
                    retry_after_seconds: None,
                }),
            },
        }
    }

    async fn answer_token(&self, caller: &Caller, request: TokenRequest) -> Result<Reply, Problem> {
        let (account, lent) = self.permitted(caller, request.account.as_deref(), Right::Token)?;
        if let Lent::Downscoped(_) = lent {
            let request = ScopedTokenRequest { token: request, ..ScopedTokenRequest::default() };
            let token = self.scoped_token(caller, request, handing::way_of(caller)).await?;
            return Ok(Reply::One(Response::ScopedToken(Box::new(token))));
        }
        let token = match self.token_at_hand(&account, &request) {
            Some(token) => token,
            None if account.is_absent() && self.mints(&account) => {
                return Err(problems::logged_out_app(&account.name));
            }
            None => self.token(&account, &request, &caller.peer).await?,
        };
        let handing = Handing::whole(handing::way_of(caller), token.generation);
        self.hand_out(caller, &account, handing).await?;
        Ok(Reply::One(Response::Token(token)))
    }

    fn answer_status(&self, caller: &Arc<Caller>, account: Option<&str>) -> Result<Reply, Problem> {
        let accounts = match account {
            Some(_) => vec![self.permitted(caller, account, Right::Status)?.0],
            None => self.visible(caller, Need::Right(Right::Status)),
        };
        let (broker, caller) = (self.clone(), Arc::clone(caller));
        Ok(listed(
            accounts
                .into_iter()
                .filter({
                    let (broker, caller) = (broker.clone(), Arc::clone(&caller));
                    // A slow reader comes to it long after the list was made.
                    move |account| broker.may_see(&caller, account.name.as_str())
                })
                .map(move |account| Response::Account(Box::new(broker.status_for(&caller, &account)))),
        ))
    }

    /// A problem as a client is told it; that it was denied something is recorded.
    pub(super) fn told(&self, caller: &Caller, problem: Problem) -> Problem {
        if problem.code == Code::Denied && !self.is_owner(caller) {
            self.note_denial(caller, &problem);
        }
        problem
    }

    async fn answer_refresh(
        &self,
        peer: &Peer,
        account: Option<&str>,
        wait_millis: Option<u32>,
    ) -> Result<Reply, Problem> {
        let mut account = self.named(account)?;
        if account.is_absent() && self.mints(&account) {
            // It was logged out; this is how it begins again.
            account = self.read_again(&account.name);
        }
        let (until, deadline) = self.until(wait_millis);
        let generation = account.view.borrow().generation;
        tracing::info!(account = %account.name, %generation, %peer, "a client asks for a refresh");
        let attempts = account.view.borrow().attempts;
        self.with_session(&account, |session, now| session.refresh(now, until))
            .map_err(|refusal| problems::of_refusal(&account.name, &refusal))?;
        account.await_until(until);
        self.turns.hurry();
        self.outcome_of_renewal(&account, attempts, (until, deadline)).await?;
        Ok(Reply::One(Response::Account(Box::new(self.status_of(&account)))))
    }

    /// Whether the config lets an account mint its tokens.
    pub(super) fn mints(&self, account: &Account) -> bool {
        self.effective(account).is_ok_and(|effective| effective.settings.server_auth.is_some())
    }

    /// The account that a request means: the one it names, else the default one.
    pub(super) fn named(&self, name: Option<&str>) -> Result<Arc<Account>, Problem> {
        if let Some(name) = name {
            return self.held_account(&problems::parse(name)?);
        }
        let config = self.config();
        if let Some(default) = config.default_account() {
            return self.held_account(default);
        }
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        if let (1, Some(only)) = (accounts.len(), accounts.values().next()) {
            return Ok(Arc::clone(only));
        }
        if let Some(account) = accounts.get(&AccountName::default_name()) {
            return Ok(Arc::clone(account));
        }
        let names: Vec<AccountName> = accounts.keys().cloned().collect();
        Err(if names.is_empty() {
            problems::unknown_account(AccountName::default_name().as_str(), &names)
        } else {
            problems::ambiguous(&names)
        })
    }

    /// The account of this name, if it holds a grant or stands in the config.
    pub(super) fn held_account(&self, name: &AccountName) -> Result<Arc<Account>, Problem> {
        self.account(name).ok_or_else(|| problems::unknown_account(name.as_str(), &self.names()))
    }

    /// Where a login or import without a name goes: the default account, or the only one, or a new `default`.
    pub(super) fn name_for_new_grant(&self) -> Result<AccountName, Problem> {
        if self.accounts.read().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Ok(AccountName::default_name());
        }
        self.named(None).map(|account| account.name.clone())
    }

    fn names(&self) -> Vec<AccountName> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn info(&self, caller: &Caller) -> Info {
        // Where the owner keeps things is no business of others.
        let is_owner = self.is_owner(caller);
        let text = |path: &std::path::Path| {
            if is_owner { path.to_string_lossy().into_owned() } else { String::new() }
        };
        Info {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            config_file: text(&self.places.config),
            state_dir: text(&self.places.state_dir),
            socket: text(&self.places.socket),
            key_source: if is_owner { self.store.key_source() } else { String::new() },
        }
    }
}

/// A list, streamed frame by frame, so that its length is not bounded by a frame.
fn listed(responses: impl Iterator<Item = Response> + Send + 'static) -> Reply {
    Reply::Many(Box::new(responses.chain(std::iter::once(Response::End))))
}
