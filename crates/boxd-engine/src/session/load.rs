//! A session as it comes out of the store.

use std::time::Duration;

use super::{Cause, Doubt, Phase, Queued, Resort, Session, clocks};
use crate::{
    event::CommitReason,
    grant::{Credential, Generation, Record},
    schedule::{Mode, Settings},
    snapshot::{Published, end_of},
    time::{BootId, BootTime, Now},
    trouble::{Lock, Trouble},
};

/// What the store holds of an account.
#[derive(Debug)]
pub enum Loaded {
    /// Nothing, or the counter that a logout left.
    Absent {
        /// The last generation used.
        highest: Generation,
    },
    /// A grant.
    Grant {
        /// The newest durable record.
        record: Box<Record>,
        /// A journal entry says that a spend may have been sent.
        in_doubt: bool,
        /// The file was made on another machine.
        foreign: bool,
        /// The record came out of a spare or a journal entry and must be written to its own place.
        rewrite: bool,
    },
    /// A file that could not be read; it was set aside.
    Damaged {
        /// A number that no token of this account had.
        highest: Generation,
        /// Why it could not be read.
        reason: String,
    },
    /// Files whose key cannot be had now: nothing of the account is known, and nothing may be written.
    Locked {
        /// Why, and what opens them.
        lock: Lock,
    },
}

impl Session {
    /// A session of what the store holds. Call [`Session::handle`] with a tick afterwards.
    pub fn load(loaded: Loaded, settings: Settings, boot_id: BootId, now: Now) -> Self {
        let mut session = Self::empty(settings, boot_id, now);
        match loaded {
            Loaded::Absent { highest } => {
                session.generation = highest;
                session.highest = highest;
            }
            Loaded::Damaged { highest, reason } => {
                session.generation = highest;
                session.highest = highest;
                session.trouble = Some(Trouble::Damaged(reason));
            }
            Loaded::Locked { lock } => session.trouble = Some(Trouble::Locked(lock)),
            Loaded::Grant { record, in_doubt, foreign, rewrite } => {
                session.take_up(record, in_doubt, foreign, rewrite, now);
            }
        }
        session
    }

    fn empty(settings: Settings, boot_id: BootId, now: Now) -> Self {
        let lead_in_force = settings.lead;
        Self {
            boot_id,
            phase: Phase::Absent,
            published: None,
            generation: Generation::default(),
            highest: Generation::default(),
            trouble: Some(Trouble::Absent),
            doubt: None,
            last_resort: Resort::Untried,
            last_words: None,
            proved: false,
            next: None,
            cause: Cause::Schedule,
            failures: 0,
            expired_arrivals: 0,
            not_before: BootTime::default(),
            last_attempt: None,
            last_forced: None,
            last_rejected: None,
            demand_until: BootTime::default(),
            attempts: 0,
            foreign: false,
            unheeded: false,
            heeded_mode: settings.mode,
            settings,
            wish: None,
            queued: None,
            clocks: clocks::Anchor::at(now),
            eager_until: BootTime::default(),
            warned: u8::MAX,
            born: None,
            user: None,
            application: None,
            way: None,
            minted_as: None,
            fingerprints: [None; 2],
            grant: None,
            lead_in_force,
            longest_life: Duration::ZERO,
            left_at_commit: Duration::ZERO,
            // A token of another process was promised by what that one planned, at the latest its lead.
            early: Duration::ZERO,
            begun: now.boot,
            warning_at: None,
        }
    }

    fn take_up(&mut self, mut record: Box<Record>, in_doubt: bool, foreign: bool, rewrite: bool, now: Now) {
        self.align(&mut record);
        self.generation = record.generation;
        self.highest = record.generation;
        self.trouble = None;
        self.foreign = foreign;
        self.describe(Some(&record));
        let mut clock_doubt = false;
        if let Some(access) = record.access() {
            let (expires, uncertain) = end_of(access, self.boot_id, now);
            clock_doubt = uncertain;
            self.longest_life = access.life;
            self.left_at_commit = access.life;
            self.published = Some(Published {
                access: access.token.clone(),
                expires,
                promised: expires,
                life: access.life,
            });
        }
        if foreign {
            self.doubt = in_doubt.then_some(Doubt { attempts: 1, refusals: 0, first_refusal: None });
            self.trouble = Some(Trouble::ForeignMachine);
            self.phase = Phase::Rest(record);
            return;
        }
        if record.logging_out {
            self.queued = Some(Queued::Logout { operation: None, local: false, recovering: None });
        }
        let spendable = matches!(record.credential, Credential::OAuth2 { .. });
        let renewable = self.renewable();
        let obstacle = self.obstacle(&record).filter(|_| renewable);
        if in_doubt && spendable {
            // The process before may have sent it just now.
            self.last_attempt = Some(now.boot);
            self.doubt = Some(Doubt { attempts: 1, refusals: 0, first_refusal: None });
            self.trouble = Some(Trouble::AnswerLost("boxd ended while a renewal was under way".into()));
        }
        if rewrite {
            // Not durable in its own place yet, so not published either: the rewrite will.
            self.published = None;
            self.generation = Generation(record.generation.0.saturating_sub(1));
            self.phase = Phase::Unsaved(record, CommitReason::Note);
            self.next = Some(now.boot);
            return;
        }
        self.phase = Phase::Rest(record);
        self.plan(now);
        if let Some(trouble) = obstacle {
            self.trouble = Some(trouble);
            self.next = None;
        } else if self.doubt.is_some() {
            self.next = Some(self.soonest(now));
            self.cause = Cause::Retry;
        } else if spendable && self.published.is_none() && self.settings.mode == Mode::Scheduled {
            // Nothing to serve: who asks shall not have to wait for it.
            self.next = Some(now.boot);
        } else if clock_doubt && renewable {
            self.next = Some(now.boot);
            self.cause = Cause::Clock;
        }
    }
}
