//! The four moods over HTTP: what a second refresh gives, and when the old access token dies.

use serde_json::{Value, json};

use crate::client::{DEAD, Sandbox};

/// Refreshes once, refreshes again with the same token, then uses the new access token.
/// Gives: does the replay work, does the old access token live after the refresh, does it after the first use.
fn behaviour(replay: &str, old_token: &str) -> (bool, bool, bool) {
    let sandbox = Sandbox::start(&["--replay", replay, "--old-token", old_token, "--access-ttl", "30m"]);
    let grant = sandbox.grant();
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let (old_refresh, old_access) = (text(&grant["refresh_token"]), text(&grant["access_token"]));

    let answer = sandbox.refresh(&old_refresh).json();
    assert_eq!(answer["expires_in"], 1800);
    let old_lives = sandbox.me(&old_access).status == 200;

    sandbox.control("clock", &json!({"advance_seconds": 10}));
    let again = sandbox.refresh(&old_refresh);
    let replayed = again.status == 200;
    if replayed {
        assert_eq!(again.json()["access_token"], answer["access_token"]);
        assert_eq!(again.json()["refresh_token"], answer["refresh_token"]);
        assert!(again.json()["expires_in"].as_u64().expect("a number") <= 1790);
    } else {
        assert_eq!(again.text(), DEAD);
    }

    assert_eq!(sandbox.me(&text(&answer["access_token"])).status, 200);
    assert_eq!(sandbox.refresh(&old_refresh).text(), DEAD, "never after the first use");
    (replayed, old_lives, sandbox.me(&old_access).status == 200)
}

#[test]
fn window_first_use() {
    assert_eq!(behaviour("window", "first-use"), (true, true, false));
}

#[test]
fn window_at_once() {
    assert_eq!(behaviour("window", "at-once"), (true, false, false));
}

#[test]
fn strict_first_use() {
    assert_eq!(behaviour("strict", "first-use"), (false, true, false));
}

#[test]
fn strict_at_once() {
    assert_eq!(behaviour("strict", "at-once"), (false, false, false));
}

#[test]
fn the_mood_can_change_at_run_time() {
    let sandbox = Sandbox::start(&[]);
    assert_eq!(
        sandbox.read("mood"),
        json!({"replay": "window", "old_token": "first-use", "access_ttl": "varying", "refresh_ttl": 5_184_000, "code_ttl": 30})
    );
    let changed = sandbox.control(
        "mood",
        &json!({"replay": "strict", "old_token": "at-once", "access_ttl": "15m", "refresh_ttl": 60}),
    );
    assert_eq!(
        changed,
        json!({"replay": "strict", "old_token": "at-once", "access_ttl": 900, "refresh_ttl": 60, "code_ttl": 30})
    );
    let token = sandbox.text("refresh_token");
    assert_eq!(sandbox.refresh(token).json()["expires_in"], 900);
    assert_eq!(sandbox.refresh(token).text(), DEAD);
    assert_eq!(sandbox.control("mood", &json!({"access_ttl": "varying"}))["access_ttl"], "varying");
}

#[test]
fn a_life_of_zero_seconds_gives_tokens_that_arrive_expired() {
    let sandbox = Sandbox::start(&["--access-ttl", "0"]);
    let answer = sandbox.refresh(sandbox.text("refresh_token")).json();
    assert_eq!(answer["expires_in"], 0);
    assert_eq!(sandbox.me(answer["access_token"].as_str().expect("a token")).status, 401);
}
