//! What callers get and may cause: `min_ttl`, `refresh`, and the bounds on each.

use std::time::Duration;

use boxd_engine::{Answer, Event, Refusal, Settings, State, Trouble, schedule::Mode};

use crate::{
    bench::Bench,
    fixtures::{
        DAY, HOUR, LEAD, LIFE, MINUTE, grant, later, lost, record, reply, settings, start, unreachable,
    },
};

fn on_demand() -> Settings {
    Settings { mode: Mode::OnDemand, ..settings() }
}

#[test]
fn a_promise_ends_at_the_next_planned_renewal() {
    let mut bench = Bench::healthy();
    assert_eq!(bench.served().1, LIFE - LEAD);
    bench.wait(LIFE - LEAD);
    bench.next();
    assert_eq!(bench.served().1, 0, "a renewal is under way");
    bench.proved();
    bench.answer(unreachable());
    let due = bench.due_in().unwrap();
    assert_eq!(bench.served().1, due, "the next attempt is the promise");
}

#[test]
fn a_promise_never_reaches_past_the_tokens_end() {
    let mut bench = Bench::healthy();
    bench.wait(LIFE - 10);
    bench.tell(Event::Tick);
    bench.proved();
    bench.answer(later(429, 600));
    assert_eq!(bench.served().1, 10);
}

#[test]
fn more_than_a_token_can_live_is_unattainable() {
    let mut bench = Bench::healthy();
    let attainable = Duration::from_secs(LIFE - LEAD);
    match bench.ask(LIFE - LEAD + 1, None) {
        Answer::Refuse(Refusal::MinTtlUnattainable { attainable: told }) => assert_eq!(told, attainable),
        other => panic!("{other:?}"),
    }
    bench.said(&[]);
    assert!(matches!(bench.ask(LIFE - LEAD, None), Answer::Serve(_)));
}

#[test]
fn without_a_grant_that_is_what_is_said() {
    let mut bench = Bench::absent();
    for min_ttl in [0, 10 * HOUR] {
        let answer = bench.ask(min_ttl, None);
        assert!(matches!(answer, Answer::Refuse(Refusal::Trouble(Trouble::Absent))), "{answer:?}");
    }
    assert!(bench.refresh().is_err());
    assert_eq!(bench.state(), State::Absent);
}

#[test]
fn a_life_that_was_never_told_refuses_nobody() {
    let mut unspent = record(5, start(), LIFE);
    if let boxd_engine::Credential::OAuth2 { access, .. } = &mut unspent.credential {
        *access = None;
    }
    let mut bench = Bench::loaded(grant(unspent));
    assert!(matches!(bench.ask(70 * MINUTE, None), Answer::Wait));
    bench.renew(80 * MINUTE);
    assert!(matches!(bench.ask(70 * MINUTE, None), Answer::Serve(_)));
}

#[test]
fn min_ttl_renews_early_but_not_twice_a_minute() {
    let mut bench = Bench::healthy();
    bench.wait(10 * MINUTE);
    assert!(matches!(bench.ask(50 * MINUTE, None), Answer::Wait));
    bench.said(&["renewing: Demand", "prove 5"]);
    bench.renew(LIFE);
    assert!(matches!(bench.ask(50 * MINUTE, None), Answer::Serve(_)));
    bench.hush();

    bench.wait(6);
    assert!(
        matches!(bench.ask(LIFE - LEAD, None), Answer::Wait),
        "inside the bound, but it can be waited for"
    );
    bench.said(&[]);
    assert!((50..=54).contains(&bench.due_in().unwrap()), "{:?}", bench.due_in());
    assert_eq!(bench.served().1, bench.due_in().unwrap(), "others are told");
}

