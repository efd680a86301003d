//! Journal steps 3 and 4: the successor is made durable, then published; and every other write.

use std::time::Duration;

use super::{Cause, Phase, Resort, Session, Writing, logout::finish};
use crate::{
    event::{Commit, CommitReason, Effect, NewGrant, Notice, Operation, StoreFault},
    grant::Record,
    schedule::{self, Settings},
    snapshot::{Published, end_of},
    time::Now,
    trouble::{Remedy, Trouble},
};

impl Session {
    pub(super) fn committed(
        &mut self,
        now: Now,
        commit: Commit,
        result: Result<(), StoreFault>,
        effects: &mut Vec<Effect>,
    ) {
        let writing = match std::mem::replace(&mut self.phase, Phase::Absent) {
            Phase::Committing(writing) => writing,
            other => {
                self.phase = other;
                return;
            }
        };
        match result {
            Ok(()) => self.saved(now, commit, &writing, effects),
            Err(fault) => self.not_saved(now, commit, writing, fault, effects),
        }
    }

    fn saved(&mut self, now: Now, commit: Commit, writing: &Writing, effects: &mut Vec<Effect>) {
        let record = commit.record;
        // Whatever the journal held is superseded by a file that is durable in its own place.
        self.proved = false;
        match writing {
            Writing::Successor => {
                self.attempts += 1;
                self.publish(now, record, effects);
            }
            Writing::Replacement { operation, renew_now, settings, .. } => {
                let (operation, renew_now) = (*operation, *renew_now);
                self.forget_the_past();
                self.settings = settings.clone();
                self.take_over(now, record, Duration::ZERO);
                if renew_now {
                    self.next = Some(now.boot);
                    self.cause = Cause::Import;
                }
                effects.push(Effect::Finished { operation, result: Ok(()) });
            }
            Writing::LogoutNote { operation } => self.ask_to_revoke(record, *operation, effects),
            Writing::Detail => self.phase = Phase::Rest(record),
            // A loaded pair that was in doubt is served, and still in doubt; a successor settles every doubt.
            Writing::Rewrite if record.generation > self.generation && self.doubt.is_none() => {
                self.publish(now, record, effects);
            }
            Writing::Rewrite if record.generation > self.generation => {
                self.take_over(now, record, Duration::ZERO);
                self.resume(now);
            }
            Writing::Rewrite => {
                self.phase = Phase::Rest(record);
                self.resume(now);
            }
            Writing::Adoption { operation } => {
                self.foreign = false;
                self.trouble = None;
                if self.take_over(now, record, Duration::ZERO) {
                    self.renew_by_other_clock(now);
                }
                if self.doubt.is_some() {
                    self.resume(now);
                }
                effects.push(Effect::Finished { operation: *operation, result: Ok(()) });
            }
        }
    }

    fn not_saved(
        &mut self,
        now: Now,
        commit: Commit,
        writing: Writing,
        StoreFault(reason): StoreFault,
        effects: &mut Vec<Effect>,
    ) {
        let trouble = Trouble::NotSaved(reason);
        let failures = commit.failures.saturating_add(1);
        // What the failed write left of the journal is unknown.
        self.proved = false;
        let mut record = commit.record;
        match writing {
            // Of no weight, but what is on disk is unknown now: it is written again before the next spend.
            Writing::Detail => self.unsaved_again(now, record, commit.reason, failures),
            Writing::Successor if self.lives_on() => self.publish_unsaved(now, record, trouble, effects),
            Writing::Successor | Writing::Rewrite => {
                self.attempts += 1;
                self.unsaved_again(now, record, commit.reason, failures);
                self.fail(trouble, effects);
            }
            Writing::Replacement { operation, old, .. } => {
                effects.push(Effect::Finished { operation, result: Err(trouble) });
                // What is on disk is unknown: the old grant is written again before it is spent.
                if let Some(old) = old {
                    self.unsaved_again(now, old, CommitReason::Note, failures);
                }
            }
            Writing::LogoutNote { operation } => {
                record.logging_out = false;
                self.unsaved_again(now, record, CommitReason::Note, failures);
                finish(operation, Err(trouble), effects);
            }
            Writing::Adoption { operation } => {
                self.phase = Phase::Rest(record);
                effects.push(Effect::Finished { operation, result: Err(trouble) });
            }
        }
    }

