//! Every error that Box's token endpoint is known to give: the state it leads to, what a person is told, and that
//! the refresh token outlives it.

#![expect(clippy::panic, reason = "a test that fails should say where")]

use boxd_tests::{Daemon, Sandbox};
use serde_json::{Value, json};

/// (error, description, state, part of the next step)
const REFRESHING: [(&str, &str, &str, &str); 11] = [
    ("invalid_grant", "Refresh token has expired", "login_required", "boxctl login"),
    ("invalid_grant", "Invalid refresh token", "login_required", "boxctl login"),
    ("invalid_client", "The client credentials are invalid", "action_required", "client_secret"),
    (
        "unauthorized_client",
        "This app is not authorized by the enterprise admin",
        "action_required",
        "administrator",
    ),
    (
        "invalid_request",
        "The grant type is unauthorized for this client_id",
        "action_required",
        "developer console",
    ),
    (
        "invalid_request",
        "Invalid grant_type parameter or parameter missing",
        "action_required",
        "developer console",
    ),
    ("invalid_request", "No \"refresh_token\" parameter found", "action_required", "developer console"),
    (
        "invalid_request",
        "Cannot obtain user token based on the enterprise configuration for your app",
        "action_required",
        "developer console",
    ),
    ("password_reset_required", "User needs to reset password", "action_required", "password"),
    ("terms_of_service_required", "Terms of service must be accepted", "action_required", "terms of service"),
    ("an_error_of_tomorrow", "Nobody knows it yet", "action_required", "developer console"),
];

fn imported(sandbox: &Sandbox) -> Daemon {
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    daemon
}

/// What `boxctl refresh --json` says when Box answers with this error.
fn refused(sandbox: &Sandbox, daemon: &Daemon, error: &str, description: &str) -> Value {
    let fault = json!({ "fault": "error", "error": error, "error_description": description });
    sandbox.fault(&fault);
    if error == "invalid_grant" {
        // The refresh token before the newest one is tried too.
        sandbox.fault(&fault);
    }
    let outcome = daemon.boxctl(&["refresh", "--json"]);
    assert_eq!(outcome.code, 4, "{error}: {}", outcome.stderr);
    serde_json::from_str(&outcome.stderr).unwrap_or_else(|_| panic!("no JSON: {}", outcome.stderr))
}

#[test]
fn a_refresh_that_is_refused_never_costs_the_refresh_token() {
    let sandbox = Sandbox::start(&[]);
    let daemon = imported(&sandbox);
    for (error, description, state, next_step) in REFRESHING {
        let token = daemon.token();
        let problem = refused(&sandbox, &daemon, error, description);
        assert_eq!(problem["code"], state, "{error}: {problem}");
        assert_eq!(problem["account"], "default", "{error}");
        let told = problem["detail"].as_str().unwrap_or_default();
        // The two for which Box's own words say no more than ours.
        if !matches!(error, "password_reset_required" | "terms_of_service_required") {
            assert!(told.contains(error) && told.contains(description), "{error}: {told}");
        }
        let next = problem["next_step"].as_str().unwrap_or_default();
        assert!(next.contains(next_step), "{error}: {next}");
        let status = daemon.status();
        assert_eq!(status["state"], state, "{error}");
        assert_eq!(status["token"], true, "{error}: the token is still good");
        assert_eq!(daemon.token(), token, "{error}: and served");

        let again = daemon.boxctl(&["refresh"]);
        assert_eq!(again.code, 0, "{error}: the refresh token was lost: {}", again.stderr);
        assert_eq!(daemon.status()["state"], "healthy", "{error}");
        assert_eq!(sandbox.grant()["alive"], true, "{error}");
    }
}

#[test]
fn a_password_or_a_secret_that_is_put_right_is_tried_after_a_restart_too() {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = imported(&sandbox);
    for error in ["password_reset_required", "invalid_client"] {
        refused(&sandbox, &daemon, error, "");
        daemon.signal("TERM");
        daemon.wait();
        daemon.restart();
        let again = daemon.boxctl(&["refresh"]);
        assert_eq!(again.code, 0, "{error}: {}", again.stderr);
    }
}

#[test]
fn a_rate_limit_is_waited_for_and_the_token_served() {
    let sandbox = Sandbox::start(&[]);
    let daemon = imported(&sandbox);
    let token = daemon.token();
    let body = r#"{"type":"error","status":429,"code":"rate_limit_exceeded"}"#;
    sandbox.fault(&json!({ "fault": "status", "status": 429, "retry_after": 120, "body": body }));
    let outcome = daemon.boxctl(&["refresh", "--json"]);
    assert_eq!(outcome.code, 5, "{}", outcome.stderr);
    let status = daemon.status();
    assert_eq!(status["state"], "backoff");
    let wait = status["next_refresh_in"].as_u64();
    assert!(wait.is_none_or(|wait| wait >= 110), "{status}");
    assert_eq!(daemon.token(), token);
    assert_eq!(sandbox.grant()["alive"], true);
}
