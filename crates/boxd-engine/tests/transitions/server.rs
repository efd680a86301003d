//! CCG and JWT: minted without a person, old tokens live on, and nothing is ever in doubt.

use boxd_engine::{
    Answer, Binding, Credential, Event, Generation, GrantId, NewGrant, Operation, Record, Refusal,
    ServerAuth, Settings, State, Subject, Trouble, schedule::Mode,
};

use crate::{
    bench::Bench,
    fixtures::{
        BOOT, DAY, HOUR, INVALID_GRANT, LEAD, LIFE, WALL, binding, error, full, grant, later, lost, record,
        reply, settings, start, unreachable,
    },
};

fn enterprise(id: &str) -> ServerAuth {
    ServerAuth::ClientCredentials(Subject::Enterprise(id.into()))
}

fn minting() -> Settings {
    Settings { server_auth: Some(enterprise("1")), ..settings() }
}

fn on_demand() -> Settings {
    Settings { mode: Mode::OnDemand, ..minting() }
}

/// An application that has minted nothing yet; the last generation of the account was 5.
fn empty(auth: ServerAuth) -> Record {
    Record {
        grant: GrantId([3; 16]),
        generation: Generation(5),
        credential: Credential::Server { auth, access: None },
        ..record(5, start(), LIFE)
    }
}

fn fresh(settings: Settings) -> Bench {
    Bench::load(grant(empty(enterprise("1"))), settings, BOOT, WALL)
}

