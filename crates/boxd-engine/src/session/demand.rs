//! What callers may cause: a token now, an earlier renewal within bounds, or a clear refusal.

use std::time::Duration;

use super::{Cause, Phase, Session, Writing};
use crate::{
    ask::{Answer, Ask, Refusal},
    event::Effect,
    grant::Credential,
    schedule,
    time::{BootTime, Now},
    trouble::{Remedy, Trouble},
};

/// While somebody waits and no valid token is left, failed attempts are at most this far apart.
pub(super) const PAUSE_IN_NEED: Duration = Duration::from_secs(10);

impl Session {
    /// Decides what a caller gets now, and starts a renewal where that helps.
    ///
    /// On [`Answer::Wait`] the caller asks again at the next snapshot, until its time is up.
    pub fn ask(&mut self, now: Now, ask: Ask) -> (Answer, Vec<Effect>) {
        let mut effects = Vec::new();
        self.watch_clocks(now, &mut effects);
        let answer = self.decide(now, ask);
        if matches!(answer, Answer::Wait) {
            self.demand_until = self.demand_until.max(ask.until);
        }
        self.advance(now, &mut effects);
        (answer, effects)
    }

    /// Renews now because the owner says so; not bounded, but never two spends at once. The outcome is
    /// known when `attempts` of the snapshot has grown and its state is neither spending nor in doubt.
    pub fn refresh(&mut self, now: Now, until: BootTime) -> (Result<(), Refusal>, Vec<Effect>) {
        let mut effects = Vec::new();
        self.watch_clocks(now, &mut effects);
        let result = self.decide_refresh(now);
        if result.is_ok() {
            self.demand_until = self.demand_until.max(until);
        }
        self.advance(now, &mut effects);
        (result, effects)
    }

    fn decide(&mut self, now: Now, ask: Ask) -> Answer {
        if self.foreign {
            return Answer::Refuse(Refusal::Trouble(Trouble::ForeignMachine));
        }
        if let Some(attainable) = self.attainable(now).filter(|attainable| ask.min_ttl > *attainable) {
            return Answer::Refuse(Refusal::MinTtlUnattainable { attainable });
        }
        let rejected = ask.rejected == Some(self.generation) && self.published.is_some();
        let served = self.view_token().and_then(|token| token.serve(self.generation, now.boot));
        match served {
            Some(served) if !rejected => {
                // After a failure the retries are planned, and callers with a valid token hurry none of them.
                let well = self.trouble.is_none() && self.doubt.is_none();
                if well && self.renew_on_ask_from().is_some_and(|from| now.boot >= from) {
                    self.bring_forward(now.boot, Cause::Demand);
                }
                if served.promised_for >= ask.min_ttl {
                    return Answer::Serve(served);
                }
                self.require(now, Cause::Demand, true)
            }
            // One that has ended is renewed anyway, whatever is said of it.
            _ if rejected => self.require(now, Cause::Rejected, served.is_some()),
            _ => self.require(now, Cause::Demand, false),
        }
    }

    /// A new token is needed; `bounded` where the current one is still valid as far as is known.
    fn require(&mut self, now: Now, cause: Cause, bounded: bool) -> Answer {
        let record = match &self.phase {
            Phase::Absent => {
                let trouble = self.trouble.clone().unwrap_or(Trouble::Absent);
                return Answer::Refuse(Refusal::Trouble(trouble));
            }
            Phase::Rest(record) => record,
            _ => {
                self.wish_for(cause);
                return Answer::Wait;
            }
        };
        if let Some(trouble) = self.obstacle(record) {
            return Answer::Refuse(Refusal::Trouble(trouble));
        }
        if self.needs_person()
            && let Some(trouble) = &self.trouble
        {
            return Answer::Refuse(Refusal::Trouble(trouble.clone()));
        }
        let earliest = self.earliest(now, cause, bounded);
        if cause == Cause::Rejected && self.trouble.is_none() && earliest > now.boot {
            let retry_after = self.next.map_or(earliest, |next| next.min(earliest)).since(now.boot);
            return Answer::Refuse(Refusal::Unavailable { retry_after, trouble: None });
        }
        self.bring_forward(earliest, cause);
        Answer::Wait
    }

