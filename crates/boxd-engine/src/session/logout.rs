//! Logging out: a durable note, revocation at Box, then oblivion; resumed after a crash.

use super::{Cause, Phase, Queued, Session, Writing};
use crate::{
    event::{CommitReason, Effect, Operation, StoreFault},
    grant::Record,
    reply::{Exchange, Verdict, classify},
    schedule,
    time::Now,
    trouble::Trouble,
};

impl Session {
    pub(super) fn begin_logout(
        &mut self,
        now: Now,
        operation: Option<Operation>,
        local: bool,
        recovering: Option<u64>,
        effects: &mut Vec<Effect>,
    ) {
        let (record, unsaved) = match std::mem::replace(&mut self.phase, Phase::Absent) {
            Phase::Rest(record) => (record, None),
            Phase::Unsaved(record, reason) => (record, Some(reason)),
            other => {
                self.phase = other;
                self.trouble = None;
                self.forget(operation, effects);
                return;
            }
        };
        self.begun = now.boot;
        let dead =
            matches!(self.trouble, Some(Trouble::Taken(_) | Trouble::Lapsed(_) | Trouble::LostForGood(_)));
        if local || dead || !record.is_revocable() {
            self.forget(operation, effects);
            return;
        }
        let hindrance = self.obstacle(&record);
        if let Some(reason) = unsaved
            && (hindrance.is_some() || self.doubt.is_some())
        {
            // Nothing is sent before what is on disk is known again.
            self.phase = Phase::Unsaved(record, reason);
            let unsaved = || Trouble::NotSaved("the store cannot be written".into());
            finish(
                operation,
                Err(hindrance.or_else(|| self.trouble.clone()).unwrap_or_else(unsaved)),
                effects,
            );
            return;
        }
        if let Some(trouble) = hindrance {
            self.phase = Phase::Rest(record);
            finish(operation, Err(trouble), effects);
            return;
        }
        if self.doubt.is_some() {
            self.phase = still(record, unsaved);
            self.recover_first(now, operation, recovering, effects);
            return;
        }
        let mut record = record;
        record.logging_out = true;
        self.write(record, CommitReason::Note, Writing::LogoutNote { operation }, effects);
    }

    /// In doubt nobody knows which pair is the newest: one more attempt finds out, or the logout fails.
    fn recover_first(
        &mut self,
        now: Now,
        operation: Option<Operation>,
        recovering: Option<u64>,
        effects: &mut Vec<Effect>,
    ) {
        if recovering.is_some_and(|attempts| self.attempts > attempts) {
            let trouble = self.trouble.clone().unwrap_or_else(|| Trouble::AnswerLost("unknown".into()));
            finish(operation, Err(trouble), effects);
            return;
        }
        if recovering.is_none() {
            let earliest = self.last_attempt.map_or(now.boot, |last| last.after(schedule::DOUBT_PAUSE));
            self.next = Some(earliest.max(now.boot));
            self.cause = Cause::Logout;
        }
        let recovering = recovering.or(Some(self.attempts));
        self.queued = Some(Queued::Logout { operation, local: false, recovering });
    }

    /// A resumed logout that could not go on is over: its note must not end the grant some other day.
    pub(super) fn withdraw_note(&mut self, effects: &mut Vec<Effect>) {
        if self.queued.is_some() {
            return;
        }
        match &mut self.phase {
            Phase::Unsaved(record, _) => record.logging_out = false,
            Phase::Rest(record) if record.logging_out => {
                record.logging_out = false;
                if let Some(record) = self.take_rest() {
                    self.write(record, CommitReason::Note, Writing::Rewrite, effects);
                }
            }
            _ => {}
        }
    }

    pub(super) fn ask_to_revoke(
        &mut self,
        record: Box<Record>,
        operation: Option<Operation>,
        effects: &mut Vec<Effect>,
    ) {
        self.phase = Phase::Revoking(record.grant, operation);
        effects.push(Effect::Revoke(record));
    }

