//! Answers requests for a token: from memory where that suffices, else through the session.

use std::{sync::Arc, time::Duration};

use boxd_engine::{Answer, Ask, BootTime, Generation, Refusal, Served, Snapshot};
use boxd_proto::{Problem, Rejected, Secret, Token, TokenRequest};

use super::{Broker, account::Account, problems};
use crate::{constant_time, peer::Peer};

/// How long a client waits by default for a token that is not at hand.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);
/// Longest wait that a client can ask for.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

impl Broker {
    /// A token by what memory knows, without touching the session; `None` where that does not suffice.
    ///
    /// This is the path of nearly every request: one clock reading, two uncontended read locks.
    pub(super) fn token_at_hand(&self, account: &Account, request: &TokenRequest) -> Option<Token> {
        if !matches!(request.rejected, Rejected::No) {
            return None;
        }
        let boot = self.clock.boot();
        let view = account.view.borrow();
        if view.wants_waking(boot) {
            return None;
        }
        let min_ttl = Duration::from_secs(u64::from(request.min_ttl_seconds));
        view.serve(boot, min_ttl).map(|served| self.token_of(account, &served))
    }

    /// A token, after a renewal if need be.
    pub(super) async fn token(
        &self,
        account: &Arc<Account>,
        request: &TokenRequest,
        peer: &Peer,
    ) -> Result<Token, Problem> {
        let min_ttl = Duration::from_secs(u64::from(request.min_ttl_seconds));
        let rejected = rejected_generation(&account.view.borrow(), &request.rejected);
        let until = self.clock.boot().after(wait_of(request.wait_millis));
        let served = self.served(account, Ask { min_ttl, rejected, until }, Some(peer)).await?;
        Ok(self.token_of(account, &served))
    }

    /// The account's token, once one satisfies what is asked; `peer` is named in the log where it causes a renewal.
    pub(super) async fn served(
        &self,
        account: &Arc<Account>,
        ask: Ask,
        peer: Option<&Peer>,
    ) -> Result<Served, Problem> {
        let deadline = tokio::time::Instant::now() + ask.until.since(self.clock.boot());
        let mut changes = account.view.subscribe();
        let mut unlogged = peer.filter(|_| ask.rejected.is_some() || !ask.min_ttl.is_zero());
        loop {
            match self.with_session(account, |session, now| session.ask(now, ask)) {
                Answer::Serve(served) => return Ok(served),
                Answer::Refuse(refusal) => {
                    self.warn_of_doubtful_report(account, &ask, &refusal, peer);
                    return Err(problems::of_refusal(&account.name, &refusal));
                }
                Answer::Wait => {}
            }
            if let Some(peer) = unlogged.take() {
                let generation = account.view.borrow().generation;
                let min_ttl = ask.min_ttl.as_secs();
                let rejected = ask.rejected.map(|generation| generation.0);
                tracing::info!(account = %account.name, %generation, min_ttl, rejected, %peer, "a client needs a newer token");
            }
            account.await_until(ask.until);
            self.turns.hurry();
            changes.mark_unchanged();
            if self.clock.boot() >= ask.until {
                return Err(self.timed_out(account));
            }
            match tokio::time::timeout_at(deadline, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(self.timed_out(account)),
            }
        }
    }

    /// A client says that Box refused the token, and the one before it, and so on: it is wrong, or it lies.
    fn warn_of_doubtful_report(&self, account: &Account, ask: &Ask, refusal: &Refusal, peer: Option<&Peer>) {
        let (Some(generation), Some(peer)) = (ask.rejected, peer) else { return };
        let Refusal::Unavailable { retry_after, trouble: None } = refusal else { return };
        if account.may_doubt_aloud(self.clock.boot()) {
            let (seconds, account) = (retry_after.as_secs(), &account.name);
            tracing::warn!(
                %account, %generation, %peer, retry_after = seconds,
                "a client reports a fresh token as refused by Box: it is not renewed so soon"
            );
        }
    }

    /// The caller's time is up: when it may try again, and what is in the way.
    pub(super) fn timed_out(&self, account: &Account) -> Problem {
        let view = account.view.borrow();
        let retry_after =
            view.next_renewal.map_or(Duration::from_secs(1), |next| next.since(self.clock.boot()));
        let detail = match &view.trouble {
            Some(trouble) => format!("no token that satisfies the request yet: {trouble}"),
            None => "no token that satisfies the request yet: a renewal is under way".into(),
        };
        problems::unavailable(&account.name, detail, retry_after)
    }

    fn token_of(&self, account: &Account, served: &Served) -> Token {
        let wall = self.clock.wall();
        let end = |left: Duration| wall.after(left).unix_seconds();
        Token {
            account: account.name.as_str().to_owned(),
            access_token: Secret::new(served.access.expose()),
            expires_in_seconds: u32::try_from(served.promised_for.as_secs()).unwrap_or(u32::MAX),
            expires_at: end(served.promised_for),
            box_expires_at: end(served.box_for),
            generation: served.generation.0,
        }
    }

    /// The end of a client's wait.
    pub(super) fn until(&self, wait_millis: Option<u32>) -> (BootTime, tokio::time::Instant) {
        let wait = wait_of(wait_millis);
        (self.clock.boot().after(wait), tokio::time::Instant::now() + wait)
    }
}

pub(super) fn wait_of(wait_millis: Option<u32>) -> Duration {
    wait_millis.map_or(DEFAULT_WAIT, |millis| Duration::from_millis(u64::from(millis))).min(LONGEST_WAIT)
}

/// Which generation a client says was refused; a token that is not the current one is an old one.
fn rejected_generation(view: &Snapshot, rejected: &Rejected) -> Option<Generation> {
    match rejected {
        Rejected::No => None,
        Rejected::Generation(generation) => Some(Generation(*generation)),
        Rejected::Token(token) => {
            let current = view.token.as_ref()?;
            let same = constant_time::equal(current.access.expose(), token.expose());
            same.then_some(view.generation)
        }
    }
}
