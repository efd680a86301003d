//! Clocks that step, stop or disagree: serve on, renew at once, and never in a loop.

use boxd_engine::{BootId, Event, State};

use crate::{
    bench::Bench,
    fixtures::{DAY, HOUR, LEAD, LIFE, grant, lost, record, settings, start},
};

/// 1970, a day ago, a minute ago, a minute and a year ahead.
const STEPS: [i64; 5] = [-1_790_000_000_000, -86_400_000, -60_000, 60_000, 31_536_000_000];

#[test]
fn a_stepped_clock_is_served_through_and_renewed_once() {
    for step in STEPS {
        let mut bench = Bench::healthy();
        bench.wait(120);
        bench.tell(Event::Tick);
        bench.wall += step;
        assert_eq!(bench.served().0, "A5", "{step}");
        bench.said(&["clock", "renewing: Clock", "prove 5"]);
        assert_eq!(bench.served().0, "A5", "{step}");
        bench.renew(LIFE);
        assert_eq!(bench.state(), State::Healthy);
        assert_eq!(bench.served(), ("A6".into(), LIFE - LEAD), "{step}");
        bench.wait(HOUR / 2);
        bench.hush();
        bench.tell(Event::Tick);
        bench.said(&[]);
    }
}

#[test]
fn clocks_that_never_stand_still_cause_no_loop() {
    let mut bench = Bench::healthy();
    let mut renewals = 0;
    for second in 0..3600 {
        bench.wall += if second % 2 == 0 { 1_000_000 } else { -1_000_000 };
        bench.wait(1);
        bench.tell(Event::Tick);
        if !bench.idle() {
            bench.renew(LIFE);
            renewals += 1;
        }
    }
    assert!(renewals <= 61, "{renewals} in an hour");
}

#[test]
fn a_small_correction_is_no_step() {
    let mut bench = Bench::healthy();
    bench.wall += 25_000;
    bench.tell(Event::Tick);
    bench.said(&[]);
}

#[test]
fn days_of_suspend_are_counted_by_both_clocks() {
    let mut bench = Bench::healthy();
    bench.wait(3 * DAY);
    bench.tell(Event::Tick);
    bench.said(&["renewing: Schedule", "prove 5"]);
    assert!(matches!(bench.ask(0, None), boxd_engine::Answer::Wait), "the old token has ended");
}

#[test]
fn a_clock_that_steps_while_a_renewal_is_under_way_is_minded_after_it() {
    // A machine paused between request and answer, and told so by its wall clock alone.
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    let (spend, sent) = (Box::new(bench.spend()), bench.moment());
    bench.wall += 10 * 3_600_000;
    bench.tell(Event::Answered { spend, sent, exchange: crate::fixtures::pair(6, LIFE) });
    bench.hush();
    bench.committed();
    assert_eq!(bench.served().0, "A6");
    bench.said(&["renewed 6", "renewing: Clock", "prove 6"]);
}

#[test]
fn loaded_in_another_boot_a_token_lives_by_the_wall_clock() {
    let mut old = record(5, start(), LIFE);
    rebooted(&mut old);
    let at = start();
    let mut bench = Bench::load(grant(old), settings(), 60_000, at.wall.0 + 600_000);
    assert_eq!(bench.served(), ("A5".into(), LIFE - LEAD - 600));
    bench.said(&[]);
}

#[test]
fn loaded_before_its_birth_a_token_is_served_and_renewed() {
    for years in [1, 50] {
        let mut old = record(5, start(), LIFE);
        rebooted(&mut old);
        let wall = start().wall.0 - years * 31_536_000_000;
        let mut bench = Bench::load(grant(old), settings(), 60_000, wall);
        assert_eq!(bench.served().0, "A5");
        bench.said(&["renewing: Clock", "prove 5"]);
    }
}

#[test]
fn loaded_long_after_its_end_a_token_is_renewed_at_once() {
    let mut old = record(5, start(), LIFE);
    rebooted(&mut old);
    let mut bench = Bench::load(grant(old), settings(), 60_000, start().wall.0 + 86_400_000);
    bench.said(&["renewing: Schedule", "prove 5"]);
    assert!(matches!(bench.ask(0, None), boxd_engine::Answer::Wait));
}

#[test]
fn loaded_just_after_a_boot_a_token_is_renewed_in_time() {
    // The spend that brought it is older than the clock of this boot.
    let mut old = record(5, start(), LIFE);
    rebooted(&mut old);
    let wall = start().wall.0 + 1000 * i64::try_from(LIFE - 600).unwrap();
    let bench = Bench::load(grant(old), settings(), 1_000, wall);
    assert_eq!(bench.due_in(), Some(600 - LEAD));
}

#[test]
fn loaded_in_the_same_boot_with_clocks_that_disagree() {
    for step in STEPS {
        let (boot, wall) = (start().boot.0 + 1_000_000, start().wall.0 + 1_000_000 + step);
        let mut bench = Bench::load(grant(record(5, start(), LIFE)), settings(), boot, wall);
        assert_eq!(bench.served().0, "A5", "{step}");
        bench.said(&["renewing: Clock", "prove 5"]);
    }
}

#[test]
fn neither_clock_ends_a_grant() {
    let mut bench = Bench::healthy();
    bench.wait(500 * DAY);
    bench.fail(crate::fixtures::unreachable());
    assert_eq!(bench.state(), State::Backoff);
    for _ in 0..300 {
        assert!(bench.due_in() <= Some(300), "the date alone slows nothing down");
        bench.fail(crate::fixtures::unreachable());
    }
    for _ in 0..20 {
        assert_eq!(
            bench.due_in(),
            Some(DAY),
            "past the sixty days and a day of trying there is one try a day"
        );
        bench.fail(crate::fixtures::unreachable());
        assert_eq!(bench.state(), State::Backoff);
    }
    bench.next();
    bench.renew(LIFE);
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn doubt_past_the_sixty_days_ends_at_one_try_a_day() {
    let mut bench = Bench::healthy();
    bench.wait(61 * DAY);
    for _ in 0..601 {
        assert!(bench.due_in() <= Some(150));
        bench.fail(lost());
        assert_eq!(bench.state(), State::InDoubt);
    }
    assert_eq!(bench.due_in(), Some(DAY));
}

fn rebooted(record: &mut boxd_engine::Record) {
    let boxd_engine::Credential::OAuth2 { access: Some(access), born, .. } = &mut record.credential else {
        panic!("a pair")
    };
    access.sent.boot_id = BootId([9; 16]);
    born.boot_id = BootId([9; 16]);
}

#[test]
fn a_stepped_clock_keeps_to_what_box_asked_for() {
    let mut bench = Bench::healthy();
    bench.fail(crate::fixtures::later(429, 250));
    bench.wall += 3_600_000;
    bench.tell(Event::Tick);
    assert!(bench.idle());
    assert_eq!(bench.due_in(), Some(250));
}

#[test]
fn a_clock_that_steps_while_a_note_is_written_is_minded_after_it() {
    let mut bench = Bench::healthy();
    let user = boxd_engine::User { id: "1".into(), login: "ada@example.com".into(), name: "Ada".into() };
    bench.tell(Event::Identified(user));
    bench.wall += 31_536_000_000;
    bench.tell(Event::Woke);
    bench.hush();
    bench.committed();
    bench.said(&["renewing: Clock", "prove 5"]);
}
