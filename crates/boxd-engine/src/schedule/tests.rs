//! The schedule at its corners: short lives, long leads, and both ends of the dice.

use super::*;

const MOST: Jitter = Jitter(u32::MAX);
const LEAST: Jitter = Jitter(0);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(seconds: u64) -> BootTime {
    BootTime(seconds * 1000)
}

#[test]
fn a_lead_is_never_more_than_a_third_of_what_was_left() {
    for (lead, left, expected) in
        [(300, 3600, 300), (300, 900, 300), (300, 600, 200), (300, 3, 1), (0, 3600, 0)]
    {
        assert_eq!(effective_lead(s(lead), s(left)), s(expected), "{lead} of {left}");
    }
}

#[test]
fn spends_are_spaced_by_the_life_of_a_token() {
    for (life, scheduled, forced) in
        [(0, 1, 1), (2, 1, 1), (6, 2, 2), (60, 20, 20), (180, 60, 60), (3600, 1200, 60)]
    {
        assert_eq!(scheduled_spacing(s(life)), s(scheduled), "{life}");
        assert_eq!(forced_spacing(s(life)), s(forced), "{life}");
    }
}

#[test]
fn refused_tokens_are_replaced_at_growing_distances() {
    let spacings =
        |life| [0, 1, 2, 3, 6, u32::MAX].map(|in_a_row| rejected_spacing(s(life), in_a_row).as_secs());
    assert_eq!(spacings(3600), [60, 60, 120, 240, 1200, 1200]);
    assert_eq!(spacings(30), [10, 10, 10, 10, 10, 10]);
    assert_eq!(spacings(0), [1, 1, 1, 1, 1, 1]);
}

#[test]
fn a_renewal_is_a_lead_before_the_end() {
    let renewal_at = |lead, left, life, expires, now| {
        renewal(s(lead), s(left), s(life), (at(expires), Duration::ZERO), at(now))
    };
    assert_eq!(renewal_at(300, 3600, 3600, 13_600, 10_000), at(13_300));
    assert_eq!(renewal_at(300, 60, 60, 10_060, 10_000), at(10_040), "a third of a short life");
    assert_eq!(renewal_at(3600, 3600, 3600, 13_600, 10_000), at(12_400));
    assert_eq!(renewal_at(300, 9, 3600, 10_010, 10_000), at(10_007), "what was left counts, not the life");
    assert_eq!(renewal_at(300, 3600, 3600, 9_000, 10_000), at(10_000), "an old token's spend is long ago");
    assert_eq!(renewal_at(300, 3600, 3600, 10, 10), at(10), "also on a clock that started after it");
    assert_eq!(renewal_at(300, 0, 0, 10_000, 10_000), at(10_001), "never closer than a second");
}

#[test]
fn a_spread_renewal_is_earlier_but_never_by_much() {
    let renewal_at = |early| renewal(s(300), s(3600), s(3600), (at(13_600), early), at(10_000));
    assert_eq!(renewal_at(s(600)), at(12_700));
    assert_eq!(part_of_spread(s(100), s(3600), LEAST), s(0));
    assert_eq!(part_of_spread(s(100), s(3600), MOST), s(100));
    assert_eq!(part_of_spread(s(9000), s(3600), MOST), s(600), "at most a sixth of the life");
}

#[test]
fn retries_grow_to_minutes_and_keep_what_box_asked_for() {
    assert_eq!(retry_delay(1, false, None, LEAST), s(1));
    assert_eq!(retry_delay(1, false, None, MOST), s(5));
    assert_eq!(retry_delay(5, false, None, MOST), s(65));
    assert_eq!(retry_delay(u32::MAX, false, None, MOST), s(301), "capped, and no overflow");
    for past in [false, true] {
        assert_eq!(retry_delay(1, past, Some(s(30)), LEAST), s(30), "Retry-After wins");
        assert_eq!(retry_delay(1, past, Some(s(30)), MOST), s(33));
        assert_eq!(retry_delay(1, past, Some(s(0)), LEAST), s(1));
        assert_eq!(retry_delay(4, past, Some(s(0)), LEAST), s(8), "unless it would hammer Box");
        assert_eq!(retry_delay(u32::MAX, past, Some(s(0)), LEAST), s(60));
        assert_eq!(retry_delay(u32::MAX, past, Some(s(300)), LEAST), s(300));
        assert_eq!(retry_delay(9, past, Some(s(86_400)), LEAST), s(3600), "an hour at most");
    }
    assert_eq!(retry_delay(300, true, None, MOST), s(301), "the 60 days alone slow nothing down");
    assert_eq!(retry_delay(301, true, None, LEAST), s(86_400), "a day of trying does");
}

#[test]
fn doubt_waits_five_seconds_and_more() {
    let delays: Vec<_> =
        (1..10).map(|attempts| doubt_delay(attempts, false, None, LEAST).as_secs()).collect();
    assert_eq!(delays, [5, 10, 20, 40, 80, 150, 150, 150, 150]);
    assert_eq!(doubt_delay(0, false, None, LEAST), s(5));
    assert_eq!(doubt_delay(1, false, None, MOST), Duration::from_millis(6250));
    assert_eq!(doubt_delay(u32::MAX, false, None, LEAST), s(150));
    assert_eq!(doubt_delay(1, false, Some(s(60)), LEAST), s(60), "Retry-After is kept");
    assert_eq!(doubt_delay(1, false, Some(s(1)), LEAST), s(5), "and never shortens");
    assert_eq!(doubt_delay(1, false, Some(s(86_400)), LEAST), s(3600));
    assert_eq!(doubt_delay(8, true, None, LEAST), s(150));
    assert_eq!(doubt_delay(601, true, None, LEAST), s(86_400));
}

#[test]
fn saves_are_retried_within_a_minute() {
    assert_eq!(save_delay(1, LEAST), s(1));
    assert_eq!(save_delay(1, MOST), s(5));
    assert_eq!(save_delay(u32::MAX, MOST), s(61));
}
