//! Logins and imports: durable before they replace anything, queued behind a spend, and used once.

use boxd_engine::{Answer, Event, Generation, Operation, Record, State, Trouble, User};

use crate::{
    bench::Bench,
    fixtures::{
        DAY, INVALID_GRANT, LEAD, LIFE, error, full, grant, lost, newcomer, pair, record, reply, start,
    },
};

#[test]
fn a_first_login_is_committed_before_it_is_served() {
    let mut bench = Bench::absent();
    bench.log_in(false);
    bench.said(&["commit 6 Replacement"]);
    assert!(bench.session.snapshot().token.is_none());
    bench.committed();
    bench.said(&["finished 1"]);
    assert_eq!(bench.generation(), 6, "the counter goes on where it was");
    assert_eq!(bench.served(), ("A100".into(), LIFE - LEAD));
}

#[test]
fn an_import_is_spent_once_and_its_token_used_once() {
    let mut bench = Bench::absent();
    bench.log_in(true);
    bench.committed();
    bench.said(&["commit 6 Replacement", "finished 1", "renewing: Import", "prove 6"]);
    bench.renew(LIFE);
    bench.said(&["spend R100", "commit 7 Successor", "renewed 7", "confirm"]);
    let user = User { id: "1".into(), login: "a@b.example".into(), name: "A".into() };
    bench.tell(Event::Identified(user.clone()));
    assert_eq!(bench.session.snapshot().user.as_deref(), Some(&user));
}

#[test]
fn a_replacement_ends_every_trouble_of_the_old_grant() {
    let mut bench = Bench::healthy();
    bench.fail(lost());
    bench.log_in(false);
    bench.committed();
    assert_eq!(bench.state(), State::Healthy);
    assert_eq!(bench.trouble(), None);
    // No doubt is left over: one refusal and one last resort are proof.
    bench.die();
    assert!(matches!(bench.trouble(), Some(Trouble::Taken(_))));
}

#[test]
fn a_replacement_waits_for_the_spend_under_way() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    bench.hush();
    bench.log_in(false);
    bench.said(&[]);
    bench.log_in(false);
    bench.said(&["refused 1"]);
    bench.grant(LIFE);
    bench.said(&["commit 6 Successor"]);
    bench.committed();
    bench.said(&["renewed 6", "commit 7 Replacement"]);
    bench.committed();
    bench.said(&["finished 1"]);
    assert_eq!(bench.served().0, "A100");
    assert_eq!(bench.generation(), 7);
}

#[test]
fn a_replacement_is_taken_though_the_successor_cannot_be_saved() {
    let mut bench = Bench::healthy();
    bench.next();
    bench.proved();
    bench.log_in(false);
    bench.grant(LIFE);
    bench.hush();
    bench.commit(full());
    bench.said(&["failed", "commit 7 Replacement"]);
    bench.committed();
    assert_eq!(bench.served().0, "A100");
}

#[test]
fn a_replacement_that_cannot_be_saved_leaves_the_old_grant() {
    let mut bench = Bench::healthy();
    bench.log_in(false);
    bench.hush();
    bench.commit(full());
    bench.said(&["refused 1"]);
    assert_eq!(bench.served().0, "A5");
    // What the disk holds is unknown, so the old grant is put back before it is spent.
    bench.next();
    bench.said(&["commit 5 Note again"]);
    bench.committed();
    assert_eq!(bench.state(), State::Healthy);
    assert_eq!(bench.served().0, "A5");
    bench.next();
    bench.renew(LIFE);
    assert_eq!(bench.generation(), 7, "the number of the failed login is not used again");
}

#[test]
fn a_replacement_that_fails_leaves_a_person_trouble_as_it_was() {
    for dead in [true, false] {
        let mut bench = Bench::healthy();
        if dead {
            bench.die();
        } else {
            bench.fail(error("password_reset_required"));
        }
        let state = bench.state();
        bench.log_in(false);
        bench.commit(full());
        bench.next();
        bench.hush();
        bench.committed();
        bench.said(&[]);
        assert_eq!(bench.state(), state);
        assert_eq!(bench.due_in().is_some_and(|due| due < DAY), !dead, "{state:?}");
        assert!(bench.due_in().is_none_or(|due| due > 600), "{state:?}");
    }
}

#[test]
fn a_doubt_outlives_a_replacement_that_fails() {
    let mut bench = Bench::healthy();
    bench.fail(lost());
    bench.log_in(false);
    bench.commit(full());
    bench.next();
    bench.committed();
    assert_eq!(bench.state(), State::InDoubt);
    if bench.idle() {
        bench.next();
    }
    bench.proved();
    bench.answer(reply(400, INVALID_GRANT));
    assert_eq!(bench.state(), State::InDoubt);
}

#[test]
fn a_first_login_that_cannot_be_saved_leaves_nothing() {
    let mut bench = Bench::absent();
    bench.log_in(false);
    bench.commit(full());
    assert_eq!(bench.state(), State::Absent);
    assert!(matches!(bench.ask(0, None), Answer::Refuse(_)));
    bench.log_in(false);
    bench.committed();
    assert_eq!(bench.generation(), 7);
}

#[test]
fn an_import_without_a_spend_waits_for_the_planned_renewal() {
    let mut import = newcomer(start());
    if let boxd_engine::Credential::OAuth2 { access, .. } = &mut import.credential {
        *access = None;
    }
    let mut bench = Bench::absent();
    bench.replace(import, false);
    bench.committed();
    bench.said(&["commit 6 Replacement", "finished 1"]);
    assert!(bench.due().is_some());
    assert!(matches!(bench.ask(0, None), Answer::Wait), "whoever asks brings it forward");
    bench.said(&["renewing: Demand", "prove 6"]);
}

#[test]
fn the_same_grant_is_known_again() {
    let mut bench = Bench::healthy();
    assert!(bench.session.holds_grant_of(&record(5, start(), LIFE)));
    assert!(!bench.session.holds_grant_of(&record(6, start(), LIFE)));
    bench.next();
    bench.proved();
    assert!(bench.session.holds_grant_of(&record(5, start(), LIFE)), "also while it is away");
}

#[test]
fn a_rename_takes_the_record_only_at_rest() {
    let mut bench = Bench::healthy();
    bench.next();
    assert!(bench.session.detach().is_none());
    bench.renew(LIFE);
    let record = bench.session.detach().unwrap();
    assert_eq!(record.generation, Generation(6));
    assert_eq!(bench.state(), State::Absent);
    assert_eq!(bench.due(), None);

    let mut bench = Bench::healthy();
    bench.fail(lost());
    assert!(bench.session.detach().is_none(), "not in doubt");
}

#[test]
fn adopting_what_is_not_foreign_is_done_already() {
    let mut bench = Bench::healthy();
    bench.tell(Event::Adopt { operation: Operation(3) });
    bench.said(&["finished 3"]);
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn a_crash_before_the_first_spend_of_an_import_only_delays_its_confirmation() {
    let imported = Record { unconfirmed: true, ..newcomer(start()) };
    let mut bench = Bench::loaded(grant(imported));
    bench.next();
    bench.proved();
    bench.hush();
    bench.answer(pair(101, LIFE));
    bench.committed();
    bench.said(&["commit 101 Successor", "renewed 101", "confirm"]);
    let user = User { id: "1".into(), login: "a@b".into(), name: "A".into() };
    bench.tell(Event::Identified(user));
    assert!(!bench.writing().record.unconfirmed, "once is enough, also after a restart");
}
