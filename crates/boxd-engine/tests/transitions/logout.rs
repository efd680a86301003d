//! Logging out: noted durably, revoked at Box, forgotten; withdrawn where Box cannot be reached.

use boxd_engine::{Answer, Event, Loaded, Operation, Refusal, State, Trouble};

use crate::{
    bench::Bench,
    fixtures::{
        INVALID_GRANT, LEAD, LIFE, error, full, grant, lost, record, reply, settings, start, unreachable,
    },
};

#[test]
fn a_logout_is_noted_then_revoked_then_forgotten() {
    let mut bench = Bench::healthy();
    bench.log_out(false);
    bench.said(&["commit 5 Note"]);
    assert!(bench.writing().record.logging_out);
    bench.committed();
    bench.said(&["revoke R5"]);
    bench.revoked(reply(200, ""));
    bench.said(&["forget 5"]);
    assert!(bench.session.snapshot().token.is_none());
    bench.forgotten(Ok(()));
    bench.said(&["finished 2"]);
    assert_eq!(bench.state(), State::Absent);
    assert_eq!(bench.due(), None);
    assert!(matches!(bench.ask(0, None), Answer::Refuse(Refusal::Trouble(Trouble::Absent))));

    bench.log_in(false);
    bench.committed();
    assert_eq!(bench.generation(), 6, "generations count on");
}

#[test]
fn a_local_logout_only_forgets() {
    let mut bench = Bench::healthy();
    bench.log_out(true);
    bench.said(&["forget 5"]);
    bench.forgotten(Ok(()));
    bench.said(&["finished 2"]);
}

#[test]
fn a_dead_grant_is_forgotten_without_asking_box() {
    let mut bench = Bench::healthy();
    bench.die();
    bench.hush();
    bench.log_out(false);
    bench.said(&["forget 5"]);
}

#[test]
fn box_saying_that_the_token_is_dead_is_as_good_as_a_revocation() {
    let mut bench = Bench::healthy();
    bench.log_out(false);
    bench.committed();
    bench.hush();
    bench.revoked(reply(400, INVALID_GRANT));
    bench.said(&["forget 5"]);
}

#[test]
fn an_unreachable_box_withdraws_the_note() {
    for answer in [unreachable(), lost(), reply(503, ""), error("invalid_client"), reply(429, "")] {
        let what = format!("{answer:?}");
        let mut bench = Bench::healthy();
        bench.log_out(false);
        bench.committed();
        bench.hush();
        bench.revoked(answer);
        assert!(!bench.writing().record.logging_out);
        bench.said(&["commit 5 Note", "refused 2"]);
        bench.committed();
        assert_eq!(bench.state(), State::Healthy, "{what}");
        assert_eq!(bench.served(), ("A5".into(), LIFE - LEAD), "{what}");
    }
}

