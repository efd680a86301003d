//! What the store held at the start: in doubt, to be rewritten, damaged, or nothing.

use boxd_engine::{Answer, Generation, Loaded, Lock, State, Trouble};

use crate::{
    bench::Bench,
    fixtures::{INVALID_GRANT, LEAD, LIFE, full, in_doubt, record, reply, start},
};

fn rewrite(in_doubt: bool) -> Loaded {
    let record = Box::new(record(6, start(), LIFE));
    Loaded::Grant { record, in_doubt, foreign: false, rewrite: true }
}

#[test]
fn a_healthy_grant_is_served_from_the_first_moment() {
    let mut bench = Bench::healthy();
    bench.said(&[]);
    assert_eq!(bench.served(), ("A5".into(), LIFE - LEAD));
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn a_spend_cut_short_is_in_doubt_and_sent_again() {
    let mut bench = Bench::loaded(in_doubt());
    assert_eq!(bench.served().0, "A5");
    if bench.idle() {
        assert_eq!(bench.state(), State::InDoubt);
        bench.next();
    }
    bench.said(&["renewing: Retry", "prove 5"]);
    bench.proved();
    bench.answer(reply(400, INVALID_GRANT));
    assert_eq!(bench.state(), State::InDoubt, "one refusal is no proof");
    bench.next();
    bench.grant(LIFE);
    bench.committed();
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn a_daemon_that_dies_again_and_again_keeps_the_distance() {
    let bench = Bench::loaded(in_doubt());
    assert!(bench.idle());
    assert!(bench.due().unwrap() >= 5_000, "the process before may have sent it just now");
}

#[test]
fn a_successor_out_of_the_spare_is_put_in_its_place_before_it_is_seen() {
    let mut bench = Bench::loaded(rewrite(false));
    bench.said(&["commit 6 Note"]);
    assert!(bench.session.snapshot().token.is_none());
    assert_eq!(bench.state(), State::Unsaved);
    bench.commit(full());
    assert!(matches!(bench.ask(0, None), Answer::Wait));
    bench.next();
    bench.hush();
    bench.committed();
    bench.said(&["renewed 6"]);
    assert_eq!(bench.served(), ("A6".into(), LIFE - LEAD - 1));
}

#[test]
fn a_rewritten_record_keeps_its_doubt() {
    let mut bench = Bench::loaded(rewrite(true));
    bench.committed();
    assert_eq!(bench.state(), State::InDoubt);
    if bench.idle() {
        bench.next();
    }
    bench.proved();
    bench.answer(reply(400, INVALID_GRANT));
    assert_eq!(bench.state(), State::InDoubt, "one refusal is no proof");
}

#[test]
fn nothing_is_absent() {
    let mut bench = Bench::absent();
    assert_eq!(bench.state(), State::Absent);
    assert_eq!(bench.generation(), 5);
    assert_eq!(bench.due(), None);
    assert_eq!(bench.refused(), Trouble::Absent);
}

#[test]
fn a_locked_store_needs_a_person_but_no_login() {
    let lock = Lock { why: "the keyring is locked".into(), next_step: "unlock it".into() };
    let mut bench = Bench::loaded(Loaded::Locked { lock: lock.clone() });
    assert_eq!(bench.state(), State::ActionRequired);
    assert_eq!(bench.refused(), Trouble::Locked(lock));
    assert_eq!(bench.due(), None, "nothing of it is tried");
}

#[test]
fn a_damaged_file_needs_a_login_and_says_why() {
    let loaded = Loaded::Damaged { highest: Generation(5), reason: "bad seal".into() };
    let mut bench = Bench::loaded(loaded);
    assert_eq!(bench.state(), State::LoginRequired);
    assert_eq!(bench.refused(), Trouble::Damaged("bad seal".into()));
    assert_eq!(bench.due(), None);
    bench.log_in(false);
    bench.committed();
    assert_eq!(bench.generation(), 6);
    assert_eq!(bench.state(), State::Healthy);
}
