//! Renewals with programs at work, in all four ways that Box may behave.

#![expect(clippy::indexing_slicing, reason = "JSON that lacks a member makes the test fail, as it should")]

use std::time::Instant;

use boxd_tests::{Daemon, Sandbox};

/// Renews three times while a program uses the token without a pause; no answer is 401.
fn renewals(replay: &str, old_token: &str) {
    let sandbox = Sandbox::start(&["--access-ttl", "6s", "--replay", replay, "--old-token", old_token]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let first = daemon.status()["generation"].as_u64().unwrap_or(0);
    let mut refused = 0;
    let mut used = 0;
    #[expect(clippy::disallowed_methods, reason = "a test that hangs must end")]
    let start = Instant::now();
    while daemon.status()["generation"].as_u64() < Some(first + 3) {
        assert!(start.elapsed().as_secs() < 60, "no renewals: {}", daemon.log());
        let token = daemon.json(&["token", "-o", "json"]);
        let access = token["access_token"].as_str().unwrap_or_default();
        used += 1;
        // A token may end between being handed out and being used; then its promise must have been short.
        if sandbox.who_am_i(access) != 200 && token["expires_in"].as_u64() > Some(1) {
            refused += 1;
        }
    }
    assert_eq!(refused, 0, "of {used} uses");
    assert_eq!(sandbox.grant()["alive"], true);
    assert_eq!(sandbox.grant()["max_in_flight"], 1);
}

#[test]
fn window_and_first_use() {
    renewals("window", "first-use");
}

#[test]
fn window_and_at_once() {
    renewals("window", "at-once");
}

#[test]
fn strict_and_first_use() {
    renewals("strict", "first-use");
}

#[test]
fn strict_and_at_once() {
    renewals("strict", "at-once");
}
