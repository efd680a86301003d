//! A lost answer: the same refresh token again, and when a refusal proves a grant dead.

use boxd_engine::{Answer, Event, State, Trouble};

use crate::{
    bench::Bench,
    fixtures::{HOUR, INVALID_GRANT, LEAD, LIFE, MINUTE, error, later, lost, pair, reply, unreachable},
};

/// A grant whose first renewal's answer was lost.
fn doubtful() -> Bench {
    let mut bench = Bench::healthy();
    bench.fail(lost());
    assert_eq!(bench.state(), State::InDoubt);
    bench.hush();
    bench
}

/// The newest token was proved dead: the one before it is on its way, and refused too.
#[track_caller]
fn last_resort_fails(bench: &mut Bench) {
    bench.said(&["renewing: Retry", "spend R4"]);
    bench.answer(reply(400, INVALID_GRANT));
}

#[test]
fn what_may_have_been_spent_is_in_doubt() {
    for answer in [
        lost(),
        reply(200, r#"{"access_token":"A6","refr"#),
        reply(200, "<html>Welcome to the hotel</html>"),
        reply(302, ""),
        reply(400, "<html>proxy</html>"),
        reply(409, ""),
        reply(500, ""),
        reply(502, "<html>"),
        later(503, 1),
    ] {
        let what = format!("{answer:?}");
        let mut bench = Bench::healthy();
        bench.fail(answer);
        assert_eq!(bench.state(), State::InDoubt, "{what}");
        assert_eq!(bench.served().0, "A5", "{what}");
    }
}

#[test]
fn the_same_token_goes_out_again_at_growing_distances_of_five_seconds_or_more() {
    for jitter in [0, u32::MAX] {
        let mut bench = Bench::healthy();
        bench.jitter = jitter;
        bench.fail(lost());
        let mut before = 0;
        for _ in 0..12 {
            let pause = bench.due().unwrap();
            assert!(pause >= 5_000 && pause >= before.min(150_000), "{pause} ms after {before} ms");
            before = pause;
            bench.hush();
            bench.next();
            bench.said(&["renewing: Retry", "spend R5"]);
            bench.answer(lost());
        }
        assert!(before <= 200_000, "the distance is capped");
    }
}

#[test]
fn nobody_can_hurry_a_grant_in_doubt_below_five_seconds() {
    for hurry in [
        (|bench| drop(bench.refresh())) as fn(&mut Bench),
        |bench| drop(bench.ask(LIFE - LEAD, None)),
        |bench| drop(bench.ask(0, Some(5))),
        |bench| bench.tell(Event::Configured(crate::fixtures::settings())),
        |bench| {
            bench.wall += 3_600_000;
            bench.tell(Event::Tick);
        },
        |bench| bench.log_out(false),
    ] {
        let mut bench = doubtful();
        hurry(&mut bench);
        assert!(bench.idle());
        assert!(bench.due().unwrap() >= 5_000);
    }
}

#[test]
fn a_request_to_slow_down_keeps_the_distance_in_doubt() {
    for answer in [later(429, 1), reply(429, ""), unreachable()] {
        let mut bench = doubtful();
        bench.fail(answer);
        assert_eq!(bench.state(), State::InDoubt);
        assert!(bench.due().unwrap() >= 5_000, "{:?}", bench.due());
    }
}

#[test]
fn an_answer_ends_the_doubt() {
    let mut bench = doubtful();
    bench.next();
    bench.grant(LIFE);
    bench.committed();
    bench.said(&["renewing: Retry", "spend R5", "commit 6 Successor", "renewed 6"]);
    assert_eq!(bench.state(), State::Healthy);
    assert_eq!(bench.served(), ("A6".into(), LIFE - LEAD));
}

#[test]
fn a_replayed_pair_lives_as_long_as_box_says_now() {
    let mut bench = doubtful();
    bench.next();
    bench.answer(pair(6, 30));
    bench.committed();
    let (token, promised) = bench.served();
    assert_eq!((token.as_str(), promised), ("A6", 20), "a third of what was left");
}

#[test]
fn a_refusal_without_doubt_is_death_after_the_last_resort() {
    let mut bench = Bench::healthy();
    bench.refuse();
    assert_eq!(bench.state(), State::Spending, "the token before is tried first");
    last_resort_fails(&mut bench);
    assert_eq!(bench.state(), State::LoginRequired);
    let trouble = bench.trouble().unwrap();
    assert!(matches!(&trouble, Trouble::Taken(why) if why.contains("Invalid refresh token")), "{trouble}");
    for cause in ["another program or machine", "backup", "config was copied", "administrator", "leaked"] {
        assert!(trouble.to_string().contains(cause), "{cause} in {trouble}");
    }
    assert_eq!(bench.due(), None);
    assert_eq!(bench.served().0, "A5", "a valid token is served nevertheless");
}

#[test]
fn the_last_resort_may_save_the_grant() {
    let mut bench = Bench::healthy();
    bench.refuse();
    bench.grant(LIFE);
    bench.committed();
    assert_eq!(bench.state(), State::Healthy);
    assert_eq!(bench.served().0, "A6");

    // It is there again for the next time.
    bench.refuse();
    bench.said(&["renewing: Retry", "spend R5"]);
}

#[test]
fn a_lost_last_resort_is_sent_again_not_given_up() {
    let mut bench = Bench::healthy();
    bench.refuse();
    bench.answer(lost());
    assert!(bench.due().unwrap() >= 5_000);
    bench.hush();
    bench.next();
    bench.said(&["renewing: Retry", "spend R4"]);
    bench.grant(LIFE);
    bench.committed();
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn the_last_resort_is_tried_once() {
    let mut bench = Bench::healthy();
    bench.refuse();
    last_resort_fails(&mut bench);
    bench.hush();
    bench.refresh().unwrap();
    bench.said(&["renewing: Explicit", "prove 5"]);
    bench.proved();
    bench.answer(reply(400, INVALID_GRANT));
    bench.said(&["spend R5", "withdraw", "failed"]);
    assert_eq!(bench.state(), State::LoginRequired);
    assert_eq!(bench.due(), None);
}

#[test]
fn refusals_after_doubt_prove_nothing_for_five_minutes() {
    let mut bench = doubtful();
    let (mut refusals, mut first) = (0, None);
    loop {
        bench.next();
        bench.hush();
        bench.answer(reply(400, INVALID_GRANT));
        refusals += 1;
        let first = *first.get_or_insert(bench.boot);
        let spent = (bench.boot - first) / 1000;
        if !bench.idle() {
            assert!(refusals >= 3 && spent >= 5 * MINUTE, "{refusals} in {spent} s");
            break;
        }
        assert!(refusals < 3 || spent < 5 * MINUTE, "no end: {refusals} in {spent} s");
        assert_eq!(bench.state(), State::InDoubt);
    }
    last_resort_fails(&mut bench);
    assert!(matches!(bench.trouble(), Some(Trouble::LostForGood(_))));
}

#[test]
fn twenty_seconds_are_enough_where_somebody_waits_without_a_token() {
    let mut bench = doubtful();
    bench.wait(LEAD + 1);
    let (mut refusals, start) = (0, bench.boot);
    bench.tell(Event::Tick);
    while !bench.last_resort() {
        assert!(matches!(bench.ask(0, None), Answer::Wait));
        if bench.idle() {
            bench.next();
        }
        bench.hush();
        bench.answer(reply(400, INVALID_GRANT));
        refusals += 1;
        assert!(refusals < 9, "no end");
    }
    let spent = (bench.boot - start) / 1000;
    assert!(refusals >= 3, "{refusals}");
    assert!((20..MINUTE).contains(&spent), "{spent} s");
}

#[test]
fn other_troubles_do_not_end_a_doubt() {
    let mut bench = doubtful();
    bench.fail(error("invalid_client"));
    assert_eq!(bench.state(), State::ActionRequired);
    // The secret was mended; the first refusal must not be taken for proof.
    bench.wait(5);
    bench.tell(Event::Configured(crate::fixtures::settings()));
    bench.hush();
    bench.answer(reply(400, INVALID_GRANT));
    assert_eq!(bench.state(), State::InDoubt);
    assert!(bench.due().unwrap() >= 5_000);
}

#[test]
fn an_intent_stays_while_an_answer_is_missing() {
    let mut bench = doubtful();
    bench.fail(unreachable());
    bench.said(&["renewing: Retry", "spend R5", "failed"]);
}

#[test]
fn two_refusals_prove_nothing_however_far_apart() {
    let mut bench = doubtful();
    bench.refuse();
    bench.wait(HOUR);
    bench.tell(Event::Tick);
    bench.answer(reply(400, INVALID_GRANT));
    assert_eq!(bench.state(), State::InDoubt);
    bench.refuse();
    assert!(bench.last_resort(), "the third does");
}

#[test]
fn three_refusals_in_ten_seconds_prove_nothing_even_in_need() {
    let mut bench = doubtful();
    bench.wait(LEAD + 1);
    bench.tell(Event::Tick);
    assert!(matches!(bench.ask(0, None), Answer::Wait));
    for _ in 0..3 {
        bench.answer(reply(400, INVALID_GRANT));
        assert_eq!(bench.state(), State::InDoubt);
        bench.wait(5);
        bench.refresh().unwrap();
    }
}
