//! What networks, Box and power cuts do to a renewal, and that the grant outlives it.

#![expect(clippy::indexing_slicing, reason = "JSON that lacks a member makes the test fail, as it should")]

use boxd_tests::{Daemon, Sandbox};
use serde_json::{Value, json};

/// A sandbox whose tokens live long enough that nothing is renewed unless a test asks.
fn running() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

/// One renewal meets a fault: the old token is served meanwhile, and the grant comes through.
fn survives(fault: &Value) {
    let (sandbox, daemon) = running();
    let old = daemon.token();
    let generation = daemon.status()["generation"].as_u64().unwrap_or(0);
    sandbox.fault(fault);
    drop(daemon.boxctl(&["refresh"]));
    let meanwhile = daemon.token();
    let current = daemon.status()["generation"].as_u64().unwrap_or(0);
    assert!(meanwhile == old || current > generation, "{fault}: a valid token was taken away");
    daemon.wait_for_generation(generation + 1);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200, "{fault}");
    let grant = sandbox.grant();
    assert_eq!(grant["alive"], true, "{fault}");
    assert_eq!(grant["max_in_flight"], 1, "{fault}");
}

#[test]
fn answers_lost_before_and_after_the_spend() {
    survives(&json!({ "fault": "drop", "when": "after" }));
    survives(&json!({ "fault": "drop", "when": "before" }));
}

#[test]
fn answers_that_break_off() {
    survives(&json!({ "fault": "truncate", "when": "after" }));
    survives(&json!({ "fault": "truncate_json", "when": "after" }));
}

#[test]
fn pages_instead_of_answers() {
    survives(&json!({ "fault": "html", "when": "after" }));
    survives(&json!({ "fault": "html", "status": 502, "when": "before" }));
}

#[test]
fn conflicts_and_server_errors() {
    survives(&json!({ "fault": "status", "status": 409, "when": "after" }));
    survives(&json!({ "fault": "status", "status": 503, "when": "before" }));
}

#[test]
fn refused_connections() {
    survives(&json!({ "fault": "refuse" }));
}

#[test]
fn killed_while_the_answer_hangs() {
    for when in ["before", "after"] {
        let (sandbox, mut daemon) = running();
        let generation = daemon.status()["generation"].as_u64().unwrap_or(0);
        sandbox.fault(&json!({ "fault": "hang", "when": when }));
        drop(daemon.boxctl(&["token", "--rejected", &generation.to_string(), "--wait", "0"]));
        while sandbox.control("GET", "faults", None)["hung"] != 1 {
            std::thread::yield_now();
        }
        daemon.kill();
        daemon.restart();
        daemon.wait_for_generation(generation + 1);
        assert_eq!(sandbox.who_am_i(&daemon.token()), 200, "{when}");
        assert_eq!(sandbox.grant()["alive"], true, "{when}");
    }
}

#[test]
fn a_corrected_secret_heals_what_a_wrong_one_broke() {
    let sandbox = Sandbox::start(&[]);
    let config = |secret: &str| {
        format!(
            "[accounts.work]\nauth = \"oauth2\"\nclient_id = {}\nclient_secret = \"{secret}\"\n\
             [box]\ntoken_url = {}\nrevoke_url = {}\napi_url = {}\n",
            sandbox.line["client_id"],
            sandbox.line["token_url"],
            sandbox.line["revoke_url"],
            sandbox.line["api_url"]
        )
    };
    let secret = sandbox.line["client_secret"].as_str().unwrap_or_default();
    let mut daemon = Daemon::prepared(&config(secret));
    daemon.restart();
    let imported = daemon.boxctl_with(&["import", "-a", "work", "-"], &sandbox.line.to_string());
    assert_eq!(imported.code, 0, "{}", imported.stderr);

    sandbox.control("POST", "secret", Some(&json!({ "client_secret": "a-new-one" })));
    let refused = daemon.boxctl(&["refresh", "work"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert_eq!(daemon.status()["state"], "action_required");
    assert_eq!(daemon.status()["token"], true, "the token is still good");

    daemon.configure(&config("a-new-one"));
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    daemon.wait_until(|status| status["state"] == "healthy");
    assert_eq!(daemon.boxctl(&["refresh", "work"]).code, 0);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
}

#[test]
fn a_forced_password_change_keeps_the_grant() {
    let (sandbox, daemon) = running();
    sandbox.fault(&json!({ "fault": "error", "error": "password_reset_required",
        "error_description": "User needs to reset password" }));
    let refused = daemon.boxctl(&["refresh"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert_eq!(daemon.status()["state"], "action_required");
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0, "the person changed it: {}", daemon.log());
    assert_eq!(daemon.status()["state"], "healthy");
}
