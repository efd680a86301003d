//! Logins in a browser: a listener each, from the first request of its client to the outcome.
//!
//! A login ends in one of these ways, and its listener with it: the person consents (and what comes of that is
//! known), denies, takes too long; its client cancels or goes away; a newer one takes its place; boxd ends. Only
//! the first of them touches a grant, through [`Redeem`].

mod answer;
mod attempt;
mod authorize;
mod callback;
mod consenting;
mod listener;
mod page;
mod plan;
mod problems;
mod redirect;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use boxd_engine::User;
use boxd_proto::{LoginPage, Problem};
use tokio::time::sleep;
use zeroize::Zeroizing;

use self::{
    attempt::{Attempt, Outcome, Pledge},
    authorize::{Request, unguessable},
    listener::{Connections, Listener},
};
pub use self::{
    plan::{Consent, LIFETIME, LoginPlan, Redeem},
    redirect::{InvalidRedirectUri, LoopbackHost, RedirectUri},
};
use crate::account_name::AccountName;

/// Logins that may be under way at once.
pub const MOST_LOGINS: usize = 8;
/// A client that begins a login waits for it at once; one that does not in this time has gone away.
const UNATTENDED: Duration = Duration::from_secs(30);
/// How long the listener stays after the outcome, for a page that is loaded again, unless its port is wanted.
const LINGER: Duration = Duration::from_secs(5);
/// Logins that are kept at all, those that have ended included; beyond it only those under way are.
const MOST_KEPT: usize = 64;
/// How long an outcome is kept for a client that asks for it late.
const KEPT: Duration = Duration::from_secs(30);

/// All logins that are under way. Cheap to clone.
#[derive(Clone)]
pub struct Logins<R: Redeem>(Arc<Shared<R>>);

struct Shared<R: Redeem> {
    redeem: R,
    /// By the id that only its client knows.
    attempts: Mutex<Attempts<R>>,
}

struct Attempts<R: Redeem> {
    by_id: HashMap<String, Arc<Attempt<R>>>,
    closed: bool,
}

// === impl Logins ===

impl<R: Redeem> Logins<R> {
    /// None yet. `redeem` makes grants of consents.
    pub fn new(redeem: R) -> Self {
        let attempts = Attempts { by_id: HashMap::new(), closed: false };
        Self(Arc::new(Shared { redeem, attempts: Mutex::new(attempts) }))
    }

    /// Begins a login: opens its listener. Another login of the account that waits for the person ends.
    ///
    /// # Errors
    /// Where one of the account is being completed, there are too many, or the port is taken.
    pub async fn begin(&self, plan: LoginPlan, context: R::Context) -> Result<LoginPage, Problem> {
        let account = plan.account.clone();
        let no_random = |error: authorize::NoRandom| problems::internal(&account, error.to_string());
        let fixed = plan.port.or(plan.redirect.port());
        // It may hold the very port.
        self.replace_older(&account)?;
        let listener = self.listen(&plan, fixed).await?;
        let (id, state) = (unguessable().map_err(no_random)?, unguessable().map_err(no_random)?);
        let code_verifier = Zeroizing::new(unguessable().map_err(no_random)?);
        let redirect_uri = plan.redirect.at(listener.port());
        let request = Request {
            authorize_url: &plan.authorize_url,
            client_id: &plan.client_id,
            redirect_uri: &redirect_uri,
            state: &state,
            code_verifier: &code_verifier,
            scope: plan.scope.as_deref(),
        };
        let page = LoginPage {
            login: id.clone(),
            account: account.to_string(),
            authorize_url: request.url().into(),
            redirect_uri: redirect_uri.clone(),
            registered_uri: plan.redirect.registered(),
            port: listener.port(),
            expires_in_seconds: u32::try_from(plan.lifetime.as_secs()).unwrap_or(u32::MAX),
        };
        let attempt = Arc::new(Attempt::new(
            account,
            (plan.redirect, listener.port()),
            state,
            plan.lifetime,
            self.0.redeem.clone(),
            Pledge { code_verifier, context },
        ));
        self.enter(&id, &attempt)?;
        tracing::info!(account = %attempt.account, %redirect_uri, "a login began");
        tokio::spawn(self.clone().run(id, attempt, listener));
        Ok(page)
    }

    /// Waits for the outcome. Where this future is dropped the login ends, unless the person has consented.
    ///
    /// # Errors
    /// How it failed; also where there is no such login.
    pub async fn wait(&self, id: &str) -> Result<User, Problem> {
        let attempt = self.find(id)?;
        let _attendance = attempt.attend();
        let outcome = attempt.outcome().await;
        self.attempts().by_id.remove(id);
        outcome.into()
    }

    /// For which account a login is.
    ///
    /// # Errors
    /// Where there is no such login.
    pub fn account_of(&self, id: &str) -> Result<AccountName, Problem> {
        Ok(self.find(id)?.account.clone())
    }

