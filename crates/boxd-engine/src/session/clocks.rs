//! Notices when wall clock and boot clock disagree.

use super::{Cause, Phase, Session};
use crate::{
    event::{Effect, Notice},
    schedule::CLOCK_TOLERANCE,
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
        if self.needs_person() || !matches!(self.phase, Phase::Rest(_)) {
            return;
        }
        self.renew_by_other_clock(now);
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