    /// The earliest attempt that a caller or a stepped clock may cause.
    pub(super) fn earliest(&self, now: Now, cause: Cause, bounded: bool) -> BootTime {
        let mut earliest = self.soonest(now);
        if bounded && let (Some(last), Some(token)) = (self.last_forced, &self.published) {
            earliest = earliest.max(last.after(schedule::forced_spacing(token.life)));
            if let (Cause::Rejected, Some((last, in_a_row))) = (cause, self.rejected_in_a_row(now)) {
                earliest = earliest.max(last.after(schedule::rejected_spacing(token.life, in_a_row)));
            }
        }
        if (self.trouble.is_some() || self.doubt.is_some())
            && let Some(last) = self.last_attempt
        {
            earliest = earliest.max(last.after(PAUSE_IN_NEED));
        }
        earliest
    }

    /// The last renewal because of a refused token and their number in a row, unless that was a token's life ago.
    pub(super) fn rejected_in_a_row(&self, now: Now) -> Option<(BootTime, u32)> {
        let life = self.published.as_ref()?.life;
        self.last_rejected.filter(|(last, _)| now.boot.since(*last) < life)
    }

    fn bring_forward(&mut self, earliest: BootTime, cause: Cause) {
        let earliest = earliest.max(self.not_before);
        if self.needs_person() || !matches!(self.phase, Phase::Rest(_)) {
            return;
        }
        if self.next.is_none_or(|next| earliest < next) {
            self.next = Some(earliest);
            self.cause = cause;
        }
    }

    fn decide_refresh(&mut self, now: Now) -> Result<(), Refusal> {
        let record = match &self.phase {
            Phase::Absent => {
                let trouble = self.trouble.clone().unwrap_or(Trouble::Absent);
                return Err(Refusal::Trouble(trouble));
            }
            Phase::Unsaved(..) => {
                self.next = Some(now.boot);
                return Ok(());
            }
            Phase::Rest(record) => record,
            _ => {
                self.wish_for(Cause::Explicit);
                return Ok(());
            }
        };
        if let Some(trouble) = self.obstacle(record) {
            let is_good = self.published.as_ref().is_some_and(|token| token.expires > now.boot);
            return Err(Refusal::Trouble(match trouble {
                Trouble::AccessOnlyEnded if is_good => Trouble::AccessOnly,
                trouble => trouble,
            }));
        }
        self.next = Some(self.after_pause(now));
        self.cause = Cause::Explicit;
        Ok(())
    }

    /// The soonest attempt that boxd makes by itself: it keeps to what Box asked to wait for.
    pub(super) fn soonest(&self, now: Now) -> BootTime {
        self.after_pause(now).max(self.not_before)
    }

    /// The same refresh token is never sent twice within the pause while an answer is missing.
    fn after_pause(&self, now: Now) -> BootTime {
        match (self.doubt.is_some(), self.last_attempt) {
            (true, Some(last)) => last.after(schedule::DOUBT_PAUSE).max(now.boot),
            _ => now.boot,
        }
    }

    /// Remembers a renewal that was asked for while a note was being written; one under way serves everybody.
    pub(super) fn wish_for(&mut self, cause: Cause) {
        let renews = matches!(
            self.phase,
            Phase::Proving(_)
                | Phase::Spending(..)
                | Phase::Unsaved(..)
                | Phase::Committing(Writing::Successor | Writing::Rewrite)
        );
        if !renews && self.wish != Some(Cause::Explicit) {
            self.wish = Some(cause);
        }
    }

    /// Plans what was wished for, once the record is back.
    pub(super) fn grant_wish(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Rest(_)) {
            return;
        }
        match self.wish.take() {
            Some(Cause::Explicit) => {
                self.next = Some(self.after_pause(now));
                self.cause = Cause::Explicit;
            }
            Some(cause) => self.bring_forward(self.earliest(now, cause, true), cause),
            None => {}
        }
    }

    /// Whether somebody waits and no valid token is left.
    pub(super) fn in_need(&self, now: Now) -> bool {
        self.demand_until > now.boot && self.published.as_ref().is_none_or(|token| token.expires <= now.boot)
    }

    /// Whether a wait may help at all; codes of a person's trouble come at once.
    pub(super) fn renewal_planned(&self) -> bool {
        match &self.phase {
            Phase::Rest(record) => {
                !matches!(record.credential, Credential::AccessOnly { .. })
                    && self.trouble.as_ref().is_none_or(|trouble| {
                        trouble.remedy() == Remedy::Wait || trouble.heals_after(1).is_some()
                    })
            }
            _ => true,
        }
    }
}
