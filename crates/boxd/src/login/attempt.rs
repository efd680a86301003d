//! One login from its beginning to its outcome: who may move it on, and in which order.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use boxd_engine::User;
use boxd_proto::Problem;
use tokio::sync::{Notify, watch};
use zeroize::Zeroizing;

use super::{
    plan::{Consent, Redeem},
    problems,
    redirect::RedirectUri,
};
use crate::account_name::AccountName;

/// How a login ended.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// The account belongs to this user.
    LoggedIn(User),
    /// The person said no.
    Denied(Problem),
    /// Anything else.
    Failed(Problem),
}

/// A login that waits, is being completed, or has ended.
pub(super) struct Attempt<R: Redeem> {
    pub(super) account: AccountName,
    pub(super) redirect: RedirectUri,
    pub(super) port: u16,
    pub(super) state: String,
    pub(super) lifetime: Duration,
    redeem: R,
    held: Mutex<Held<R::Context>>,
    outcome: watch::Sender<Option<Outcome>>,
    port_wanted: Notify,
}

struct Held<C> {
    phase: Phase<C>,
    /// Clients that wait for the outcome now.
    waiting: usize,
    /// Whether one ever did.
    attended: bool,
}

enum Phase<C> {
    /// For the person.
    Waiting(Pledge<C>),
    /// The code is at Box.
    Redeeming,
    Ended,
}

/// What goes with the code.
pub(super) struct Pledge<C> {
    pub(super) code_verifier: Zeroizing<String>,
    pub(super) context: C,
}

/// The login is past the point where somebody could move it on.
#[derive(Debug)]
pub(super) struct TooLate;

/// A client that waits; the login ends with the last of them.
pub(super) struct Attendance<R: Redeem>(Arc<Attempt<R>>);

// === impl Attempt ===

impl<R: Redeem> Attempt<R> {
    pub(super) fn new(
        account: AccountName,
        (redirect, port): (RedirectUri, u16),
        state: String,
        lifetime: Duration,
        redeem: R,
        pledge: Pledge<R::Context>,
    ) -> Self {
        let held = Held { phase: Phase::Waiting(pledge), waiting: 0, attended: false };
        let (held, outcome) = (Mutex::new(held), watch::Sender::new(None));
        Self { account, redirect, port, state, lifetime, redeem, held, outcome, port_wanted: Notify::new() }
    }

    /// The person consented: the code goes to Box. Only the first one does.
    pub(super) fn consent(self: &Arc<Self>, code: Zeroizing<String>) -> Result<(), TooLate> {
        let mut held = self.held();
        let pledge = match std::mem::replace(&mut held.phase, Phase::Redeeming) {
            Phase::Waiting(pledge) => pledge,
            other => {
                held.phase = other;
                return Err(TooLate);
            }
        };
        drop(held);
        tracing::info!(account = %self.account, "a person consented");
        let consent = Consent {
            account: self.account.clone(),
            code,
            redirect_uri: self.redirect.at(self.port),
            code_verifier: pledge.code_verifier,
            context: pledge.context,
        };
        let redeem = self.redeem.clone();
        let redeeming = tokio::spawn(async move { redeem.redeem(consent).await });
        let attempt = Arc::clone(self);
        tokio::spawn(async move {
            let outcome = match redeeming.await {
                Ok(Ok(user)) => Outcome::LoggedIn(user),
                Ok(Err(problem)) => Outcome::Failed(problem),
                Err(error) => {
                    let detail = format!("the login could not be completed: {error}");
                    Outcome::Failed(problems::internal(&attempt.account, detail))
                }
            };
            attempt.held().phase = Phase::Ended;
            attempt.publish(outcome);
        });
        Ok(())
    }

    /// Ends a login that still waits for the person.
    pub(super) fn end(&self, outcome: Outcome) -> Result<(), TooLate> {
        let mut held = self.held();
        if !matches!(held.phase, Phase::Waiting(_)) {
            return Err(TooLate);
        }
        held.phase = Phase::Ended;
        drop(held);
        self.publish(outcome);
        Ok(())
    }

    /// The same where it is no news that it ended already.
    pub(super) fn end_if_waiting(&self, problem: Problem) {
        // Too late: its outcome is known or comes by itself.
        drop(self.end(Outcome::Failed(problem)));
    }

    /// Ends it where no client ever waited for it.
    pub(super) fn end_if_unattended(&self) {
        if !self.held().attended {
            self.end_if_waiting(problems::cancelled(&self.account));
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.held().phase, Phase::Waiting(_))
    }

    pub(super) fn is_under_way(&self) -> bool {
        !matches!(self.held().phase, Phase::Ended)
    }

    pub(super) fn is_redeeming(&self) -> bool {
        matches!(self.held().phase, Phase::Redeeming)
    }

    /// Waits until it has ended, for whatever reason.
    pub(super) async fn outcome(&self) -> Outcome {
        let mut outcome = self.outcome.subscribe();
        let ended = outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        match ended {
            Ok(Some(outcome)) => outcome,
            // The sender lives as long as we do.
            Ok(None) | Err(_) => Outcome::Failed(problems::no_such_login()),
        }
    }

    /// Notes that a client waits for the outcome.
    pub(super) fn attend(self: &Arc<Self>) -> Attendance<R> {
        let mut held = self.held();
        held.waiting += 1;
        held.attended = true;
        drop(held);
        Attendance(Arc::clone(self))
    }

    /// A newer login wants to listen where this one does: once it has ended it no longer lingers.
    pub(super) fn port_is_wanted(&self) {
        self.port_wanted.notify_one();
    }

    pub(super) async fn port_wanted(&self) {
        self.port_wanted.notified().await;
    }

    fn publish(&self, outcome: Outcome) {
        match &outcome {
            Outcome::LoggedIn(_) => tracing::info!(account = %self.account, "a login succeeded"),
            Outcome::Denied(problem) | Outcome::Failed(problem) => {
                tracing::info!(account = %self.account, code = %problem.code, "a login ended: {}", problem.detail);
            }
        }
        self.outcome.send_replace(Some(outcome));
    }

    fn held(&self) -> MutexGuard<'_, Held<R::Context>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Attendance ===

impl<R: Redeem> Drop for Attendance<R> {
    fn drop(&mut self) {
        let mut held = self.0.held();
        held.waiting = held.waiting.saturating_sub(1);
        let last = held.waiting == 0;
        drop(held);
        if last {
            self.0.end_if_waiting(problems::cancelled(&self.0.account));
        }
    }
}

// === impl Outcome ===

impl From<Outcome> for Result<User, Problem> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::LoggedIn(user) => Ok(user),
            Outcome::Denied(problem) | Outcome::Failed(problem) => Err(problem),
        }
    }
}