    /// Takes the redirected URL, or the code alone, as a person copied it. What comes of it is told by
    /// [`Logins::wait`].
    ///
    /// # Errors
    /// Where it does not belong to this login, which goes on then, or somebody consented already.
    pub fn finish(&self, id: &str, pasted: &str) -> Result<(), Problem> {
        let attempt = self.find(id)?;
        if !attempt.is_waiting() {
            return Err(problems::consented_already(&attempt.account));
        }
        let answer = callback::of_pasted(pasted, &attempt.redirect, &attempt.state).map_err(|foreign| {
            problems::foreign(&attempt.account, &format!("what was pasted is refused: {foreign}"))
        })?;
        answer::accept(&attempt, answer);
        Ok(())
    }

    /// Ends a login and its listener.
    ///
    /// # Errors
    /// Where there is no such login, or it is past that: the person has consented.
    pub fn cancel(&self, id: &str) -> Result<(), Problem> {
        let attempt = self.find(id)?;
        let cancelled = Outcome::Failed(problems::cancelled(&attempt.account));
        attempt.end(cancelled).map_err(|_too_late| problems::consented_already(&attempt.account))
    }

    /// Ends all logins that wait for a person, begins no other, and returns once those are complete to which a
    /// person consented.
    pub async fn shut_down(&self) {
        let attempts: Vec<_> = {
            let mut attempts = self.attempts();
            attempts.closed = true;
            attempts.by_id.values().cloned().collect()
        };
        for attempt in attempts {
            attempt.end_if_waiting(problems::shutting_down(&attempt.account));
            attempt.outcome().await;
        }
    }

    /// Opens the listener; where an older login had the port it may take a moment to be free.
    async fn listen(&self, plan: &LoginPlan, fixed: Option<u16>) -> Result<Listener, Problem> {
        const PAUSE: Duration = Duration::from_millis(10);
        let mut patience = Duration::ZERO;
        for attempt in self.attempts().by_id.values().filter(|attempt| Some(attempt.port) == fixed) {
            attempt.port_is_wanted();
            patience = Duration::from_secs(1);
        }
        loop {
            match Listener::bind(plan.redirect.host(), fixed).await {
                Ok(listener) => return Ok(listener),
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && !patience.is_zero() => {
                    sleep(PAUSE).await;
                    patience = patience.saturating_sub(PAUSE);
                }
                Err(error) => return Err(problems::not_listening(&plan.account, fixed, &error)),
            }
        }
    }

    /// Ends the login of an account that waits for a person, for a newer one.
    fn replace_older(&self, account: &AccountName) -> Result<(), Problem> {
        self.attempts().admit(account)
    }

    fn enter(&self, id: &str, attempt: &Arc<Attempt<R>>) -> Result<(), Problem> {
        let mut attempts = self.attempts();
        // Another may have begun while this one looked for its port.
        attempts.admit(&attempt.account)?;
        if attempts.by_id.len() >= MOST_KEPT {
            attempts.by_id.retain(|_, attempt| attempt.is_under_way());
        }
        attempts.by_id.insert(id.to_owned(), Arc::clone(attempt));
        Ok(())
    }

    /// The life of one login.
    async fn run(self, id: String, attempt: Arc<Attempt<R>>, listener: Listener) {
        let mut connections = Connections::default();
        tokio::select! {
            () = listener.serve(&attempt, &mut connections) => {}
            () = until_ended(&attempt) => {}
        }
        if connections.had_a_person() {
            tokio::select! {
                () = listener.serve(&attempt, &mut connections) => {}
                () = sleep(LINGER) => {}
                () = attempt.port_wanted() => {}
            }
            drop(listener);
            connections.finish().await;
        } else {
            drop((listener, connections));
        }
        sleep(KEPT).await;
        self.attempts().by_id.remove(&id);
    }

    fn find(&self, id: &str) -> Result<Arc<Attempt<R>>, Problem> {
        self.attempts().by_id.get(id).cloned().ok_or_else(problems::no_such_login)
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts<R>> {
        self.0.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Redeem> fmt::Debug for Logins<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logins").field("kept", &self.attempts().by_id.len()).finish_non_exhaustive()
    }
}

// === impl Attempts ===

impl<R: Redeem> Attempts<R> {
    /// Makes room for a login of `account`.
    fn admit(&self, account: &AccountName) -> Result<(), Problem> {
        if self.closed {
            return Err(problems::shutting_down(account));
        }
        let (of_account, others): (Vec<_>, Vec<_>) =
            self.by_id.values().partition(|attempt| attempt.account == *account);
        if of_account.iter().any(|attempt| attempt.is_redeeming()) {
            return Err(problems::busy(account));
        }
        if others.iter().filter(|attempt| attempt.is_under_way()).count() >= MOST_LOGINS {
            return Err(problems::too_many(account, MOST_LOGINS));
        }
        for attempt in of_account {
            attempt.end_if_waiting(problems::replaced(account));
        }
        Ok(())
    }
}

/// Returns once a login has ended, for which this sees to the time: a person's, and that of a client that went
/// away before it waited.
async fn until_ended<R: Redeem>(attempt: &Attempt<R>) {
    let ended = async { drop(attempt.outcome().await) };
    let lifetime = async {
        sleep(attempt.lifetime).await;
        attempt.end_if_waiting(problems::expired(&attempt.account, attempt.lifetime));
        std::future::pending::<()>().await;
    };
    let unattended = async {
        sleep(UNATTENDED).await;
        attempt.end_if_unattended();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = ended => {}
        () = lifetime => {}
        () = unattended => {}
    }
}
