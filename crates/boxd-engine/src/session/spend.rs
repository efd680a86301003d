//! Journal steps 1 and 2: prove and intend, then one refresh request, and what its answer means.

use super::{Cause, Doubt, Phase, Resort, Session, Writing};
use crate::{
    event::{Commit, CommitReason, Effect, Notice, Spend, StoreFault},
    grant::{Credential, Generation, IssuedToken, Record, Which},
    reply::{Exchange, TokenResponse, Verdict, classify},
    schedule,
    time::{Moment, Now},
    trouble::Trouble,
};

impl Session {
    /// Spends the record at rest, if it may be shown to whom the configuration names.
    pub(super) fn begin_spend(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let Some(mut record) = self.take_rest() else { return };
        self.align(&mut record);
        if let Some(trouble) = self.obstacle(&record) {
            self.phase = Phase::Rest(record);
            self.next = None;
            if self.trouble.as_ref() != Some(&trouble) {
                self.fail(trouble, effects);
            }
            return;
        }
        self.begun = now.boot;
        if matches!(self.cause, Cause::Demand | Cause::Rejected | Cause::Clock) {
            self.last_forced = Some(now.boot);
        }
        if self.cause == Cause::Rejected {
            let before = self.rejected_in_a_row(now).map_or(0, |(_, in_a_row)| in_a_row);
            self.last_rejected = Some((now.boot, before.saturating_add(1)));
        }
        let generation = record.generation;
        effects.push(Effect::Notice(Notice::Renewing { generation, cause: self.cause }));
        // A token that is minted burns nothing: there is nothing to journal.
        if self.proved || self.lives_on() {
            self.send(record, effects);
        } else {
            effects.push(Effect::Prove { grant: record.grant, generation });
            self.phase = Phase::Proving(record);
        }
    }

    /// Why this record must not be sent anywhere now.
    pub(super) fn obstacle(&self, record: &Record) -> Option<Trouble> {
        if self.foreign {
            return Some(Trouble::ForeignMachine);
        }
        let is_server = match &record.credential {
            Credential::AccessOnly { .. } => return Some(Trouble::AccessOnlyEnded),
            Credential::OAuth2 { .. } => false,
            Credential::Server { .. } => true,
        };
        match &self.settings.binding {
            None => Some(Trouble::Orphaned),
            Some(_) if is_server != self.settings.server_auth.is_some() => {
                Some(Trouble::AuthDiffers { stored_is_login: !is_server })
            }
            Some(configured) if *configured != record.binding => Some(Trouble::BindingDiffers {
                stored: record.binding.clone(),
                configured: configured.clone(),
            }),
            Some(_) => None,
        }
    }

    pub(super) fn proved(
        &mut self,
        now: Now,
        generation: Generation,
        result: Result<(), StoreFault>,
        effects: &mut Vec<Effect>,
    ) {
        let record = match std::mem::replace(&mut self.phase, Phase::Absent) {
            Phase::Proving(record) if record.generation == generation => record,
            other => {
                self.phase = other;
                return;
            }
        };
        match result {
            Ok(()) => {
                self.proved = true;
                self.send(record, effects);
            }
            Err(StoreFault(reason)) => {
                self.phase = Phase::Rest(record);
                self.ended_harmlessly(now, Trouble::NotProved(reason), None, effects);
            }
        }
    }

    fn send(&mut self, record: Box<Record>, effects: &mut Vec<Effect>) {
        let which = if self.last_resort == Resort::Trying { Which::Previous } else { Which::Current };
        self.phase = Phase::Spending(record.grant, record.generation);
        effects.push(Effect::Spend(Box::new(Spend { record, which })));
    }

    pub(super) fn answered(
        &mut self,
        now: Now,
        spend: Spend,
        sent: Moment,
        exchange: &Exchange,
        effects: &mut Vec<Effect>,
    ) {
        let Spend { record, which } = spend;
        // An answer for anything but the current grant changes nothing.
        if !matches!(self.phase, Phase::Spending(grant, generation)
            if grant == record.grant && generation == record.generation)
        {
            return;
        }
        self.last_attempt = Some(now.boot);
        if let Credential::Server { .. } = record.credential {
            self.minted(now, record, sent, exchange, effects);
            return;
        }
        let verdict = classify(exchange);
        if let Verdict::Granted(tokens) = verdict {
            self.granted(*record, tokens, sent, effects);
            return;
        }
        self.phase = Phase::Rest(record);
        match verdict {
            Verdict::Harmless { trouble, retry_after } => {
                self.ended_harmlessly(now, trouble, retry_after, effects);
            }
            Verdict::Doubt { trouble, retry_after } => {
                self.ended_in_doubt(now, trouble, retry_after, effects);
            }
            Verdict::InvalidGrant(description) => self.refused(now, which, description, effects),
            Verdict::Operator(trouble) => self.ended_for_operator(now, trouble, effects),
            Verdict::Granted(_) => {}
        }
    }

    fn granted(&mut self, record: Record, tokens: TokenResponse, sent: Moment, effects: &mut Vec<Effect>) {
        let access = IssuedToken { token: tokens.access, sent, life: tokens.expires_in };
        // The answer that was missing is here, or no longer matters.
        self.doubt = None;
        self.highest = self.highest.next();
        let record = Box::new(record.succeed(self.highest, access, tokens.refresh));
        self.phase = Phase::Committing(Writing::Successor);
        effects.push(Effect::Commit(Box::new(Commit {
            record,
            reason: CommitReason::Successor,
            failures: 0,
        })));
    }

