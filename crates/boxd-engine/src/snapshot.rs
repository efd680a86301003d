//! What readers see of a session: immutable, swapped whole, and enough to serve a token without it.

use std::{sync::Arc, time::Duration};

use crate::{
    grant::{Generation, IssuedToken, User},
    secret::AccessToken,
    time::{BootTime, Moment, Now, WallTime},
    trouble::Trouble,
};

/// The state of a grant, as `status` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No grant.
    Absent,
    /// Nothing is wrong.
    Healthy,
    /// A spend is being journaled, sent or committed.
    Spending,
    /// An answer of Box was lost; the same refresh token will be sent again.
    InDoubt,
    /// A successor is in memory, but could not be saved.
    Unsaved,
    /// An attempt failed harmlessly; another is planned.
    Backoff,
    /// A person must log in.
    LoginRequired,
    /// A person must change something.
    ActionRequired,
}

/// How an account gets its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// A user's login, kept alive by its refresh token.
    Login,
    /// One access token that cannot be renewed.
    AccessOnly,
    /// Minted with the client credentials grant.
    ClientCredentials,
    /// Minted with signed assertions.
    Jwt,
}

/// A committed token that may be handed out.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The token.
    pub access: AccessToken,
    /// Box's own end of it.
    pub expires: BootTime,
    /// Until when boxd promises it: the next planned renewal, or Box's end if that is earlier.
    pub promised: BootTime,
    /// `expires_in` as Box told it for this token.
    pub life: Duration,
}

/// A token as handed to one caller.
#[derive(Clone, Debug)]
pub struct Served {
    /// The token.
    pub access: AccessToken,
    /// Its number.
    pub generation: Generation,
    /// How long boxd promises it.
    pub promised_for: Duration,
    /// How long Box said that it lives.
    pub box_for: Duration,
}

/// Everything that may be read of a session at any moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Number of the published token, or of the last one there was.
    pub generation: Generation,
    /// The token, valid or not: see [`Snapshot::serve`].
    pub token: Option<Published>,
    /// State of the grant.
    pub state: State,
    /// What is wrong, if anything.
    pub trouble: Option<Trouble>,
    /// When the next attempt to renew is planned.
    pub next_renewal: Option<BootTime>,
    /// From here on a caller's asking starts a renewal (`refresh = "on-demand"`).
    pub renew_on_ask_from: Option<BootTime>,
    /// When the refresh token was issued.
    pub refresh_born: Option<Moment>,
    /// The Box user, once known.
    pub user: Option<Arc<User>>,
    /// How the account gets its tokens; `None` where it holds nothing.
    pub way: Option<Way>,
    /// How many attempts to renew have ended, well or not, in this process.
    pub attempts: u64,
}

impl Published {
    /// The token as handed out now, if it has not ended.
    pub fn serve(&self, generation: Generation, boot: BootTime) -> Option<Served> {
        (boot < self.expires).then(|| Served {
            access: self.access.clone(),
            generation,
            promised_for: self.promised.min(self.expires).since(boot),
            box_for: self.expires.since(boot),
        })
    }
}

impl Snapshot {
    /// The published token if it is valid and promised for at least `min_ttl`.
    ///
    /// This is the whole of the fast path: memory answers, and no I/O, lock or other task is waited for.
    pub fn serve(&self, boot: BootTime, min_ttl: Duration) -> Option<Served> {
        let served = self.token.as_ref()?.serve(self.generation, boot)?;
        (served.promised_for >= min_ttl).then_some(served)
    }

    /// Whether asking now should also wake the session (`refresh = "on-demand"`).
    pub fn wants_waking(&self, boot: BootTime) -> bool {
        self.renew_on_ask_from.is_some_and(|from| boot >= from)
    }

    /// The date at which an unused refresh token dies and a person is needed, by the clock that can be
    /// trusted more: the boot clock where the token was issued in this boot, else the wall clock.
    pub fn login_deadline(&self, now: Now, boot_id: crate::time::BootId) -> Option<WallTime> {
        let born = self.refresh_born?;
        let start = if born.boot_id == boot_id { now.date_of(born.boot) } else { born.wall };
        Some(start.after(crate::grant::REFRESH_TOKEN_LIFE))
    }
}

/// The end of a loaded or new token on this boot's clock, and whether the clocks leave that in doubt.
///
/// A token lives `min(expires_at − now, its original life)`. A birth in the future, or two clocks of the
/// same boot that disagree by more than [`crate::schedule::CLOCK_TOLERANCE`], mean that nobody can know:
/// then the longer of the two is taken (a token that may be valid is not withheld) and the caller renews at once.
pub(crate) fn end_of(token: &IssuedToken, boot_id: crate::time::BootId, now: Now) -> (BootTime, bool) {
    let tolerance = i64::try_from(crate::schedule::CLOCK_TOLERANCE.as_millis()).unwrap_or(i64::MAX);
    let by_wall = now.wall.millis_since(token.sent.wall);
    let left = |age: i64| {
        let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
        token.life.saturating_sub(age)
    };
    if token.sent.boot_id == boot_id && token.sent.boot <= now.boot {
        let by_boot = i64::try_from(now.boot.since(token.sent.boot).as_millis()).unwrap_or(i64::MAX);
        let doubt = by_wall.saturating_sub(by_boot).abs() > tolerance;
        let left = if doubt { left(by_boot).max(left(by_wall)) } else { left(by_boot) };
        (now.boot.after(left), doubt)
    } else {
        (now.boot.after(left(by_wall)), by_wall < 0)
    }
}

#[cfg(test)]
mod tests;
