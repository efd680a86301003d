//! A machine that wakes: what failed before is tried again soon and often, but neither at once nor for ever.

use std::time::Duration;

use boxd_engine::{Event, Settings, State, Trouble};

use crate::{
    bench::Bench,
    fixtures::{DAY, INVALID_GRANT, LIFE, later, lost, reply, settings, unreachable},
};

/// Failed so often that the next attempt is minutes away.
fn worn_out(mut bench: Bench) -> Bench {
    bench.jitter = u32::MAX;
    for _ in 0..10 {
        bench.fail(unreachable());
    }
    assert_eq!(bench.due_in(), Some(301));
    bench
}

#[test]
fn waking_forgets_how_often_an_attempt_failed() {
    let mut bench = worn_out(Bench::healthy());
    bench.tell(Event::Woke);
    assert_eq!(bench.due_in(), Some(1), "spread over a second, as other machines wake too");
    bench.hush();
    bench.next();
    bench.said(&["renewing: Retry", "prove 5"]);
    bench.renew(LIFE);
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn for_two_minutes_after_waking_attempts_are_seconds_apart() {
    let mut bench = worn_out(Bench::healthy());
    bench.tell(Event::Woke);
    let (mut attempts, woken) = (0, bench.boot);
    while bench.boot < woken + 120_000 {
        assert!(bench.due_in() <= Some(5), "{attempts}");
        bench.fail(unreachable());
        attempts += 1;
    }
    assert!((20..=60).contains(&attempts), "{attempts}");
    bench.fail(unreachable());
    assert_eq!(bench.due_in(), Some(301), "then as before");
}

#[test]
fn waking_a_healthy_account_does_nothing() {
    let mut bench = Bench::healthy();
    let due = bench.due();
    bench.tell(Event::Woke);
    bench.said(&[]);
    assert_eq!(bench.due(), due);
}

#[test]
fn waking_again_and_again_makes_no_attempt_come_sooner_than_the_first_did() {
    let mut bench = worn_out(Bench::healthy());
    bench.tell(Event::Woke);
    let due = bench.due();
    for _ in 0..100 {
        bench.tell(Event::Woke);
    }
    assert_eq!(bench.due(), due);
    assert!(bench.idle());
}

#[test]
fn waking_keeps_to_what_box_asked_for_and_to_the_pause_of_a_doubt() {
    let mut bench = Bench::healthy();
    bench.fail(later(429, 250));
    bench.tell(Event::Woke);
    assert_eq!(bench.due_in(), Some(250));

    let mut bench = Bench::healthy();
    bench.fail(lost());
    bench.tell(Event::Woke);
    assert!(bench.due_in() >= Some(5), "the same refresh token is not sent again at once");
}

#[test]
fn many_accounts_do_not_come_together() {
    let many = || Settings { spread: Duration::from_mins(10), ..settings() };
    let mut bench = worn_out(Bench::with(many()));
    bench.jitter /= 2;
    bench.tell(Event::Woke);
    assert_eq!(bench.due_in(), Some(300), "half of ten minutes, by the dice");

    // So it is where the clock is set: the token is served meanwhile.
    let mut bench = Bench::with(many());
    bench.jitter = u32::MAX / 2;
    bench.wall += 86_400_000;
    bench.tell(Event::Woke);
    assert_eq!(bench.due_in(), Some(299));
    assert_eq!(bench.served().0, "A5");
}

#[test]
fn after_59_days_asleep_the_grant_is_alive() {
    let mut bench = Bench::healthy();
    bench.wait(59 * DAY);
    bench.tell(Event::Woke);
    bench.proved();
    bench.answer(unreachable());
    assert!(bench.due_in() <= Some(5), "no network yet");
    bench.next();
    bench.renew(LIFE);
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn after_61_days_asleep_it_is_box_that_ends_the_grant() {
    let mut bench = Bench::healthy();
    bench.wait(61 * DAY);
    bench.tell(Event::Woke);
    bench.proved();
    bench.answer(unreachable());
    assert_eq!(bench.state(), State::Backoff, "the clock alone ends nothing");
    assert!(bench.due_in() <= Some(5), "and delays nothing");
    bench.next();
    bench.proved();
    bench.answer(reply(400, INVALID_GRANT));
    if bench.last_resort() {
        bench.answer(reply(400, INVALID_GRANT));
    }
    assert_eq!(bench.state(), State::LoginRequired);
    assert!(matches!(bench.trouble(), Some(Trouble::Lapsed(_))), "{:?}", bench.trouble());
}
