//! Server-sent events: the full state, then each new token and state; a client that comes back misses nothing.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a helper of a test fails by panicking")]

use std::time::Duration;

use boxd_tests::{Daemon, Sandbox, curl::Following};
use serde_json::Value;

fn running() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

fn data(following: &mut Following) -> Value {
    serde_json::from_str(&following.next("data: ")).expect("one line of JSON")
}

/// Reads on until an event of this kind has come; its data.
fn until(following: &mut Following, kind: &str) -> Value {
    loop {
        let event = data(following);
        if event["event"] == kind {
            return event;
        }
    }
}

#[test]
fn the_full_state_comes_first_then_news() {
    let (_sandbox, daemon) = running();
    let mut following = Following::start(&daemon, "/v1/events", &[]);
    assert_eq!(following.next("retry: "), "1000");
    let present = data(&mut following);
    assert_eq!((&present["event"], &present["account"]), (&"present".into(), &"default".into()));
    assert_eq!(present["status"]["state"], "healthy");
    assert_eq!(data(&mut following)["event"], "complete");
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    let renewed = until(&mut following, "token");
    assert!(renewed["status"]["generation"].as_u64() > present["status"]["generation"].as_u64());
    assert!(!renewed.to_string().contains(&daemon.token()), "an event never carries a token");
}

#[test]
fn who_comes_back_gets_what_it_missed() {
    let (_sandbox, daemon) = running();
    let mut following = Following::start(&daemon, "/v1/events?account=default", &[]);
    let known = until(&mut following, "complete")["id"].as_str().expect("an id").to_owned();
    drop(following);
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    let header = format!("Last-Event-ID: {known}");
    let query = format!("/v1/events?after={known}");
    for (path, options) in [("/v1/events", &["-H", header.as_str()][..]), (&query, &[])] {
        let mut following = Following::start(&daemon, path, options);
        let first = data(&mut following);
        assert!(first["event"] == "token" || first["event"] == "state", "only news: {first}");
        assert_ne!(first["id"], known.as_str());
    }
    let mut following = Following::start(&daemon, "/v1/events?after=0-1", &[]);
    assert_eq!(data(&mut following)["event"], "present", "an id of another run: everything anew");
}

#[test]
fn a_daemon_that_ends_does_not_wait_for_watchers() {
    let (_sandbox, mut daemon) = running();
    let mut following = Following::start(&daemon, "/v1/events", &[]);
    until(&mut following, "complete");
    let begun = std::time::SystemTime::UNIX_EPOCH.elapsed();
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    let ended = std::time::SystemTime::UNIX_EPOCH.elapsed();
    let taken = ended.ok().zip(begun.ok()).map(|(ended, begun)| ended.saturating_sub(begun));
    assert!(taken.is_some_and(|taken| taken < Duration::from_secs(4)), "{taken:?}");
    assert_eq!(following.next("data: "), "", "the stream has ended");
}