    /// Goes on where a rewrite interrupted.
    fn resume(&mut self, now: Now) {
        if matches!(self.trouble, Some(Trouble::NotSaved(_))) {
            self.trouble = None;
        }
        self.failures = 0;
        self.mind_mended_binding();
        if let Some(trouble) = self.trouble.as_ref().filter(|trouble| trouble.remedy() != Remedy::Wait) {
            self.next = trouble.heals_after(1).map(|wait| now.boot.after(wait));
            self.cause = Cause::Retry;
            return;
        }
        if self.doubt.is_some() || self.trouble.as_ref().is_some_and(|t| t.remedy() == Remedy::Wait) {
            self.next = Some(self.soonest(now));
            self.cause = Cause::Retry;
        } else if self.trouble.is_none() {
            self.plan(now);
        }
    }

    /// A configuration may have been put right while the record was away.
    fn mind_mended_binding(&mut self) {
        let Phase::Rest(record) = &self.phase else { return };
        let differed = matches!(
            self.trouble,
            Some(Trouble::BindingDiffers { .. } | Trouble::AuthDiffers { .. } | Trouble::Orphaned)
        );
        if differed && self.obstacle(record).is_none() {
            self.trouble = None;
        }
    }

    fn unsaved_again(&mut self, now: Now, record: Box<Record>, reason: CommitReason, failures: u32) {
        self.failures = failures;
        self.next = Some(now.boot.after(schedule::save_delay(failures, now.jitter)));
        self.phase = Phase::Unsaved(record, reason);
    }

    /// A failed save is tried again, with new files.
    pub(super) fn save_again(&mut self, effects: &mut Vec<Effect>) {
        if let Phase::Unsaved(record, reason) = std::mem::replace(&mut self.phase, Phase::Absent) {
            self.write(record, reason, Writing::Rewrite, effects);
        }
    }

    pub(super) fn write(
        &mut self,
        record: Box<Record>,
        reason: CommitReason,
        writing: Writing,
        effects: &mut Vec<Effect>,
    ) {
        let failures = if matches!(writing, Writing::Rewrite) { self.failures } else { 0 };
        effects.push(Effect::Commit(Box::new(Commit { record, reason, failures })));
        self.phase = Phase::Committing(writing);
    }

    /// Journal step 4: a durable successor becomes what readers see.
    pub(super) fn publish(&mut self, now: Now, record: Box<Record>, effects: &mut Vec<Effect>) {
        let generation = record.generation;
        self.doubt = None;
        self.trouble = None;
        self.failures = 0;
        self.last_resort = Resort::Untried;
        // What a caller's `min_ttl` brought must live as long as was said.
        let asked_for = matches!(self.cause, Cause::Demand | Cause::Rejected | Cause::Explicit);
        let spread = if asked_for { Duration::ZERO } else { self.settings.spread };
        if self.take_over(now, record, spread) {
            self.renew_by_other_clock(now);
        }
        effects.push(Effect::Notice(Notice::Renewed { generation }));
        self.mind_expired_arrival(now, effects);
        let unconfirmed = matches!(&self.phase, Phase::Rest(record) if record.unconfirmed);
        if unconfirmed || (self.lives_on() && self.user.is_none()) {
            effects.push(Effect::Confirm);
        }
    }

    /// A pair that arrives expired is spent once more, then it is a fault like any other.
    fn mind_expired_arrival(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.published.as_ref().is_some_and(|token| token.expires > now.boot) {
            self.expired_arrivals = 0;
            return;
        }
        self.expired_arrivals = self.expired_arrivals.saturating_add(1);
        let again = if self.expired_arrivals == 1 {
            Duration::from_secs(1)
        } else {
            self.fail(Trouble::ArrivedExpired, effects);
            self.failures = self.expired_arrivals;
            schedule::retry_delay(self.failures.saturating_add(2), false, None, now.jitter)
        };
        let again = now.boot.after(again);
        self.not_before = again;
        self.next = Some(again);
        self.cause = Cause::Retry;
    }