fn token(name: &str, life: u64) -> boxd_engine::Exchange {
    reply(200, &format!(r#"{{"access_token":"{name}","expires_in":{life},"token_type":"bearer"}}"#))
}

/// One that holds `M6`.
fn minted() -> Bench {
    let mut bench = fresh(minting());
    bench.answer(token("M6", LIFE));
    bench.committed();
    bench.hush();
    bench
}

#[test]
fn the_first_token_is_minted_at_once_and_without_a_journal() {
    let mut bench = fresh(minting());
    bench.said(&["renewing: Schedule", "mint"]);
    bench.answer(token("M6", LIFE));
    bench.said(&["commit 6 Replacement"]);
    assert!(matches!(bench.ask(0, None), Answer::Wait), "not before it is durable");
    bench.committed();
    bench.said(&["renewed 6", "confirm"]);
    assert_eq!(bench.served(), ("M6".into(), LIFE), "promised to its end: the next one leaves it alone");
    assert_eq!(bench.state(), State::Healthy);
    assert_eq!(bench.due_in(), Some(LIFE - LEAD));
}

#[test]
fn while_the_next_one_is_minted_the_old_one_is_promised_to_its_end() {
    let mut bench = minted();
    bench.next();
    bench.said(&["renewing: Schedule", "mint"]);
    assert_eq!(bench.served(), ("M6".into(), LEAD));
    bench.answer(token("M7", LIFE));
    assert_eq!(bench.served(), ("M6".into(), LEAD));
    bench.committed();
    assert_eq!(bench.served(), ("M7".into(), LIFE));
    assert_eq!(bench.generation(), 7);
}

#[test]
fn a_lost_answer_is_no_doubt() {
    for exchange in
        [lost(), unreachable(), reply(502, "<html>"), reply(409, ""), reply(200, "{"), later(429, 3)]
    {
        let mut bench = minted();
        bench.next();
        bench.hush();
        bench.answer(exchange);
        assert_eq!(bench.state(), State::Backoff);
        assert_eq!(bench.served().0, "M6");
        bench.next();
        bench.answer(token("M7", LIFE));
        bench.committed();
        assert_eq!((bench.state(), bench.served().0), (State::Healthy, "M7".into()));
    }
}

#[test]
fn a_refusal_is_for_a_person_and_heals() {
    for body in [
        INVALID_GRANT,
        r#"{"error":"invalid_grant","error_description":"Grant credentials are invalid"}"#,
        r#"{"error":"invalid_request","error_description":"The grant type is unauthorized for this client_id"}"#,
    ] {
        let mut bench = minted();
        bench.next();
        bench.answer(reply(400, body));
        assert_eq!(bench.state(), State::ActionRequired, "{body}");
        assert!(matches!(bench.trouble(), Some(Trouble::AppRefused(_))));
        assert_eq!(bench.served().0, "M6", "still valid");
        assert!(bench.due_in().unwrap() <= HOUR);
        bench.tell(Event::Configured(minting()));
        bench.answer(token("M7", LIFE));
        bench.committed();
        assert_eq!(bench.state(), State::Healthy);
    }
    let mut bench = minted();
    bench.next();
    bench.answer(error("unauthorized_client"));
    assert!(matches!(bench.trouble(), Some(Trouble::UnauthorizedClient(_))));
}

#[test]
fn a_token_that_cannot_be_saved_is_served_all_the_same() {
    let mut bench = fresh(minting());
    bench.answer(token("M6", LIFE));
    bench.commit(full());
    assert_eq!(bench.served(), ("M6".into(), LIFE));
    assert_eq!(bench.state(), State::Backoff);
    assert!(matches!(bench.trouble(), Some(Trouble::NotSaved(_))));
    bench.next();
    bench.answer(token("M7", LIFE));
    bench.committed();
    assert_eq!((bench.state(), bench.served().0), (State::Healthy, "M7".into()));
}

#[test]
fn another_subject_or_application_gets_tokens_of_its_own() {
    let other_app = Some(Binding { client_id: "another".into(), ..binding() });
    for settings in [
        Settings { server_auth: Some(enterprise("2")), ..minting() },
        Settings { binding: other_app, ..minting() },
        Settings { server_auth: Some(ServerAuth::Jwt(None)), ..minting() },
    ] {
        let mut bench = minted();
        bench.tell(Event::Configured(settings.clone()));
        bench.said(&["renewing: Schedule", "mint"]);
        assert!(matches!(bench.ask(0, None), Answer::Wait), "the old subject's token is not handed out");
        bench.answer(token("N7", LIFE));
        bench.committed();
        assert_eq!(bench.served().0, "N7");

        let mut bench = fresh(minting());
        bench.tell(Event::Configured(settings.clone()));
        bench.answer(token("M6", LIFE));
        bench.answer(token("N6", LIFE));
        bench.committed();
        assert_eq!(bench.served().0, "N6", "what was asked for before the change is dropped");

        let mut held = empty(enterprise("1"));
        let token = boxd_engine::IssuedToken {
            token: boxd_engine::AccessToken::new("M5"),
            sent: start(),
            life: std::time::Duration::from_secs(LIFE),
        };
        held.credential = Credential::Server { auth: enterprise("1"), access: Some(token) };
        let mut bench = Bench::load(grant(held), settings, BOOT, WALL);
        bench.said(&["renewing: Schedule", "mint"]);
        assert!(matches!(bench.ask(0, None), Answer::Wait), "loaded under another configuration");
    }
}

#[test]
fn a_login_is_not_touched_by_a_config_that_mints_and_comes_back() {
    let mut bench = Bench::healthy();
    bench.tell(Event::Configured(minting()));
    assert!(matches!(bench.trouble(), Some(Trouble::AuthDiffers { stored_is_login: true })));
    assert_eq!(bench.served().0, "A5", "served until it ends");
    assert!(bench.idle() && bench.due_in() > Some(30 * DAY), "only the deadline's warning is planned");
    bench.tell(Event::Configured(settings()));
    assert_eq!(bench.state(), State::Healthy);

    let mut bench = minted();
    bench.tell(Event::Configured(settings()));
    assert!(matches!(bench.trouble(), Some(Trouble::AuthDiffers { stored_is_login: false })));
    assert_eq!(bench.served().0, "M6");
    bench.tell(Event::Configured(Settings { binding: None, ..minting() }));
    assert!(matches!(bench.trouble(), Some(Trouble::Orphaned)));
}

#[test]
fn on_demand_mints_when_asked() {
    let mut bench = fresh(on_demand());
    assert!(bench.idle() && bench.due_in().is_none());
    assert!(matches!(bench.ask(0, None), Answer::Wait));
    bench.answer(token("M6", LIFE));
    bench.committed();
    assert_eq!(bench.served(), ("M6".into(), LIFE));
    assert_eq!(bench.due_in(), None);
    bench.wait(LIFE + 1);
    assert!(matches!(bench.ask(0, None), Answer::Wait));
    assert!(!bench.idle());
}

#[test]
fn longer_lives_and_rejected_tokens_are_bounded() {
    let mut bench = minted();
    bench.wait(LIFE / 2);
    assert!(matches!(bench.ask(LIFE - LEAD, None), Answer::Wait));
    bench.answer(token("M7", LIFE));
    bench.committed();
    assert_eq!(bench.served(), ("M7".into(), LIFE));
    assert!(matches!(bench.ask(2 * LIFE, None), Answer::Refuse(Refusal::MinTtlUnattainable { .. })));
    assert!(matches!(bench.ask(0, Some(7)), Answer::Refuse(Refusal::Unavailable { .. })), "too soon");
    assert!(matches!(bench.ask(0, Some(6)), Answer::Serve(_)), "an old one");
    bench.wait(60);
    assert!(matches!(bench.ask(0, Some(7)), Answer::Wait));
}

#[test]
fn a_logout_revokes_the_token_at_hand() {
    let mut bench = minted();
    bench.log_out(false);
    bench.committed();
    bench.revoked(reply(200, ""));
    bench.forgotten(Ok(()));
    bench.said(&["commit 6 Note", "revoke M6", "forget 6", "finished 2"]);
    assert_eq!(bench.state(), State::Absent);

    let mut bench = fresh(on_demand());
    bench.log_out(false);
    bench.said(&["forget 5"]);
}

#[test]
fn an_import_takes_the_place_of_a_login_and_the_other_way_round() {
    let mut bench = Bench::healthy();
    let grant = Box::new(NewGrant { record: empty(enterprise("1")), renew_now: true, settings: minting() });
    bench.tell(Event::Replace { operation: Operation(1), grant });
    bench.committed();
    bench.answer(token("M7", LIFE));
    bench.committed();
    assert_eq!((bench.served().0, bench.state()), ("M7".into(), State::Healthy));
    bench.log_in(false);
    bench.committed();
    assert_eq!(bench.served().0, "A100");
    assert_eq!(bench.state(), State::Healthy);
}

#[test]
fn a_change_of_the_configuration_during_a_write_is_heeded_after_it() {
    let mut bench = minted();
    let user = boxd_engine::User { id: "1".into(), login: "a@b".into(), name: "A".into() };
    bench.tell(Event::Identified(user));
    bench.tell(Event::Configured(Settings { server_auth: Some(enterprise("2")), ..minting() }));
    assert!(matches!(bench.ask(0, None), Answer::Wait), "not even while the record is away");
    bench.committed();
    bench.said(&["commit 6 Note", "renewing: Schedule", "mint"]);
    assert!(matches!(bench.ask(0, None), Answer::Wait), "the old subject's token is not handed out");
}