#[test]
fn the_bound_shrinks_with_the_tokens_life() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.renew(30);
    bench.wait(2);
    assert!(matches!(bench.ask(0, Some(6)), Answer::Wait), "the first is free");
    bench.renew(30);
    bench.wait(2);
    match bench.ask(0, Some(7)) {
        Answer::Refuse(Refusal::Unavailable { retry_after, .. }) => assert_eq!(retry_after.as_secs(), 8),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_explicit_refresh_is_not_bounded() {
    let mut bench = Bench::healthy();
    for n in 5..10 {
        bench.hush();
        bench.refresh().unwrap();
        bench.said(&["renewing: Explicit", &format!("prove {n}")]);
        bench.renew(LIFE);
    }
    // Not even by what Box asked to wait for.
    bench.refresh().unwrap();
    bench.proved();
    bench.answer(later(429, 600));
    bench.hush();
    bench.refresh().unwrap();
    bench.said(&["renewing: Explicit", "prove 10"]);
}

#[test]
fn callers_keep_to_what_box_asked_for() {
    let mut bench = Bench::healthy();
    bench.fail(later(429, 600));
    bench.wait(LEAD);
    assert!(matches!(bench.ask(0, None), Answer::Wait));
    assert!(bench.idle());
    assert!(bench.due_in().unwrap() >= 250);
}

#[test]
fn retry_after_is_kept_and_capped() {
    for (told, from, to) in [(0, 1, 2), (30, 30, 33), (DAY, HOUR, HOUR + 6 * MINUTE)] {
        for jitter in [0, u32::MAX] {
            let mut bench = Bench::healthy();
            bench.jitter = jitter;
            bench.fail(later(429, told));
            assert_eq!(bench.state(), State::Backoff);
            let due = bench.due_in().unwrap();
            assert!((from..=to).contains(&due), "{told}: {due}");
        }
    }
}

#[test]
fn retries_back_off_up_to_minutes_and_never_end() {
    let mut bench = Bench::healthy();
    bench.jitter = u32::MAX;
    let mut longest = 0;
    for _ in 0..50 {
        bench.fail(unreachable());
        assert_eq!(bench.state(), State::Backoff);
        longest = longest.max(bench.due_in().unwrap());
    }
    assert!((4 * MINUTE..=6 * MINUTE).contains(&longest), "{longest}");
}

#[test]
fn somebody_in_need_hurries_the_retries() {
    let mut bench = Bench::healthy();
    bench.jitter = u32::MAX;
    for _ in 0..10 {
        bench.fail(unreachable());
    }
    bench.wait(LEAD);
    bench.tell(Event::Tick);
    while !bench.idle() {
        if bench.session.at_rest() {
            break;
        }
        bench.proved();
        bench.answer(unreachable());
    }
    assert!(matches!(bench.ask(0, None), Answer::Wait));
    assert!(bench.due_in().is_none_or(|due| due <= 10), "{:?}", bench.due_in());
}

#[test]
fn on_demand_renews_when_asked_and_not_before() {
    let mut bench = Bench::with(on_demand());
    assert!(bench.due_in().unwrap() > 15 * DAY);
    assert_eq!(bench.served().1, LIFE - LEAD);
    bench.wait(2 * DAY);
    bench.tell(Event::Tick);
    bench.said(&[]);
    assert!(matches!(bench.ask(0, None), Answer::Wait));
    bench.said(&["renewing: Demand", "prove 5"]);
    bench.renew(LIFE);
    assert_eq!(bench.served().0, "A6");
}

#[test]
fn on_demand_asking_late_in_a_tokens_life_renews_in_advance() {
    let mut bench = Bench::with(on_demand());
    bench.wait(LIFE - LEAD);
    assert!(bench.session.snapshot().wants_waking(bench.now().boot));
    assert_eq!(bench.served().0, "A5");
    bench.said(&["renewing: Demand", "prove 5"]);
}

#[test]
fn on_demand_asking_does_not_hammer_a_box_in_trouble() {
    for answer in [unreachable, lost, || reply(503, "")] {
        let mut bench = Bench::with(on_demand());
        bench.jitter = u32::MAX;
        bench.wait(LIFE - LEAD);
        bench.served();
        bench.proved();
        bench.answer(answer());
        bench.hush();
        for _ in 0..4 {
            bench.wait(1);
            assert_eq!(bench.served().0, "A5");
            assert!(bench.idle(), "an attempt for every caller");
        }
    }
}

#[test]
fn on_demand_minds_the_sixty_days() {
    let mut bench = Bench::with(on_demand());
    let mut waited = 0;
    while bench.idle() {
        waited += bench.next();
    }
    assert!((15 * DAY..=45 * DAY).contains(&waited), "{} days", waited / DAY);
    bench.said(&["renewing: Schedule", "prove 5"]);
    bench.renew(LIFE);
    assert!(bench.due_in().unwrap() > 15 * DAY);
}

#[test]
fn a_changed_lead_counts_from_the_next_commit() {
    let mut bench = Bench::healthy();
    let lead = Duration::from_secs(10 * MINUTE);
    bench.tell(Event::Configured(Settings { lead, ..settings() }));
    assert_eq!(bench.due_in(), Some(LIFE - LEAD));
    bench.next();
    bench.renew(LIFE);
    assert_eq!(bench.due_in(), Some(LIFE - 10 * MINUTE));
}

#[test]
fn a_lead_is_at_most_a_third_of_what_was_left() {
    let mut bench = Bench::with(Settings { lead: Duration::from_secs(DAY), ..settings() });
    bench.next();
    bench.renew(LIFE);
    assert_eq!(bench.due_in(), Some(LIFE - LIFE / 3));
}

#[test]
fn box_saying_at_once_again_and_again_is_not_hammered() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    bench.answer(later(429, 0));
    let (start, mut attempts) = (bench.boot, 0);
    while bench.boot < start + HOUR * 1000 {
        bench.fail(later(429, 0));
        attempts += 1;
    }
    assert!(attempts <= 70, "{attempts} in an hour");
}