#[test]
fn a_note_that_cannot_be_withdrawn_is_tried_again() {
    let mut bench = Bench::healthy();
    bench.log_out(false);
    bench.committed();
    bench.revoked(unreachable());
    bench.commit(full());
    bench.hush();
    bench.next();
    bench.said(&["commit 5 Note again"]);
    bench.committed();
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn a_note_that_cannot_be_saved_is_no_logout() {
    let mut bench = Bench::healthy();
    bench.log_out(false);
    bench.hush();
    bench.commit(full());
    bench.said(&["refused 2"]);
    assert_eq!(bench.served().0, "A5");
    bench.next();
    assert!(!bench.writing().record.logging_out);
    bench.committed();
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn a_logout_waits_for_the_spend_under_way_and_revokes_its_outcome() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    bench.log_out(false);
    bench.hush();
    bench.grant(LIFE);
    bench.committed();
    bench.said(&["commit 6 Successor", "renewed 6", "commit 6 Note"]);
    bench.committed();
    bench.said(&["revoke R6"]);
}

#[test]
fn in_doubt_the_newest_pair_is_found_first() {
    let mut bench = Bench::healthy();
    bench.fail(lost());
    bench.hush();
    bench.log_out(false);
    bench.said(&[]);
    assert_eq!(bench.due_in(), Some(5));
    bench.next();
    bench.said(&["renewing: Logout", "spend R5"]);
    bench.grant(LIFE);
    bench.committed();
    bench.committed();
    bench.said(&["commit 6 Successor", "renewed 6", "commit 6 Note", "revoke R6"]);
}

#[test]
fn in_doubt_that_lasts_a_logout_fails_and_the_grant_lives_on() {
    let mut bench = Bench::healthy();
    bench.fail(lost());
    bench.log_out(false);
    bench.next();
    bench.hush();
    bench.answer(unreachable());
    bench.said(&["failed", "refused 2"]);
    assert_eq!(bench.state(), State::InDoubt);
    bench.next();
    bench.said(&["renewing: Retry", "spend R5"]);
}

#[test]
fn a_second_wish_is_refused_while_one_is_under_way() {
    let mut bench = Bench::healthy();
    bench.log_out(false);
    bench.committed();
    bench.hush();
    bench.log_in(false);
    bench.said(&["refused 1"]);
    bench.tell(Event::Adopt { operation: Operation(3) });
    bench.said(&["refused 3"]);
}

#[test]
fn a_logout_cut_short_is_resumed() {
    let mut noted = record(5, start(), LIFE);
    noted.logging_out = true;
    let mut bench = Bench::loaded(grant(noted));
    bench.committed();
    bench.revoked(reply(200, ""));
    bench.forgotten(Ok(()));
    bench.said(&["commit 5 Note", "revoke R5", "forget 5"]);
    assert_eq!(bench.state(), State::Absent);
}

#[test]
fn a_resumed_logout_that_cannot_reach_box_is_withdrawn() {
    let mut noted = record(5, start(), LIFE);
    noted.logging_out = true;
    let mut bench = Bench::loaded(grant(noted));
    bench.committed();
    bench.revoked(unreachable());
    assert!(!bench.writing().record.logging_out);
    bench.committed();
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn a_resumed_logout_that_may_not_be_sent_is_withdrawn() {
    let mut noted = record(5, start(), LIFE);
    noted.logging_out = true;
    let at = start();
    let orphan = boxd_engine::Settings { binding: None, ..settings() };
    let mut bench = Bench::load(grant(noted), orphan, at.boot.0, at.wall.0);
    bench.said(&["commit 5 Note"]);
    assert!(!bench.writing().record.logging_out, "no logout out of the blue in a month");
    bench.committed();
    assert_eq!(bench.served().0, "A5");
}

#[test]
fn a_resumed_logout_in_a_doubt_that_lasts_is_withdrawn() {
    let mut noted = record(5, start(), LIFE);
    noted.logging_out = true;
    let record = Box::new(noted);
    let mut bench = Bench::loaded(Loaded::Grant { record, in_doubt: true, foreign: false, rewrite: false });
    if bench.idle() {
        bench.next();
    }
    bench.proved();
    bench.hush();
    bench.answer(lost());
    bench.said(&["failed", "commit 5 Note"]);
    assert!(!bench.writing().record.logging_out);
    bench.committed();
    assert_eq!(bench.state(), State::InDoubt);
    assert!(bench.due().unwrap() >= 5_000);
}

#[test]
fn what_cannot_be_forgotten_is_served_no_more_and_tried_again() {
    let mut bench = Bench::healthy();
    bench.log_out(true);
    bench.hush();
    bench.forgotten(full());
    bench.said(&["failed", "refused 2"]);
    assert_eq!(bench.state(), State::Unsaved);
    assert!(bench.session.snapshot().token.is_none());
    bench.next();
    bench.said(&["forget 5"]);
    bench.forgotten(Ok(()));
    assert_eq!(bench.state(), State::Absent);
    assert_eq!(bench.due(), None);
}

#[test]
fn logging_out_of_nothing_is_done_at_once() {
    let mut bench = Bench::absent();
    bench.log_out(false);
    bench.forgotten(Ok(()));
    bench.said(&["forget 5", "finished 2"]);
}
