//! How long a token is taken to live by two clocks that may disagree, and what readers are told.

use super::*;
use crate::time::{BootId, Jitter};

const BOOT: BootId = BootId([1; 16]);
const OTHER: BootId = BootId([2; 16]);
/// Where both clocks stood when the token was sent for.
const SENT: (u64, i64) = (1_000_000, 1_790_000_000_000);

fn token(life: u64, boot_id: BootId) -> IssuedToken {
    IssuedToken {
        token: AccessToken::new("A"),
        sent: Moment { boot_id, boot: BootTime(SENT.0), wall: WallTime(SENT.1) },
        life: Duration::from_secs(life),
    }
}

/// Seconds left and whether that is uncertain, `boot` and `wall` seconds after the token was sent for.
fn left(life: u64, boot_id: BootId, boot: i64, wall: i64) -> (u64, bool) {
    let now = Now {
        boot: BootTime(SENT.0.saturating_add_signed(boot * 1000)),
        wall: WallTime(SENT.1 + wall * 1000),
        jitter: Jitter(0),
    };
    let (end, uncertain) = end_of(&token(life, boot_id), BOOT, now);
    (end.since(now.boot).as_secs(), uncertain)
}

#[test]
fn in_the_same_boot_the_boot_clock_counts() {
    assert_eq!(left(3600, BOOT, 0, 0), (3600, false));
    assert_eq!(left(3600, BOOT, 600, 600), (3000, false));
    assert_eq!(left(3600, BOOT, 600, 629), (3000, false), "a small correction");
    assert_eq!(left(3600, BOOT, 4000, 4000), (0, false));
}

#[test]
fn clocks_of_one_boot_that_disagree_leave_the_longer_life_and_a_doubt() {
    assert_eq!(left(3600, BOOT, 600, 631), (3000, true));
    assert_eq!(left(3600, BOOT, 600, 90_000), (3000, true), "a machine that was paused");
    assert_eq!(left(3600, BOOT, 600, 0), (3600, true));
    assert_eq!(left(3600, BOOT, 600, -90_000), (3600, true), "never more than its life");
    assert_eq!(left(3600, BOOT, 9000, 100), (3500, true));
}

#[test]
fn after_a_boot_the_wall_clock_counts() {
    assert_eq!(left(3600, OTHER, -990, 600), (3000, false));
    assert_eq!(left(3600, OTHER, 90_000, 600), (3000, false));
    assert_eq!(left(3600, OTHER, 0, 3600), (0, false));
    assert_eq!(left(3600, OTHER, 0, 31_536_000), (0, false), "a year ahead");
    assert_eq!(left(3600, OTHER, 0, -1), (3600, true), "before its birth");
    assert_eq!(left(3600, OTHER, 0, -1_790_000_000), (3600, true), "1970");
}

#[test]
fn a_boot_clock_that_went_back_is_another_boot() {
    assert_eq!(left(3600, BOOT, -10, 600), (3000, false), "without a boot id all boots look the same");
}

fn snapshot(expires: u64, promised: u64) -> Snapshot {
    Snapshot {
        generation: Generation(7),
        token: Some(Published {
            access: AccessToken::new("CANARY"),
            expires: BootTime(expires),
            promised: BootTime(promised),
            life: Duration::from_hours(1),
        }),
        state: State::Healthy,
        trouble: None,
        next_renewal: None,
        renew_on_ask_from: None,
        refresh_born: Some(Moment { boot_id: BOOT, boot: BootTime(SENT.0), wall: WallTime(SENT.1) }),
        user: None,
        way: Some(Way::Login),
        attempts: 0,
    }
}

#[test]
fn a_token_is_served_to_its_last_millisecond_and_promised_no_longer() {
    let view = snapshot(5000, 4000);
    let served = view.serve(BootTime(1000), Duration::from_secs(3)).unwrap();
    assert_eq!((served.promised_for, served.box_for), (Duration::from_secs(3), Duration::from_secs(4)));
    assert!(view.serve(BootTime(1001), Duration::from_secs(3)).is_none());
    let last = view.serve(BootTime(4999), Duration::ZERO).unwrap();
    assert_eq!((last.promised_for, last.box_for), (Duration::ZERO, Duration::from_millis(1)));
    assert!(view.serve(BootTime(5000), Duration::ZERO).is_none());
    let promised = snapshot(5000, 9000).serve(BootTime(1000), Duration::ZERO).unwrap().promised_for;
    assert_eq!(promised, Duration::from_secs(4), "never past Box's end");
    assert!(!format!("{view:?}").contains("CANARY"));
}

#[test]
fn the_login_deadline_is_sixty_days_after_birth_by_the_clock_that_can_be_trusted() {
    let sixty = 60 * 86_400_000;
    let stepped =
        Now { boot: BootTime(SENT.0 + 1000), wall: WallTime(SENT.1 + 1000 + 500_000), jitter: Jitter(0) };
    let view = snapshot(0, 0);
    assert_eq!(view.login_deadline(stepped, BOOT), Some(WallTime(SENT.1 + 500_000 + sixty)));
    assert_eq!(view.login_deadline(stepped, OTHER), Some(WallTime(SENT.1 + sixty)));
}
