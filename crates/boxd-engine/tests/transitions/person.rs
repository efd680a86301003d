//! What only a person can mend: it heals by itself once they did, and is not hammered until then.

use boxd_engine::{Answer, Binding, Event, Refusal, Settings, State, Trouble};

use crate::{
    bench::Bench,
    fixtures::{DAY, HOUR, LEAD, LIFE, MINUTE, binding, error, grant, record, settings, start},
};

fn elsewhere() -> Settings {
    let binding = Binding { client_id: "another".into(), ..binding() };
    Settings { binding: Some(binding), ..settings() }
}

#[test]
fn each_error_keeps_the_grant_and_is_tried_again_in_its_time() {
    for (code, from, to) in [
        ("password_reset_required", 15 * MINUTE, HOUR),
        ("terms_of_service_required", 15 * MINUTE, HOUR),
        ("invalid_client", 50 * MINUTE, HOUR),
        ("unauthorized_client", 50 * MINUTE, HOUR),
        ("invalid_request", 50 * MINUTE, HOUR),
    ] {
        for jitter in [0, u32::MAX] {
            let mut bench = Bench::healthy();
            bench.jitter = jitter;
            for _ in 0..6 {
                bench.fail(error(code));
                assert_eq!(bench.state(), State::ActionRequired, "{code}");
                let due = bench.due_in().unwrap();
                assert!((from..=to).contains(&due), "{code}: {due} s");
            }
            assert!(matches!(bench.ask(0, None), Answer::Refuse(Refusal::Trouble(_))), "comes at once");
            bench.next();
            bench.renew(LIFE);
            assert_eq!(bench.state(), State::Healthy, "{code}");
        }
    }
}

#[test]
fn a_valid_token_is_served_whoever_must_act() {
    let mut bench = Bench::healthy();
    bench.fail(error("password_reset_required"));
    assert_eq!(bench.served().0, "A5");
}

#[test]
fn a_reload_tries_at_once() {
    for code in ["invalid_client", "unauthorized_client", "invalid_request", "password_reset_required"] {
        let mut bench = Bench::healthy();
        bench.fail(error(code));
        bench.hush();
        bench.tell(Event::Configured(settings()));
        bench.said(&["renewing: Retry", "prove 5"]);
        bench.renew(LIFE);
        assert_eq!(bench.state(), State::Healthy, "{code}");
    }
}

#[test]
fn a_reload_of_a_healthy_account_changes_nothing() {
    let mut bench = Bench::healthy();
    bench.tell(Event::Configured(settings()));
    bench.said(&[]);
    assert_eq!(bench.due_in(), Some(LIFE - LEAD));
}

