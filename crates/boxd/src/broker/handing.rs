//! What is handed out is recorded first: the one place where a token leaves the broker for a client.

use std::time::Duration;

use boxd_engine::Generation;
use boxd_proto::{AuditOutcome, AuditQuery, AuditRecord, AuditWay, Problem, Response};
use futures_util::{Stream, stream};

use super::{Broker, account::Account, problems};
use crate::{
    access::Door,
    audit::Unrecorded,
    box_api::Target,
    derived::{Restriction, Wish},
    peer::Caller,
};

/// A token that is about to leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handing<'h> {
    pub(super) way: AuditWay,
    pub(super) generation: Generation,
    /// With less than the account's rights.
    pub(super) restriction: Option<&'h Restriction>,
    /// Of another Box user than the account's.
    pub(super) user: Option<&'h str>,
}

impl<'h> Handing<'h> {
    /// The account's own token.
    pub(super) fn whole(way: AuditWay, generation: u64) -> Self {
        Self { way, generation: Generation(generation), restriction: None, user: None }
    }

    /// One that was derived from it.
    pub(super) fn derived(way: AuditWay, generation: Generation, wish: &'h Wish) -> Self {
        Self { way, generation, restriction: wish.restriction.as_ref(), user: wish.user.as_deref() }
    }
}

impl Broker {
    /// Records that a client gets a token, which may leave then.
    ///
    /// # Errors
    /// Where the config says that none leaves without a record, and there can be none.
    pub(super) async fn hand_out(
        &self,
        caller: &Caller,
        account: &Account,
        handing: Handing<'_>,
    ) -> Result<(), Problem> {
        // It was decided before the token was waited for: perhaps an hour ago.
        self.still_permitted(caller, account, &handing)?;
        if self.audit.is_enabled() {
            let mut record = self.record(caller, AuditOutcome::Handed, handing.way);
            record.account = Some(account.name.as_str().to_owned());
            record.generation = Some(handing.generation.0);
            record.user = handing.user.map(str::to_owned);
            if let Some(restriction) = handing.restriction {
                record.scope = restriction.scopes().to_vec();
                record.resource = restriction.target().map(|target| match target {
                    Target::Resource(url) => url.clone(),
                    // Who has the link needs no token to look.
                    Target::SharedLink(_) => "a shared link".to_owned(),
                });
            }
            let trusted = self.is_owner(caller);
            let recorded = self.audit.hand_out(record, trusted).await;
            recorded.map_err(|unrecorded: Unrecorded| {
                problems::unavailable(&account.name, unrecorded.to_string(), Duration::from_secs(5))
            })?;
            // A record that must be on the disk takes its time, too.
            self.still_permitted(caller, account, &handing)?;
        }
        account.tally.serve();
        Ok(())
    }

    /// Records that a client did not get what it asked for.
    pub(super) fn note_denial(&self, caller: &Caller, problem: &Problem) {
        let (peer, door, account) = (&caller.peer, &caller.facts.door, problem.account.as_deref());
        match self.denials.note(caller.peer.uid, self.clock.boot()) {
            Some(0) => tracing::info!(%peer, %door, account, "denied: {}", problem.detail),
            Some(untold) => {
                tracing::info!(%peer, %door, account, untold, "denied, as before: {}", problem.detail);
            }
            None => tracing::debug!(%peer, %door, account, "denied: {}", problem.detail),
        }
        if self.audit.is_enabled() {
            let mut record = self.record(caller, AuditOutcome::Denied, way_of(caller));
            record.account.clone_from(&problem.account);
            self.audit.note(record, self.is_owner(caller));
        }
    }

    /// The records that are wanted, as frames.
    pub(super) async fn answer_audit(
        &self,
        query: AuditQuery,
    ) -> impl Stream<Item = Response> + Send + use<> {
        let now = self.clock.wall().unix_seconds();
        let since = query.since_seconds.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
        let records = self.audit.read(query, since.map(|since| now.saturating_sub(since))).await;
        stream::unfold(Some(records), async |records| {
            let mut records = records?;
            match records.recv().await {
                Some(record) => Some((Response::Audit(Box::new(record)), Some(records))),
                None => Some((Response::End, None)),
            }
        })
    }

    fn record(&self, caller: &Caller, outcome: AuditOutcome, way: AuditWay) -> AuditRecord {
        let now = self.clock.wall().unix_seconds();
        let evidence = caller.evidence();
        AuditRecord {
            time: now,
            until: now,
            count: 1,
            outcome,
            way,
            account: None,
            generation: None,
            scope: Vec::new(),
            resource: None,
            user: None,
            uid: caller.peer.uid,
            pid: caller.peer.pid,
            started: evidence.started,
            program: evidence.program.clone(),
            unit: evidence.unit.clone(),
            socket: match &caller.facts.door {
                Door::Main => None,
                Door::Rule(path) => Some(path.to_string_lossy().into_owned()),
            },
        }
    }
}

/// By which protocol a client asks.
pub(super) fn way_of(caller: &Caller) -> AuditWay {
    if caller.speaks_http() { AuditWay::Http } else { AuditWay::Native }
}
