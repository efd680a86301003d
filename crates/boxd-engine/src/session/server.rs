//! Tokens that an application mints in its own right (CCG and JWT): nothing is burnt, old tokens live on.

use super::{Cause, Phase, Session, Writing};
use crate::{
    event::{Commit, CommitReason, Effect},
    grant::{Credential, IssuedToken, Record},
    reply::{Exchange, Minting, classify_minting},
    schedule::{self, Mode},
    time::{BootTime, Moment, Now},
    trouble::Trouble,
};

impl Session {
    /// Takes over what the configuration says of application and subject. A token of another application or
    /// subject is dropped: the next one is minted for the right one, and no login is lost by it. Returns whether
    /// there was a difference.
    pub(super) fn align(&mut self, record: &mut Record) -> bool {
        let Credential::Server { auth, access } = &mut record.credential else { return false };
        let (Some(configured), Some(binding)) = (&self.settings.server_auth, &self.settings.binding) else {
            return false;
        };
        let is_bound = record.registration.as_ref().is_some_and(|known| known.server_auth.is_some());
        // An application that was imported, with its secrets, is shown to nobody but the endpoint it came with.
        if record.binding != *binding && is_bound || auth == configured && record.binding == *binding {
            return false;
        }
        *auth = configured.clone();
        *access = None;
        record.binding = binding.clone();
        record.user = None;
        self.published = None;
        self.user = None;
        true
    }

    /// Whether the published token is of another application or subject than the configuration names.
    pub(super) fn is_minted_for_another(&self) -> bool {
        let Some((held, (binding, registration))) = self.minted_as.as_ref().zip(self.application.as_ref())
        else {
            return false;
        };
        let (Some(configured), Some(wanted)) = (&self.settings.server_auth, &self.settings.binding) else {
            return false;
        };
        let is_bound = registration.as_ref().is_some_and(|known| known.server_auth.is_some());
        held != configured || (binding != wanted && !is_bound)
    }

    /// The same for a record at rest, after the configuration has changed.
    pub(super) fn realign(&mut self, now: Now) {
        let Some(mut record) = self.take_rest() else { return };
        let changed = self.align(&mut record);
        self.describe(Some(&record));
        self.phase = Phase::Rest(record);
        if changed {
            self.trouble = None;
            self.plan(now);
        }
    }

    /// When the next token is minted.
    pub(super) fn minting_due(&self, now: Now) -> Option<BootTime> {
        match (self.settings.mode, &self.published) {
            (Mode::OnDemand, _) => None,
            (Mode::Scheduled, Some(token)) => Some(schedule::renewal(
                self.lead(),
                self.left_at_commit,
                token.life,
                (token.expires, self.early),
                now.boot,
            )),
            (Mode::Scheduled, None) => Some(now.boot),
        }
    }

    /// What came of a request for a new token. A lost answer costs nothing: another token is minted.
    pub(super) fn minted(
        &mut self,
        now: Now,
        mut record: Box<Record>,
        sent: Moment,
        exchange: &Exchange,
        effects: &mut Vec<Effect>,
    ) {
        if self.align(&mut record) {
            // The configuration changed meanwhile: this token is not of the application and subject in force.
            self.describe(Some(&record));
            self.phase = Phase::Rest(record);
            self.attempts += 1;
            self.trouble = None;
            self.next = Some(now.boot);
            self.cause = Cause::Retry;
            return;
        }
        match classify_minting(exchange) {
            Minting::Granted { access, expires_in } => {
                let access = IssuedToken { token: access, sent, life: expires_in };
                self.keep_minted(*record, access, effects);
            }
            Minting::Harmless { trouble, retry_after } => {
                self.phase = Phase::Rest(record);
                self.ended_harmlessly(now, trouble, retry_after, effects);
            }
            Minting::Operator(trouble) => {
                self.phase = Phase::Rest(record);
                self.ended_for_operator(now, trouble, effects);
            }
        }
    }

    fn keep_minted(&mut self, mut record: Record, token: IssuedToken, effects: &mut Vec<Effect>) {
        if let Credential::Server { access, .. } = &mut record.credential {
            *access = Some(token);
        }
        self.highest = self.highest.next();
        record.generation = self.highest;
        self.phase = Phase::Committing(Writing::Successor);
        effects.push(Effect::Commit(Box::new(Commit {
            record: Box::new(record),
            reason: CommitReason::Replacement,
            failures: 0,
        })));
    }

    /// A minted token that could not be saved is published all the same: nothing is lost with it but a minting
    /// at the next start.
    pub(super) fn publish_unsaved(
        &mut self,
        now: Now,
        record: Box<Record>,
        trouble: Trouble,
        effects: &mut Vec<Effect>,
    ) {
        self.attempts += 1;
        self.publish(now, record, effects);
        if self.trouble.is_none() {
            self.fail(trouble, effects);
        }
    }
}
