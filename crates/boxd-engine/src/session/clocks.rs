//! Notices when wall clock and boot clock disagree.

use std::time::Duration;

use super::{Cause, Phase, Session};
use crate::{
    event::{Effect, Notice},
    schedule::{self, CLOCK_TOLERANCE},
    time::{BootTime, Now, WallTime, millis},
};

/// A pair of readings taken together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    boot: BootTime,
    wall: WallTime,
}

impl Anchor {
    pub(super) fn at(now: Now) -> Self {
        Self { boot: now.boot, wall: now.wall }
    }

    fn disagrees(self, now: Now) -> bool {
        let by_boot = i64::try_from(millis(now.boot.since(self.boot))).unwrap_or(i64::MAX);
        let by_wall = now.wall.millis_since(self.wall);
        by_wall.saturating_sub(by_boot).unsigned_abs() > millis(CLOCK_TOLERANCE)
    }
}

impl Session {
    /// A stepped clock, or a machine that was stopped without either clock counting it, leaves unknown how
    /// long the token still lives: it is served on, and renewed at once, within the bound for forced spends.
    pub(super) fn watch_clocks(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if !self.clocks.disagrees(now) {
            return;
        }
        self.clocks = Anchor::at(now);
        if self.published.is_none() || !self.renewable() || self.foreign {
            return;
        }
        effects.push(Effect::Notice(Notice::ClockDoubt));
        if self.needs_person() {
            return;
        }
        if !matches!(self.phase, Phase::Rest(_)) {
            // A note is being written, or else a renewal, which looks at the clocks at its end.
            self.wish_for(Cause::Clock);
            return;
        }
        self.renew_by_other_clock(now);
        self.spread_clock_renewal(now);
    }

    /// A step of the clock concerns all accounts at once: where there are many they do not all renew together. A token
    /// that ends sooner does not wait for that.
    fn spread_clock_renewal(&mut self, now: Now) {
        let Some(token) = &self.published else { return };
        if let Some(next) = self.next.filter(|_| self.cause == Cause::Clock) {
            let spread = next.after(now.jitter.of(self.settings.spread));
            self.next = Some(spread.min(token.expires).max(next));
        }
    }

    /// The machine woke, or somebody set its clock. What failed before is tried again soon, and for a while often:
    /// networks come back some seconds after their machine. What Box asked to wait for is kept.
    pub(super) fn woke(&mut self, now: Now) {
        self.eager_until = now.boot.after(schedule::EAGER_TIME);
        let fails = self.trouble.is_some() && !self.needs_person();
        if !fails || self.cause != Cause::Retry || !matches!(self.phase, Phase::Rest(_)) {
            return;
        }
        self.failures = 0;
        // Machines that wake together, and accounts of one machine, do not come to Box in one instant.
        let spread = self.settings.spread.saturating_add(schedule::WAKING_SPREAD);
        let soon = self.soonest(now).after(now.jitter.of(spread));
        if self.next.is_some_and(|next| soon < next) {
            self.next = Some(soon);
        }
    }

    /// The longest pause between two attempts not long after waking; `None` at other times.
    pub(super) fn eager_pause(&self, now: Now) -> Option<Duration> {
        (now.boot < self.eager_until).then(|| schedule::EAGER_PAUSE.max(self.settings.spread))
    }

    /// Nobody can know how long the token lives: it is renewed at once, within the bound for forced spends.
    pub(super) fn renew_by_other_clock(&mut self, now: Now) {
        let earliest = self.earliest(now, Cause::Clock, true);
        if self.next.is_none_or(|next| earliest < next) {
            self.next = Some(earliest);
            self.cause = Cause::Clock;
        }
    }
}