    pub(super) fn revoked(
        &mut self,
        mut record: Box<Record>,
        exchange: &Exchange,
        effects: &mut Vec<Effect>,
    ) {
        let operation = match std::mem::replace(&mut self.phase, Phase::Absent) {
            Phase::Revoking(grant, operation) if record.grant == grant => operation,
            other => {
                self.phase = other;
                return;
            }
        };
        match refusal_of_revocation(exchange) {
            None => self.forget(operation, effects),
            Some(trouble) => {
                // Box did not hear of it: the note is withdrawn and the grant lives on.
                record.logging_out = false;
                self.write(record, CommitReason::Note, Writing::Rewrite, effects);
                finish(operation, Err(trouble), effects);
            }
        }
    }

    /// Drops everything but the generation counter, in memory at once and in the store.
    pub(super) fn forget(&mut self, operation: Option<Operation>, effects: &mut Vec<Effect>) {
        self.published = None;
        self.doubt = None;
        self.next = None;
        self.describe(None);
        self.phase = Phase::Forgetting(operation);
        effects.push(Effect::Forget { generation: self.highest });
    }

    pub(super) fn forgotten(&mut self, now: Now, result: Result<(), StoreFault>, effects: &mut Vec<Effect>) {
        let operation = match std::mem::replace(&mut self.phase, Phase::Absent) {
            Phase::Forgetting(operation) => operation,
            other => {
                self.phase = other;
                return;
            }
        };
        match result {
            Ok(()) => {
                self.trouble = Some(Trouble::Absent);
                self.failures = 0;
                self.proved = false;
                self.generation = self.highest;
                finish(operation, Ok(()), effects);
            }
            Err(StoreFault(reason)) => {
                self.failures = self.failures.saturating_add(1);
                self.next = Some(now.boot.after(schedule::save_delay(self.failures, now.jitter)));
                self.phase = Phase::Unforgotten;
                self.fail(Trouble::NotSaved(reason.clone()), effects);
                finish(operation, Err(Trouble::NotSaved(reason)), effects);
            }
        }
    }
}

/// The phase that a record was in: one that is not durable stays so until it is written.
fn still(record: Box<Record>, unsaved: Option<CommitReason>) -> Phase {
    match unsaved {
        Some(reason) => Phase::Unsaved(record, reason),
        None => Phase::Rest(record),
    }
}

/// Tells the one who asked, if anybody did, how an operation ended.
pub(super) fn finish(operation: Option<Operation>, result: Result<(), Trouble>, effects: &mut Vec<Effect>) {
    if let Some(operation) = operation {
        effects.push(Effect::Finished { operation, result });
    }
}

/// `None` where the token is certainly dead (RFC 7009 section 2.2), else why that is not known.
fn refusal_of_revocation(exchange: &Exchange) -> Option<Trouble> {
    let reply = match exchange {
        Exchange::NotSent(reason) => return Some(Trouble::Unreachable(reason.clone())),
        Exchange::Unprepared(reason) => return Some(Trouble::Unprepared(reason.clone())),
        Exchange::Lost(reason) => return Some(Trouble::AnswerLost(reason.clone())),
        Exchange::Reply(reply) => reply,
    };
    if reply.status == 200 {
        // Box's body is empty; a page in its place is of somebody in between.
        let foreign = !reply.body.trim_ascii().is_empty()
            && serde_json::from_slice::<serde::de::IgnoredAny>(&reply.body).is_err();
        return foreign.then(|| Trouble::AnswerLost("HTTP status 200 with a foreign body".into()));
    }
    match classify(exchange) {
        Verdict::Operator(trouble) | Verdict::Harmless { trouble, .. } | Verdict::Doubt { trouble, .. } => {
            Some(trouble)
        }
        Verdict::InvalidGrant(_) | Verdict::Granted(_) => None,
    }
}
