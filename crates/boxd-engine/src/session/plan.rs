//! When the next attempt is due while the record is at rest.

use std::time::Duration;

use super::{Cause, Phase, Session};
use crate::{
    event::{Effect, Notice},
    grant::{Credential, REFRESH_TOKEN_LIFE},
    schedule::{self, Mode},
    time::{BootTime, Now},
    trouble::{Remedy, Trouble},
};

/// A refresh token that came without an access token and is not to be spent now waits this long.
const UNSPENT_IMPORT: Duration = Duration::from_mins(55);

impl Session {
    /// Plans the next renewal of a grant that nothing is wrong with.
    pub(super) fn plan(&mut self, now: Now) {
        self.cause = Cause::Schedule;
        let Phase::Rest(record) = &self.phase else { return };
        self.next = match &record.credential {
            Credential::AccessOnly { .. } => match &self.published {
                Some(token) if token.expires > now.boot => Some(token.expires),
                _ => {
                    self.trouble = Some(Trouble::AccessOnlyEnded);
                    None
                }
            },
            Credential::OAuth2 { .. } => Some(self.renewal_due(now)),
            Credential::Server { .. } => self.minting_due(now),
        };
    }

    fn renewal_due(&self, now: Now) -> BootTime {
        match (self.settings.mode, &self.published) {
            (Mode::OnDemand, _) => {
                let age = self.refresh_age(now);
                now.boot.after(schedule::ON_DEMAND_GUARD.saturating_sub(age))
            }
            (Mode::Scheduled, Some(token)) => schedule::renewal(
                self.lead(),
                self.left_at_commit,
                token.life,
                (token.expires, self.early),
                now.boot,
            ),
            (Mode::Scheduled, None) => now.boot.after(UNSPENT_IMPORT),
        }
    }

    /// From when on a caller's asking starts a renewal, in on-demand mode.
    pub(super) fn renew_on_ask_from(&self) -> Option<BootTime> {
        let token = self.published.as_ref()?;
        (self.settings.mode == Mode::OnDemand && self.renewable())
            .then(|| token.expires.before(schedule::effective_lead(self.lead(), self.left_at_commit)))
    }

    /// The longest promise that a token of this account can carry; `None` where no life was told yet.
    pub fn attainable(&self, now: Now) -> Option<Duration> {
        let token = self.published.as_ref();
        if !self.renewable() {
            return token.map(|token| token.expires.since(now.boot)).filter(|left| !left.is_zero());
        }
        let life = token.map_or(Duration::ZERO, |token| token.life).max(self.longest_life);
        (!life.is_zero()).then(|| life.saturating_sub(schedule::effective_lead(self.lead(), life)))
    }

    pub(super) fn lead(&self) -> Duration {
        self.lead_in_force
    }

    /// Age of the refresh token, by the boot clock where it was issued in this boot.
    fn refresh_age(&self, now: Now) -> Duration {
        let Some(born) = self.born else { return Duration::ZERO };
        if born.boot_id == self.boot_id {
            now.boot.since(born.boot)
        } else {
            Duration::from_millis(u64::try_from(now.wall.millis_since(born.wall)).unwrap_or(0))
        }
    }

    pub(super) fn past_deadline(&self, now: Now) -> bool {
        self.refresh_age(now) > REFRESH_TOKEN_LIFE
    }

    /// When the next deadline warning would be due, on the clock of this boot.
    pub(super) fn warning_due(&self) -> Option<BootTime> {
        self.warning_at
    }

    /// Warns once each at 14, 7 and 1 days before an unused refresh token dies.
    pub(super) fn warn_of_deadline(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.warning_at = None;
        let dead = self.trouble.as_ref().is_some_and(|trouble| trouble.remedy() == Remedy::Login);
        if dead || self.born.is_none() || self.foreign || !matches!(self.phase, Phase::Rest(_)) {
            return;
        }
        let left = REFRESH_TOKEN_LIFE.saturating_sub(self.refresh_age(now));
        let day = Duration::from_hours(24);
        if left > day * 14 {
            self.warned = u8::MAX;
        }
        let reached = [1_u8, 7, 14].into_iter().find(|days| left <= day * u32::from(*days));
        if let Some(days) = reached.filter(|days| *days < self.warned) {
            self.warned = days;
            effects.push(Effect::Notice(Notice::DeadlineNear { days }));
        }
        let upcoming = [14_u8, 7, 1].into_iter().find(|days| left > day * u32::from(*days));
        self.warning_at = upcoming.map(|days| now.boot.after(left.saturating_sub(day * u32::from(days))));
    }
}