#[test]
fn a_grant_is_not_sent_to_another_application() {
    let mut bench = Bench::healthy();
    bench.tell(Event::Configured(elsewhere()));
    assert_eq!(bench.state(), State::ActionRequired);
    let said = bench.trouble().unwrap().to_string();
    assert!(said.contains("client_id app") && said.contains("client_id another"), "{said}");
    assert_eq!(bench.served(), ("A5".into(), LIFE), "nothing will end it before Box does");
    assert!(bench.refresh().is_err());
    bench.wait(2 * HOUR);
    bench.tell(Event::Tick);
    assert!(matches!(bench.refused(), Trouble::BindingDiffers { .. }));
    bench.said(&[]);

    bench.tell(Event::Configured(settings()));
    bench.said(&["renewing: Schedule", "prove 5"]);
    bench.renew(LIFE);
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn the_binding_is_checked_before_every_spend() {
    let mut bench = Bench::with(elsewhere());
    bench.wait(DAY);
    bench.tell(Event::Tick);
    assert_eq!(bench.state(), State::ActionRequired);
    assert!(matches!(bench.trouble(), Some(Trouble::BindingDiffers { .. })));
    assert!(bench.idle());
}

#[test]
fn an_account_dropped_from_the_config_is_served_until_its_token_ends() {
    let mut bench = Bench::healthy();
    bench.tell(Event::Configured(Settings { binding: None, ..settings() }));
    assert_eq!(bench.trouble(), Some(Trouble::Orphaned));
    assert_eq!(bench.served(), ("A5".into(), LIFE));
    bench.wait(LIFE);
    assert_eq!(bench.refused(), Trouble::Orphaned);
    bench.said(&[]);
    bench.tell(Event::Configured(settings()));
    bench.said(&["renewing: Schedule", "prove 5"]);
}

#[test]
fn a_config_put_back_while_the_store_is_busy_heals_too() {
    let mut bench = Bench::healthy();
    bench.tell(Event::Configured(elsewhere()));
    bench.log_in(false);
    bench.tell(Event::Configured(settings()));
    bench.commit(crate::fixtures::full());
    bench.next();
    bench.committed();
    assert_eq!(bench.state(), State::Healthy);
    assert!(bench.due().is_some());
}

#[test]
fn another_machines_store_is_neither_served_nor_spent() {
    let loaded = boxd_engine::Loaded::Grant {
        record: Box::new(record(5, start(), LIFE)),
        in_doubt: false,
        foreign: true,
        rewrite: false,
    };
    let mut bench = Bench::loaded(loaded);
    assert_eq!(bench.state(), State::ActionRequired);
    assert_eq!(bench.refused(), Trouble::ForeignMachine);
    assert!(bench.session.snapshot().token.is_none());
    assert!(bench.refresh().is_err());
    bench.log_out(false);
    bench.wait(DAY);
    bench.tell(Event::Tick);
    bench.tell(Event::Configured(settings()));
    bench.said(&["refused 2"]);
    assert_eq!(bench.due(), None);
}

#[test]
fn adoption_is_durable_first() {
    let loaded = boxd_engine::Loaded::Grant {
        record: Box::new(record(5, start(), LIFE)),
        in_doubt: false,
        foreign: true,
        rewrite: false,
    };
    let mut bench = Bench::loaded(loaded);
    let adopt = || Event::Adopt { operation: boxd_engine::Operation(3) };
    bench.tell(adopt());
    bench.said(&["commit 5 Note"]);
    bench.commit(crate::fixtures::full());
    bench.said(&["refused 3"]);
    assert_eq!(bench.refused(), Trouble::ForeignMachine);
    assert_eq!(bench.state(), State::ActionRequired, "as before");

    bench.tell(adopt());
    bench.committed();
    bench.said(&["commit 5 Note", "finished 3"]);
    assert_eq!(bench.state(), State::Healthy);
    assert_eq!(bench.served(), ("A5".into(), LIFE - LEAD));
}

#[test]
fn an_adopted_store_keeps_its_doubt() {
    let loaded = boxd_engine::Loaded::Grant {
        record: Box::new(record(5, start(), LIFE)),
        in_doubt: true,
        foreign: true,
        rewrite: false,
    };
    let mut bench = Bench::loaded(loaded);
    bench.tell(Event::Adopt { operation: boxd_engine::Operation(3) });
    bench.committed();
    if bench.idle() {
        assert_eq!(bench.state(), State::InDoubt);
        bench.next();
    }
    bench.proved();
    bench.answer(crate::fixtures::reply(400, crate::fixtures::INVALID_GRANT));
    assert_eq!(bench.state(), State::InDoubt, "one refusal proves nothing");
}

#[test]
fn a_token_that_came_alone_is_served_until_it_ends() {
    let mut record = record(5, start(), LIFE);
    let access = record.access().unwrap().clone();
    record.credential = boxd_engine::Credential::AccessOnly { access };
    let mut bench = Bench::loaded(grant(record));
    assert_eq!(bench.served(), ("A5".into(), LIFE), "nothing renews it, so it is promised to its end");
    assert!(bench.refresh().is_err());
    bench.wait(LIFE - 60);
    let longer = bench.ask(120, None);
    assert!(matches!(longer, Answer::Refuse(Refusal::MinTtlUnattainable { .. })), "{longer:?}");
    assert_eq!(bench.served(), ("A5".into(), 60));
    bench.next();
    assert_eq!(bench.refused(), Trouble::AccessOnlyEnded);
    assert_eq!(bench.state(), State::LoginRequired);
    bench.said(&["failed"]);
    assert_eq!(bench.due(), None);
}

#[test]
fn a_token_that_came_alone_and_was_rejected_needs_a_login() {
    let mut record = record(5, start(), LIFE);
    let access = record.access().unwrap().clone();
    record.credential = boxd_engine::Credential::AccessOnly { access };
    let mut bench = Bench::loaded(grant(record));
    let answer = bench.ask(0, Some(5));
    assert!(matches!(answer, Answer::Refuse(Refusal::Trouble(Trouble::AccessOnlyEnded))), "{answer:?}");
}

#[test]
fn a_config_put_back_with_another_lead_keeps_the_old_one_until_the_next_commit() {
    let mut bench = Bench::healthy();
    bench.tell(Event::Configured(elsewhere()));
    let lead = std::time::Duration::from_secs(15 * MINUTE);
    bench.tell(Event::Configured(Settings { lead, ..settings() }));
    assert_eq!(bench.due_in(), Some(LIFE - LEAD));
}

#[test]
fn a_secret_that_cannot_be_had_is_for_a_person_and_looked_for_again() {
    let mut bench = Bench::healthy();
    bench.fail(boxd_engine::Exchange::Unprepared("secret command `pass`: exit status 3".into()));
    assert_eq!(bench.state(), State::ActionRequired);
    assert!(matches!(bench.trouble(), Some(Trouble::Unprepared(_))));
    assert_eq!(bench.served().0, "A5");
    assert!(bench.due_in().unwrap() <= 5 * MINUTE);
    bench.next();
    bench.renew(LIFE);
    assert_eq!(bench.state(), State::Healthy);
}