    /// Makes a durable record the one that is served and planned for; `spread` is only for a token that nobody
    /// was promised yet. Returns whether the clocks leave its end in doubt.
    fn take_over(&mut self, now: Now, record: Box<Record>, spread: Duration) -> bool {
        let mut uncertain = false;
        self.generation = record.generation;
        self.highest = self.highest.max(record.generation);
        self.describe(Some(&record));
        self.lead_in_force = self.settings.lead;
        self.published = record.access().map(|access| {
            let expires;
            (expires, uncertain) = end_of(access, self.boot_id, now);
            self.longest_life = self.longest_life.max(access.life);
            self.left_at_commit = expires.since(now.boot);
            self.early = schedule::part_of_spread(spread, access.life, now.jitter);
            Published { access: access.token.clone(), expires, promised: expires, life: access.life }
        });
        self.phase = Phase::Rest(record);
        self.plan(now);
        uncertain && self.renewable()
    }

    /// What was known of the grant before says nothing about the new one.
    fn forget_the_past(&mut self) {
        self.trouble = None;
        self.doubt = None;
        self.last_resort = Resort::Untried;
        self.failures = 0;
        self.expired_arrivals = 0;
        self.not_before = crate::time::BootTime::default();
        self.last_attempt = None;
        self.last_forced = None;
        self.last_rejected = None;
        self.longest_life = Duration::ZERO;
        self.foreign = false;
    }

    pub(super) fn begin_replace(&mut self, operation: Operation, grant: NewGrant, effects: &mut Vec<Effect>) {
        let old = match std::mem::replace(&mut self.phase, Phase::Absent) {
            Phase::Rest(record) | Phase::Unsaved(record, _) => Some(record),
            _ => None,
        };
        let NewGrant { mut record, renew_now, settings } = grant;
        self.highest = self.highest.next();
        record.generation = self.highest;
        let writing = Writing::Replacement { operation, old, renew_now, settings };
        self.write(Box::new(record), CommitReason::Replacement, writing, effects);
    }

    pub(super) fn begin_adopt(&mut self, operation: Operation, effects: &mut Vec<Effect>) {
        if self.foreign
            && let Some(mut record) = self.take_rest()
        {
            record.logging_out = false;
            self.write(record, CommitReason::Note, Writing::Adoption { operation }, effects);
        } else {
            effects.push(Effect::Finished { operation, result: Ok(()) });
        }
    }

    /// New settings: a changed `lead` counts from the next commit on, and what a person had to mend is tried.
    pub(super) fn configured(&mut self, now: Now, settings: Settings) {
        self.settings = settings;
        self.unheeded = true;
        if self.is_minted_for_another() {
            // Not a moment longer, also while the record is away.
            self.published = None;
        }
        self.heed_configuration(now);
    }

    /// Acts on new settings once the record is at hand.
    pub(super) fn heed_configuration(&mut self, now: Now) {
        if !self.unheeded || !matches!(self.phase, Phase::Rest(_)) {
            return;
        }
        self.unheeded = false;
        if self.foreign {
            return;
        }
        let mode_changed = std::mem::replace(&mut self.heeded_mode, self.settings.mode) != self.settings.mode;
        self.realign(now);
        let Phase::Rest(record) = &self.phase else { return };
        let obstacle = self.obstacle(record);
        match (&self.trouble, obstacle) {
            (
                _,
                Some(
                    trouble @ (Trouble::BindingDiffers { .. }
                    | Trouble::AuthDiffers { .. }
                    | Trouble::Orphaned),
                ),
            ) => {
                self.trouble = Some(trouble);
                self.next = None;
            }
            (
                Some(Trouble::BindingDiffers { .. } | Trouble::AuthDiffers { .. } | Trouble::Orphaned),
                None,
            ) => {
                self.trouble =
                    self.doubt.is_some().then(|| Trouble::AnswerLost("before a configuration change".into()));
                self.plan(now);
                if self.doubt.is_some() || self.published.is_none() {
                    self.next = Some(self.soonest(now));
                    self.cause = Cause::Retry;
                }
            }
            (
                Some(
                    Trouble::Unprepared(_)
                    | Trouble::InvalidClient(_)
                    | Trouble::UnauthorizedClient(_)
                    | Trouble::Refused(_)
                    | Trouble::AppRefused(_)
                    | Trouble::PasswordReset
                    | Trouble::TermsOfService,
                ),
                None,
            ) => {
                self.next = Some(self.soonest(now));
                self.cause = Cause::Retry;
            }
            (None, None) if mode_changed => self.plan(now),
            _ => {}
        }
    }
}