    /// Nothing was spent by this attempt.
    pub(super) fn ended_harmlessly(
        &mut self,
        now: Now,
        trouble: Trouble,
        retry_after: Option<std::time::Duration>,
        effects: &mut Vec<Effect>,
    ) {
        self.attempts += 1;
        self.failures = self.failures.saturating_add(1);
        self.withdraw(effects);
        let delay = schedule::retry_delay(self.failures, self.past_deadline(now), retry_after, now.jitter);
        self.again_after(now, delay, retry_after.is_some());
        self.fail(trouble, effects);
    }

    /// The token may have been spent.
    fn ended_in_doubt(
        &mut self,
        now: Now,
        trouble: Trouble,
        retry_after: Option<std::time::Duration>,
        effects: &mut Vec<Effect>,
    ) {
        self.attempts += 1;
        let doubt = self.doubt.get_or_insert(Doubt { attempts: 0, refusals: 0, first_refusal: None });
        doubt.attempts = doubt.attempts.saturating_add(1);
        let attempts = doubt.attempts;
        let delay = schedule::doubt_delay(attempts, self.past_deadline(now), retry_after, now.jitter);
        self.again_after(now, delay, retry_after.is_some());
        self.fail(trouble, effects);
    }

    /// `invalid_grant`: proof of death only where no answer is missing, or after enough of them.
    fn refused(&mut self, now: Now, which: Which, description: String, effects: &mut Vec<Effect>) {
        self.attempts += 1;
        if which == Which::Previous {
            self.last_resort = Resort::Tried;
            self.died(effects, None);
            return;
        }
        let in_need = self.in_need(now);
        let Some(doubt) = &mut self.doubt else {
            let trouble = if self.past_deadline(now) {
                Trouble::Lapsed(description)
            } else {
                Trouble::Taken(description)
            };
            self.proved_dead(now, trouble, effects);
            return;
        };
        doubt.attempts = doubt.attempts.saturating_add(1);
        doubt.refusals = doubt.refusals.saturating_add(1);
        let first = *doubt.first_refusal.get_or_insert(now.boot);
        let span = if in_need { schedule::PROOF_SPAN_IN_NEED } else { schedule::PROOF_SPAN };
        if doubt.refusals >= schedule::REFUSALS_AFTER_DOUBT && now.boot.since(first) >= span {
            self.proved_dead(now, Trouble::LostForGood(description), effects);
            return;
        }
        let delay = schedule::doubt_delay(doubt.attempts, self.past_deadline(now), None, now.jitter);
        self.again_after(now, delay, false);
        self.fail(Trouble::AnswerLost(format!("then {description}")), effects);
    }

    /// The newest refresh token is dead: the one before it, if still there, is tried once.
    fn proved_dead(&mut self, now: Now, trouble: Trouble, effects: &mut Vec<Effect>) {
        let has_previous = matches!(&self.phase, Phase::Rest(record)
            if record.token_of(Which::Previous).is_some());
        if has_previous && self.last_resort == Resort::Untried {
            self.last_resort = Resort::Trying;
            self.last_words = Some(trouble);
            self.trouble = Some(Trouble::AnswerLost("the refresh token before it is tried".into()));
            self.next = Some(now.boot);
            self.cause = Cause::Retry;
        } else {
            self.died(effects, Some(trouble));
        }
    }

    fn died(&mut self, effects: &mut Vec<Effect>, trouble: Option<Trouble>) {
        self.doubt = None;
        self.withdraw(effects);
        self.next = None;
        let trouble = trouble
            .or_else(|| self.last_words.take())
            .unwrap_or_else(|| Trouble::Taken("invalid_grant".into()));
        self.fail(trouble, effects);
    }

    pub(super) fn ended_for_operator(&mut self, now: Now, trouble: Trouble, effects: &mut Vec<Effect>) {
        self.attempts += 1;
        self.failures = self.failures.saturating_add(1);
        self.withdraw(effects);
        self.next = trouble.heals_after(self.failures).map(|wait| {
            let spread = now.jitter.of(wait / 20);
            now.boot.after(wait.saturating_sub(spread))
        });
        self.cause = Cause::Retry;
        self.fail(trouble, effects);
    }

    /// The intent has served its purpose, unless an earlier answer is still missing.
    fn withdraw(&mut self, effects: &mut Vec<Effect>) {
        if self.doubt.is_none() && self.last_resort != Resort::Trying && self.proved {
            self.proved = false;
            effects.push(Effect::Withdraw);
        }
    }

    fn again_after(&mut self, now: Now, delay: std::time::Duration, told: bool) {
        // A harmless failure leaves an older doubt as it was, and with it the pause.
        let least = if self.doubt.is_some() { schedule::DOUBT_PAUSE } else { std::time::Duration::ZERO };
        let most = self.eager_pause(now).filter(|_| !told).unwrap_or(delay);
        let mut next = now.boot.after(delay.min(most).max(least));
        if told {
            self.not_before = next;
        } else if self.in_need(now) {
            next = next.min(now.boot.after(super::demand::PAUSE_IN_NEED));
        }
        self.next = Some(next);
        self.cause = Cause::Retry;
    }
}
