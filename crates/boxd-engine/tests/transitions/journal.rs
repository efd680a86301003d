//! Prove before spend, commit before publish, and what happens where the store fails in between.

use boxd_engine::{Answer, Credential, Event, Generation, Spend, State, Trouble, Which};

use crate::{
    bench::Bench,
    fixtures::{HOUR, LEAD, LIFE, MINUTE, full, lost, pair, record, unreachable},
};

#[test]
fn a_spend_is_proved_before_and_committed_before_it_is_seen() {
    let mut bench = Bench::healthy();
    assert_eq!(bench.next(), LIFE - LEAD);
    bench.said(&["renewing: Schedule", "prove 5"]);
    assert_eq!(bench.state(), State::Spending);

    bench.proved();
    bench.said(&["spend R5"]);

    bench.grant(LIFE);
    bench.said(&["commit 6 Successor"]);
    assert_eq!(bench.served().0, "A5", "the successor is not durable yet");

    bench.committed();
    bench.said(&["renewed 6"]);
    assert_eq!(bench.served(), ("A6".into(), LIFE - LEAD));
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn the_pair_before_stays_in_the_successor() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    bench.grant(LIFE);
    let Credential::OAuth2 { refresh, previous, .. } = &bench.writing().record.credential else {
        panic!("a pair")
    };
    assert_eq!(refresh.expose(), "R6");
    assert_eq!(previous.as_ref().unwrap().expose(), "R5");
}

#[test]
fn nothing_is_sent_that_is_not_proved() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.hush();
    bench.prove(full());
    bench.said(&["failed"]);
    assert!(bench.idle());
    assert_eq!(bench.state(), State::Backoff);
    assert!(matches!(bench.trouble(), Some(Trouble::NotProved(_))));
    assert_eq!(bench.served().0, "A5");

    bench.next();
    bench.said(&["renewing: Retry", "prove 5"]);
    bench.renew(LIFE);
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn an_intent_that_was_not_used_is_withdrawn() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    bench.hush();
    bench.answer(unreachable());
    bench.said(&["withdraw", "failed"]);
    bench.next();
    bench.said(&["renewing: Retry", "prove 5"]);
}

#[test]
fn an_unsaved_successor_is_neither_published_nor_spent() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    bench.grant(LIFE);
    bench.hush();
    for attempt in 1..20 {
        bench.commit(full());
        bench.said(&["failed"]);
        assert_eq!(bench.state(), State::Unsaved);
        assert!(matches!(bench.trouble(), Some(Trouble::NotSaved(_))));
        assert_eq!(bench.session.unsaved().unwrap().generation, Generation(6));
        assert_eq!(bench.generation(), 5);
        assert!(bench.due_in().unwrap() <= MINUTE, "attempt {attempt}");
        bench.next();
        bench.said(&["commit 6 Successor again"]);
    }
    bench.committed();
    bench.said(&["renewed 6"]);
    assert!(bench.session.unsaved().is_none());
    assert_eq!(bench.served().0, "A6");
}

#[test]
fn the_old_token_is_served_while_the_new_one_is_unsaved() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    bench.grant(LIFE);
    bench.commit(full());
    assert_eq!(bench.served().0, "A5");
    bench.wait(LEAD);
    assert!(matches!(bench.ask(0, None), Answer::Wait), "neither the dead nor the unsaved one");
}

#[test]
fn a_caller_may_hurry_a_save_but_not_a_spend() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    bench.grant(LIFE);
    bench.commit(full());
    bench.hush();
    bench.refresh().unwrap();
    bench.said(&["commit 6 Successor again"]);
}

#[test]
fn whoever_asks_while_a_spend_is_under_way_waits_for_that_one() {
    let mut bench = Bench::healthy();
    bench.wait(2 * HOUR);
    assert!(matches!(bench.ask(0, None), Answer::Wait));
    bench.said(&["renewing: Schedule", "prove 5"]);
    for _ in 0..10 {
        assert!(matches!(bench.ask(0, None), Answer::Wait));
        bench.refresh().unwrap();
        bench.tell(Event::Tick);
    }
    bench.said(&[]);
    bench.renew(LIFE);
    assert_eq!(bench.served().0, "A6");
}

#[test]
fn an_answer_for_another_grant_or_generation_changes_nothing() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    let spend = Box::new(bench.spend());
    let sent = bench.moment();
    bench.tell(Event::Answered { spend, sent, exchange: lost() });
    let stray = Box::new(Spend { record: Box::new(record(5, sent, LIFE)), which: Which::Current });
    bench.hush();
    bench.tell(Event::Answered { spend: stray, sent, exchange: pair(9, LIFE) });
    bench.said(&[]);
    assert_eq!(bench.state(), State::InDoubt);
    assert_eq!(bench.generation(), 5);
}

#[test]
fn a_stray_word_of_the_store_takes_no_grant_away() {
    let mut bench = Bench::healthy();
    bench.tell(Event::Proved { generation: Generation(5), result: Ok(()) });
    assert_eq!(bench.state(), State::Healthy);
    assert_eq!(bench.due_in(), Some(LIFE - LEAD));
    bench.next();
    bench.renew(LIFE);
    assert_eq!(bench.served().0, "A6");
}
