//! When to renew, and when to try again: pure functions of lives and counts.

use std::time::Duration;

use crate::{
    grant::{Binding, ServerAuth},
    time::{BootTime, Jitter},
};

/// How far wall clock and boot clock may drift apart before neither is trusted alone.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(30);
/// `refresh = "on-demand"` renews unasked at this age of the refresh token: half of its 60 days.
pub const ON_DEMAND_GUARD: Duration = Duration::from_hours(30 * 24);
/// The least time between two attempts with the same refresh token while an answer is missing.
pub const DOUBT_PAUSE: Duration = Duration::from_secs(5);
/// Refusals that prove a grant dead after an answer had been lost.
pub const REFUSALS_AFTER_DOUBT: u32 = 3;
/// They must span at least this much time...
pub const PROOF_SPAN: Duration = Duration::from_mins(5);
/// ...or this much, while no valid token is left and somebody waits.
pub const PROOF_SPAN_IN_NEED: Duration = Duration::from_secs(20);
/// So long after waking failed attempts are repeated quickly.
pub const EAGER_TIME: Duration = Duration::from_mins(2);
/// The longest pause between them then; longer where many accounts would retry.
pub const EAGER_PAUSE: Duration = Duration::from_secs(5);
/// Within this time after waking each account makes its first new attempt.
pub const WAKING_SPREAD: Duration = Duration::from_secs(1);
/// Longest wait that a `Retry-After` of Box can impose.
pub const RETRY_AFTER_CAP: Duration = Duration::from_hours(1);

const RETRY_BASE: Duration = Duration::from_secs(2);
const RETRY_CAP: Duration = Duration::from_mins(5);
/// So many attempts, at most [`RETRY_CAP`] apart, take about a day.
const DAY_OF_TRYING: u32 = 300;
/// So many, at most [`DOUBT_CAP`] apart, do so too.
const DAY_OF_DOUBT: u32 = 600;
const RETRY_LEAST: Duration = Duration::from_secs(1);
const TOLD_FLOOR_CAP: Duration = Duration::from_mins(1);
const DOUBT_CAP: Duration = Duration::from_secs(150);
const SAVE_CAP: Duration = Duration::from_mins(1);
const FORCED_SPACING: Duration = Duration::from_mins(1);
const LEAST_SPACING: Duration = Duration::from_secs(1);

/// Whether renewals are planned, or made when somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// Renewed `lead` before expiry, whether anybody asks or not.
    #[default]
    Scheduled,
    /// Renewed when asked, and well before the 60 days pass.
    OnDemand,
}

/// What the configuration says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Renew this long before expiry.
    pub lead: Duration,
    /// Whether renewals are planned.
    pub mode: Mode,
    /// Application and endpoint in force: from the config, else from the record. `None`: neither knows.
    pub binding: Option<Binding>,
    /// A planned renewal is made up to this long before its `lead`, so that many accounts whose tokens end
    /// together do not renew together for ever. Never more than a sixth of a token's life.
    pub spread: Duration,
    /// How the account mints its tokens, from the config or else from the record; `None`: a person logs in.
    pub server_auth: Option<ServerAuth>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lead: Duration::from_mins(5),
            mode: Mode::Scheduled,
            binding: None,
            spread: Duration::ZERO,
            server_auth: None,
        }
    }
}

/// The lead in force for a token: never more than a third of the life that was left at its commit.
pub fn effective_lead(lead: Duration, left_at_commit: Duration) -> Duration {
    lead.min(left_at_commit / 3)
}

/// How much earlier than planned one token of this life is renewed, so that not all of them are at once.
pub fn part_of_spread(spread: Duration, life: Duration, jitter: Jitter) -> Duration {
    jitter.of(spread.min(life / 6))
}

/// Least time between two scheduled spends of a grant.
pub fn scheduled_spacing(life: Duration) -> Duration {
    (life / 3).max(LEAST_SPACING)
}

/// Least time between two spends that callers or an untrusted clock caused.
pub fn forced_spacing(life: Duration) -> Duration {
    FORCED_SPACING.min(life / 3).max(LEAST_SPACING)
}

/// Least time between two spends because Box is said to have refused the token, after so many of them in a row
/// (from 1): doubled each time, as programs that go on saying so are wrong about the reason; never more than between
/// two scheduled ones.
pub fn rejected_spacing(life: Duration, in_a_row: u32) -> Duration {
    doubled(forced_spacing(life), in_a_row.saturating_sub(1), scheduled_spacing(life))
}

/// When to renew a token that ends at `expires` and had `left_at_commit` of its life left at its commit; `early`
/// is its part of [`Settings::spread`].
///
/// The spacing counts from the spend that brought it, which may be older than this boot's clock: so it is told
/// by the token's age.
pub fn renewal(
    lead: Duration,
    left_at_commit: Duration,
    life: Duration,
    (expires, early): (BootTime, Duration),
    now: BootTime,
) -> BootTime {
    let age = life.saturating_sub(expires.since(now));
    let earliest = now.after(scheduled_spacing(life).saturating_sub(age));
    expires.before(effective_lead(lead, left_at_commit)).before(early).max(earliest)
}

/// Delay before attempt number `failures` + 1 after harmless failures: exponential, full jitter.
/// Past the refresh token's 60 days it is a day, for ever, after a day of trying: a clock alone, which may be wrong, or a
/// network that comes back some minutes after a long sleep shall not cost a day.
pub fn retry_delay(
    failures: u32,
    past_deadline: bool,
    retry_after: Option<Duration>,
    jitter: Jitter,
) -> Duration {
    if let Some(wait) = retry_after {
        // Box's word wins, but "at once" said again and again does not make for a request each second.
        let least = doubled(RETRY_LEAST, failures.saturating_sub(1), TOLD_FLOOR_CAP);
        let wait = wait.max(least).min(RETRY_AFTER_CAP);
        // Spread those that were told the same time.
        return wait.saturating_add(jitter.of(wait / 10));
    }
    if past_deadline && failures > DAY_OF_TRYING {
        return Duration::from_hours(24);
    }
    let most = doubled(RETRY_BASE, failures, RETRY_CAP);
    RETRY_LEAST.saturating_add(jitter.of(most))
}

/// Delay before the same refresh token is sent again: at least 5 s, growing; past its 60 days a day, after a day of trying.
pub fn doubt_delay(
    attempts: u32,
    past_deadline: bool,
    retry_after: Option<Duration>,
    jitter: Jitter,
) -> Duration {
    if past_deadline && attempts > DAY_OF_DOUBT {
        return Duration::from_hours(24);
    }
    let told = retry_after.unwrap_or_default().min(RETRY_AFTER_CAP);
    let base = doubled(DOUBT_PAUSE, attempts.saturating_sub(1), DOUBT_CAP).max(told);
    base.saturating_add(jitter.of(base / 4))
}

/// Delay before a failed save is tried again.
pub fn save_delay(failures: u32, jitter: Jitter) -> Duration {
    RETRY_LEAST.saturating_add(jitter.of(doubled(RETRY_BASE, failures, SAVE_CAP)))
}

fn doubled(base: Duration, times: u32, cap: Duration) -> Duration {
    base.saturating_mul(2_u32.saturating_pow(times.min(16))).min(cap)
}

#[cfg(test)]
mod tests;
