//! A login or imported grant on its way into an account's place, and what is known of its refresh token.

use std::time::Duration;

use boxd_engine::{
    BootTime, Credential,
    schedule::{PROOF_SPAN, REFUSALS_AFTER_DOUBT},
};

use crate::store::PendingLogin;

/// Box may refuse a token that it has just issued so often before the login is given up.
const MOST_REJECTIONS: u32 = 3;

/// A login that waits, in memory.
#[derive(Debug)]
pub(in crate::broker) struct Candidate {
    pub(super) login: PendingLogin,
    pub(super) history: History,
}

/// What Box has said of it so far.
#[derive(Debug, Default)]
pub(super) struct History {
    /// An answer was lost: the refresh token may have been spent, and a refusal proves nothing at once.
    doubt: bool,
    refusals: u32,
    first_refusal: Option<BootTime>,
    rejections: u32,
}

impl Candidate {
    pub(in crate::broker) fn new(login: PendingLogin) -> Self {
        Self { login, history: History::default() }
    }

    /// One of another process: nobody knows whether that one had sent its refresh token.
    pub(super) fn resumed(login: PendingLogin) -> Self {
        Self { login, history: History { doubt: true, ..History::default() } }
    }

    pub(super) fn answer_was_lost(&mut self) {
        self.history.doubt = true;
    }

    /// Box refused the refresh token: whether that proves it dead, by the same rule as for an account's own.
    pub(super) fn is_dead_by(&mut self, now: BootTime) -> bool {
        let history = &mut self.history;
        history.refusals = history.refusals.saturating_add(1);
        let first = *history.first_refusal.get_or_insert(now);
        !history.doubt || (history.refusals >= REFUSALS_AFTER_DOUBT && now.since(first) >= PROOF_SPAN)
    }

    /// Box refused the access token: whether to give up. If not, the refresh token is to bring another.
    pub(super) fn is_rejected_for_good(&mut self) -> bool {
        self.history.rejections = self.history.rejections.saturating_add(1);
        if let Credential::OAuth2 { access, .. } = &mut self.login.record.credential {
            *access = None;
        }
        self.history.rejections >= MOST_REJECTIONS
    }

    /// Whether it has a token that should still work at this date, in milliseconds of the wall clock.
    pub(super) fn has_token_at(&self, now: boxd_engine::WallTime) -> bool {
        self.login.record.access().is_some_and(|access| {
            let left = access.sent.wall.after(access.life).0.saturating_sub(now.0);
            left > i64::try_from(Duration::from_mins(1).as_millis()).unwrap_or(0)
        })
    }
}

#[cfg(test)]
mod tests {
    use boxd_engine::{
        AccessToken, Binding, Generation, GrantId, IssuedToken, Moment, Record, RefreshToken, WallTime,
    };

    use super::*;

    const MINUTE: i64 = 60_000;

    fn candidate(access: Option<IssuedToken>) -> Candidate {
        let record = Record {
            grant: GrantId([7; 16]),
            generation: Generation::default(),
            binding: Binding::default(),
            registration: None,
            credential: Credential::OAuth2 {
                access,
                refresh: RefreshToken::new("refresh"),
                born: Moment::default(),
                previous: None,
            },
            user: None,
            logging_out: false,
            unconfirmed: false,
            renamed_from: None,
        };
        let account = "work".parse().unwrap();
        let record = Box::new(record);
        Candidate::new(PendingLogin { account, record, replace_user: false, is_held: true })
    }

    #[test]
    fn a_refusal_proves_a_token_dead_at_once_only_where_no_answer_was_lost() {
        assert!(candidate(None).is_dead_by(BootTime(0)));
        let mut doubtful = candidate(None);
        doubtful.answer_was_lost();
        assert!(!doubtful.is_dead_by(BootTime(0)));
        assert!(!doubtful.is_dead_by(BootTime(10_000)));
        assert!(!doubtful.is_dead_by(BootTime(20_000)), "three, but too soon");
        assert!(doubtful.is_dead_by(BootTime(5 * 60_000)));
    }

    #[test]
    fn a_token_that_has_ended_is_not_shown_to_box() {
        let access = IssuedToken {
            token: AccessToken::new("a"),
            sent: Moment::default(),
            life: Duration::from_hours(1),
        };
        let candidate = candidate(Some(access));
        assert!(candidate.has_token_at(WallTime(58 * MINUTE)));
        assert!(!candidate.has_token_at(WallTime(60 * MINUTE)));
    }

    #[test]
    fn a_rejected_token_is_made_anew_before_the_login_is_given_up() {
        let access = IssuedToken {
            token: AccessToken::new("a"),
            sent: Moment::default(),
            life: Duration::from_hours(1),
        };
        let mut candidate = candidate(Some(access));
        assert!(!candidate.is_rejected_for_good());
        assert!(!candidate.has_token_at(WallTime(0)));
        assert!(!candidate.is_rejected_for_good());
        assert!(candidate.is_rejected_for_good());
    }
}
