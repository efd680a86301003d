//! Tokens that Box is said to have refused: replaced at once, but whoever goes on saying so is believed less.

use boxd_engine::{Answer, Event, Refusal};

use crate::{
    bench::Bench,
    fixtures::{HOUR, LEAD, LIFE, MINUTE, unreachable},
};

#[test]
fn a_rejected_token_is_renewed_once_and_then_refused_inside_the_bound() {
    let mut bench = Bench::healthy();
    bench.wait(MINUTE);
    assert!(matches!(bench.ask(0, Some(5)), Answer::Wait));
    bench.said(&["renewing: Rejected", "prove 5"]);
    bench.renew(LIFE);
    bench.hush();

    match bench.ask(0, Some(5)) {
        Answer::Serve(served) => assert_eq!(served.access.expose(), "A6"),
        other => panic!("an older generation was rejected: {other:?}"),
    }
    bench.wait(20);
    match bench.ask(0, Some(6)) {
        Answer::Refuse(Refusal::Unavailable { retry_after, .. }) => assert_eq!(retry_after.as_secs(), 40),
        other => panic!("{other:?}"),
    }
    assert_eq!(bench.served().0, "A6", "others are served on");
    bench.said(&[]);
    bench.wait(40);
    assert!(matches!(bench.ask(0, Some(6)), Answer::Wait));
    bench.said(&["renewing: Rejected", "prove 6"]);
}

#[test]
fn a_generation_that_never_was_changes_nothing() {
    let mut bench = Bench::healthy();
    assert!(matches!(bench.ask(0, Some(99)), Answer::Serve(_)));
    bench.said(&[]);
}

/// Reports every fresh generation as refused, again and again for so long; returns when each renewal began, in
/// seconds.
fn lie(bench: &mut Bench, seconds: u64) -> Vec<u64> {
    let (start, mut renewals) = (bench.boot, Vec::new());
    while bench.boot < start + seconds * 1000 {
        let current = bench.session.snapshot().generation.0;
        if let Answer::Wait = bench.ask(0, Some(current)) {
            renewals.push((bench.boot - start) / 1000);
            bench.renew(LIFE);
        }
        bench.wait(1);
    }
    renewals
}

#[test]
fn a_client_that_calls_every_token_refused_is_believed_less_and_less() {
    let mut bench = Bench::healthy();
    let renewals = lie(&mut bench, 5 * HOUR);
    let gaps: Vec<u64> = renewals.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(renewals[0], 0, "the first one is believed at once");
    assert_eq!(gaps[..5], [60, 120, 240, 480, 960]);
    assert!(gaps[5..].iter().all(|gap| (LIFE / 3..LIFE / 3 + 2).contains(gap)), "{gaps:?}");
    // Others are served all the while.
    assert_eq!(bench.served().0, format!("A{}", 5 + renewals.len()));
}

#[test]
fn a_token_that_is_really_refused_is_replaced_at_once_when_nobody_lied_for_a_tokens_life() {
    let mut bench = Bench::healthy();
    lie(&mut bench, LIFE);
    bench.wait(LIFE);
    bench.tell(Event::Tick);
    bench.renew(LIFE);
    bench.wait(1);
    let current = bench.session.snapshot().generation.0;
    assert!(matches!(bench.ask(0, Some(current)), Answer::Wait));
    bench.renew(LIFE);
    bench.wait(MINUTE);
    assert!(matches!(bench.ask(0, Some(current + 1)), Answer::Wait), "the distances begin anew");
}

#[test]
fn who_is_told_to_come_back_is_told_of_a_renewal_that_comes_sooner() {
    let mut bench = Bench::healthy();
    lie(&mut bench, 20 * MINUTE);
    bench.wait(MINUTE);
    assert!(matches!(bench.ask(LIFE - LEAD, None), Answer::Wait), "somebody needs a long life");
    bench.renew(LIFE);
    bench.wait(1);
    assert!(matches!(bench.ask(LIFE - LEAD, None), Answer::Wait), "and again, in a minute");
    let current = bench.session.snapshot().generation.0;
    match bench.ask(0, Some(current)) {
        Answer::Refuse(Refusal::Unavailable { retry_after, .. }) => assert_eq!(retry_after.as_secs(), 59),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_that_has_ended_is_replaced_whatever_was_said_of_those_before() {
    let mut bench = Bench::healthy();
    bench.ask(0, Some(5));
    bench.renew(20);
    bench.wait(19);
    bench.tell(Event::Tick);
    bench.proved();
    bench.answer(unreachable());
    bench.wait(11);
    assert!(matches!(bench.ask(0, Some(6)), Answer::Wait));
}
