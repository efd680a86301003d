//! `boxctl token`: its outputs, its conditions and its exit statuses; and `status` beside it.

use boxd_tests::{Daemon, Sandbox};
use serde_json::Value;

fn running() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

#[test]
fn every_output_holds_the_same_token() {
    let (_sandbox, daemon) = running();
    let token = daemon.token();
    let output = |format| daemon.boxctl(&["token", "-o", format]).stdout;
    assert_eq!(output("token"), format!("{token}\n"));
    assert_eq!(output("header"), format!("Authorization: Bearer {token}\n"));
    assert_eq!(output("env"), format!("export BOX_ACCESS_TOKEN='{token}'\n"));
    assert_eq!(output("curl"), format!("header = \"Authorization: Bearer {token}\"\n"));
    let json: Value = serde_json::from_str(&output("json")).expect("JSON");
    assert_eq!(json["access_token"], token.as_str());
    assert_eq!(json["schema"], 1);
    assert_eq!(json["account"], "default");
    assert_eq!(json["token_type"], "bearer");
    assert_eq!(json["generation"], daemon.status()["generation"]);
    let promised = json["expires_in"].as_i64().expect("a number");
    assert!((1..=4200 - 300).contains(&promised), "at most until the planned renewal: {promised}");
    assert!(json["expires_at"].as_str() < json["box_expires_at"].as_str());
}

#[test]
fn exit_statuses_say_what_is_wrong() {
    let (sandbox, mut daemon) = running();
    let code = |daemon: &Daemon, arguments: &[&str]| {
        let outcome = daemon.boxctl(arguments);
        assert!(outcome.stdout.is_empty(), "{arguments:?} failed, yet printed on stdout");
        outcome.code
    };
    assert_eq!(code(&daemon, &["token", "--min-ttl", "soon"]), 2);
    assert_eq!(code(&daemon, &["token", "--rejected", "yes"]), 2);
    assert_eq!(code(&daemon, &["token", "nobody"]), 7);
    assert_eq!(code(&daemon, &["token", "--min-ttl", "2h"]), 8);

    sandbox.control("POST", "revoke", Some(&serde_json::json!({ "grant": 1 })));
    assert_eq!(code(&daemon, &["refresh"]), 4, "{}", daemon.status());
    daemon.kill();
    assert_eq!(code(&daemon, &["token", "--wait", "0"]), 3);
}

#[test]
fn errors_are_problems_where_json_is_asked_for() {
    let (_sandbox, daemon) = running();
    let outcome = daemon.boxctl(&["token", "nobody", "--json"]);
    let problem: Value = serde_json::from_str(&outcome.stderr).expect("JSON on stderr");
    assert_eq!(problem["code"], "unknown_account");
    assert_eq!(problem["status"], 404);
    assert!(problem["next_step"].as_str().is_some_and(|step| !step.is_empty()));
}

#[test]
fn a_rejected_token_is_renewed_once_and_only_while_it_is_current() {
    let (sandbox, daemon) = running();
    let old = daemon.token();
    let generation = daemon.status()["generation"].to_string();
    let spends = || sandbox.grant()["refreshes"].as_u64();
    let before = spends();

    let renewed = daemon.boxctl_with(&["token", "--rejected", "-"], &old);
    assert_eq!(renewed.code, 0, "{}", renewed.stderr);
    assert_ne!(renewed.stdout.trim_end(), old);
    assert_eq!(spends(), before.map(|count| count + 1));

    let again = daemon.boxctl_with(&["token", "--rejected", "-"], &old);
    assert_eq!(again.stdout, renewed.stdout, "somebody renewed it already");
    let by_generation = daemon.boxctl(&["token", "--rejected", &generation]);
    assert_eq!(by_generation.stdout, renewed.stdout);
    assert_eq!(spends(), before.map(|count| count + 1));

    let soon = daemon.boxctl_with(&["token", "--rejected", "-"], &renewed.stdout);
    assert_eq!(soon.code, 5, "renewals on demand keep a distance: {}", soon.stderr);
    assert_eq!(spends(), before.map(|count| count + 1));
}

#[test]
fn a_hundred_callers_cause_one_renewal() {
    let (sandbox, daemon) = running();
    let before = sandbox.grant()["refreshes"].as_u64();
    sandbox.hang_after_spending();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..100)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = boxd_client::Client::connect_to(daemon.socket())?;
                    client.refresh(None, None).map(|status| status.generation)
                })
            })
            .collect();
        // All of them are let in before Box answers.
        while sandbox.control("GET", "faults", None)["hung"] != 1 {
            std::thread::yield_now();
        }
        sandbox.control("POST", "release", None);
        for caller in callers {
            let generation = caller.join().expect("no panic");
            assert!(generation.is_ok(), "{generation:?}");
        }
    });
    let after = sandbox.grant();
    assert_eq!(after["max_in_flight"], 1, "{after}");
    // A caller that connects after the answer is a new wish; most share the first one.
    assert!(after["refreshes"].as_u64() <= before.map(|count| count + 3), "{after}");
}

#[test]
fn wait_zero_never_waits() {
    let (sandbox, daemon) = running();
    let old = daemon.token();
    sandbox.hang_after_spending();
    let outcome = daemon.boxctl_with(&["token", "--rejected", "-", "--wait", "0"], &old);
    assert_eq!(outcome.code, 5, "{}", outcome.stderr);
    sandbox.control("DELETE", "faults", None);
    sandbox.control("POST", "release", None);
}

#[test]
fn status_is_for_people_and_for_scripts() {
    let (_sandbox, daemon) = running();
    let human = daemon.boxctl(&["status"]);
    assert_eq!(human.code, 0);
    assert!(human.stdout.contains("default") && human.stdout.contains("healthy"), "{}", human.stdout);
    assert!(!human.stdout.contains('\u{1b}'), "no colour where no terminal is");
    let json = daemon.json(&["status", "--json"]);
    assert_eq!(json["schema"], 1);
    for member in [
        "auth",
        "state",
        "token",
        "expires_in",
        "expires_at",
        "generation",
        "next_refresh_at",
        "login_deadline",
        "orphaned",
        "error",
    ] {
        assert!(json["accounts"][0].get(member).is_some(), "{member} is missing: {json}");
    }
}
