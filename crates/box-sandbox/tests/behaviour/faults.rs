//! Each fault as a client meets it, and whether the grant was spent.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::thread;

use serde_json::{Value, json};

use crate::client::{Answer, Sandbox};

/// Strikes one refresh with `fault`; gives the answer and whether the refresh token was spent.
fn strike(sandbox: &Sandbox, fault: &Value) -> (Option<Answer>, bool) {
    let grant = sandbox.grant();
    sandbox.fault(fault);
    let request = sandbox.refresh_request(grant["refresh_token"].as_str().unwrap());
    let answer = sandbox.try_send(&request).ok();
    let view = sandbox.view(&grant["grant"]);
    assert_eq!(sandbox.read("faults"), json!({"faults": [], "hung": 0}), "it strikes once");
    assert_eq!(sandbox.entries("fault").last().expect("an entry")["fault"], fault["fault"]);
    (answer, view["refreshes"] == 1)
}

/// The same before and after: gives the answer to the second.
fn strike_both(sandbox: &Sandbox, mut fault: Value) -> Option<Answer> {
    fault["when"] = json!("before");
    assert!(!strike(sandbox, &fault).1, "{fault} spent the grant");
    fault["when"] = json!("after");
    let (answer, spent) = strike(sandbox, &fault);
    assert!(spent, "{fault} left the grant unspent");
    answer
}

#[test]
fn refuse_resets_the_connection_but_never_the_control_api() {
    let sandbox = Sandbox::start(&[]);
    sandbox.fault(&json!({"fault": "refuse"}));
    assert_eq!(sandbox.read("faults")["faults"][0]["count"], 1);
    let error = sandbox.try_send(&sandbox.refresh_request("x")).err().expect("no answer");
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error:?}");
    assert_eq!(sandbox.refresh("x").status, 400);
    assert!(sandbox.entries("received").len() == 1, "the refused one was never read");
}

#[test]
fn drop_ends_the_connection_without_an_answer() {
    assert!(strike_both(&Sandbox::start(&[]), json!({"fault": "drop"})).is_none());
}

#[test]
fn a_hung_request_waits_for_release() {
    let sandbox = Sandbox::start(&[]);
    for (when, spent) in [("before", 0), ("after", 1)] {
        let grant = sandbox.grant();
        sandbox.fault(&json!({"fault": "hang", "when": when}));
        let seen = sandbox.read("journal")["seq"].clone();
        let request = sandbox.refresh_request(grant["refresh_token"].as_str().unwrap());
        thread::scope(|scope| {
            let answer = scope.spawn(|| sandbox.try_send(&request).expect("an answer"));
            wait_for(&sandbox, "fault", &seen);
            let view = sandbox.view(&grant["grant"]);
            assert_eq!((&view["refreshes"], &view["in_flight"]), (&json!(spent), &json!(1)), "{when}");
            assert_eq!(sandbox.control("release", &json!({})), json!({"released": 1}));
            assert_eq!(answer.join().expect("no panic").status, 200);
        });
        let view = sandbox.view(&grant["grant"]);
        assert_eq!((&view["refreshes"], &view["in_flight"]), (&json!(1), &json!(0)), "{when}");
    }
}

/// Reads the journal until an event of that kind comes after `seen`.
fn wait_for(sandbox: &Sandbox, event: &str, seen: &Value) {
    let mut seen = seen.clone();
    loop {
        let journal = sandbox.read(&format!("journal?since={seen}&wait=20s"));
        assert_ne!(journal["seq"], seen, "nothing came");
        if journal["entries"].as_array().unwrap().iter().any(|entry| entry["event"] == event) {
            return;
        }
        seen = journal["seq"].clone();
    }
}

#[test]
fn a_client_that_gives_up_is_no_longer_in_flight() {
    let sandbox = Sandbox::start(&[]);
    let grant = sandbox.grant();
    sandbox.fault(&json!({"fault": "hang", "count": 2}));
    let request = sandbox.refresh_request(grant["refresh_token"].as_str().unwrap());
    let seen = sandbox.read("journal")["seq"].clone();
    let mut first = sandbox.connect();
    first.write_all(request.as_bytes()).unwrap();
    wait_for(&sandbox, "fault", &seen);
    let seen = sandbox.read("journal")["seq"].clone();
    drop(first);
    wait_for(&sandbox, "abandoned", &seen);
    let seen = sandbox.read("journal")["seq"].clone();
    let mut second = sandbox.connect();
    second.write_all(request.as_bytes()).unwrap();
    wait_for(&sandbox, "fault", &seen);
    let view = sandbox.view(&grant["grant"]);
    assert_eq!((&view["in_flight"], &view["max_in_flight"]), (&json!(1), &json!(1)));
}

#[test]
fn statuses_come_as_box_sends_them() {
    let sandbox = Sandbox::start(&[]);
    let conflict = strike_both(&sandbox, json!({"fault": "status", "status": 409})).unwrap();
    assert_eq!((conflict.status, conflict.text()), (409, ""));

    let limited = strike_both(&sandbox, json!({"fault": "status", "status": 429, "retry_after": 7})).unwrap();
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")));
    assert_eq!(
        (&limited.json()["code"], &limited.json()["type"]),
        (&json!("rate_limit_exceeded"), &json!("error"))
    );

    let down = strike_both(&sandbox, json!({"fault": "status", "status": 503})).unwrap();
    assert_eq!((down.status, down.header("retry-after")), (503, None));

    let own = strike_both(&sandbox, json!({"fault": "status", "status": 200, "body": "ok?"})).unwrap();
    assert_eq!((own.status, own.text()), (200, "ok?"));
}

#[test]
fn any_oauth_error_can_be_given() {
    let fault = json!({"fault": "error", "error": "password_reset_required", "error_description": "User needs to reset password"});
    let answer = strike_both(&Sandbox::start(&[]), fault).unwrap();
    assert_eq!(
        (answer.status, answer.text()),
        (400, r#"{"error":"password_reset_required","error_description":"User needs to reset password"}"#)
    );
}

#[test]
fn web_pages_and_redirects() {
    let sandbox = Sandbox::start(&[]);
    let portal = strike_both(&sandbox, json!({"fault": "html"})).unwrap();
    assert_eq!((portal.status, portal.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(portal.text().starts_with("<!DOCTYPE html>"));
    assert_eq!(strike_both(&sandbox, json!({"fault": "html", "status": 502})).unwrap().status, 502);
    let moved =
        strike_both(&sandbox, json!({"fault": "redirect", "location": "http://127.0.0.1:9/x"})).unwrap();
    assert_eq!((moved.status, moved.header("location")), (302, Some("http://127.0.0.1:9/x")));
}

#[test]
fn bodies_that_end_early() {
    let sandbox = Sandbox::start(&[]);
    let cut = strike_both(&sandbox, json!({"fault": "truncate"})).unwrap();
    assert!(
        !cut.body.is_empty() && cut.body.len() < cut.promised(),
        "{} of {}",
        cut.body.len(),
        cut.promised()
    );
    let half = strike_both(&sandbox, json!({"fault": "truncate_json"})).unwrap();
    assert_eq!(half.body.len(), half.promised());
    assert!(
        half.text().starts_with("{\"access_token\"") && serde_json::from_str::<Value>(half.text()).is_err()
    );
}

#[test]
fn a_slow_body_is_whole_and_in_flight_until_its_end() {
    let sandbox = Sandbox::start(&[]);
    let (answer, spent) = strike(&sandbox, &json!({"fault": "slow", "pause_ms": 1, "piece": 50}));
    assert!(spent && answer.unwrap().json()["refresh_token"].is_string());

    let grant = sandbox.grant();
    sandbox.fault(&json!({"fault": "slow", "pause_ms": 600_000}));
    let mut stream = BufReader::new(sandbox.connect());
    let request = sandbox.refresh_request(grant["refresh_token"].as_str().unwrap());
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    let mut status = String::new();
    stream.read_line(&mut status).unwrap();
    assert_eq!(status, "HTTP/1.1 200 OK\r\n");
    assert_eq!(sandbox.view(&grant["grant"])["in_flight"], 1);
}

#[test]
fn an_oversized_body_is_padded_with_what_json_ignores() {
    let sandbox = Sandbox::start(&[]);
    let (answer, spent) = strike(&sandbox, &json!({"fault": "oversized", "bytes": 100_000}));
    let answer = answer.unwrap();
    assert!(spent && answer.body.len() > 100_000 && answer.json()["access_token"].is_string());
    sandbox.fault(&json!({"fault": "oversized"}));
    assert_eq!(sandbox.read("faults")["faults"][0]["bytes"], 64 * 1024 * 1024);
}

#[test]
fn a_patch_changes_members_of_the_true_answer() {
    let sandbox = Sandbox::start(&[]);
    let merge = json!({"refresh_token": null, "expires_in": "3600", "extra": {"a": [1]}});
    let (answer, spent) = strike(&sandbox, &json!({"fault": "patch", "merge": merge}));
    let json = answer.unwrap().json();
    assert!(spent && json["access_token"].is_string() && json.get("refresh_token").is_none());
    assert_eq!((&json["expires_in"], &json["extra"]["a"][0]), (&json!("3600"), &json!(1)));
}

#[test]
fn faults_strike_the_endpoint_they_are_meant_for() {
    let sandbox = Sandbox::start(&[]);
    let grant = sandbox.grant();
    let access = grant["access_token"].as_str().unwrap();
    sandbox.fault(&json!([
        {"fault": "status", "status": 500, "path": "api", "count": 2},
        {"fault": "status", "status": 502, "path": "revoke", "when": "after"},
    ]));
    assert_eq!(
        [sandbox.me(access).status, sandbox.me(access).status, sandbox.me(access).status],
        [500, 500, 200]
    );
    assert_eq!(sandbox.revoke(access).status, 502);
    assert_eq!(sandbox.me(access).status, 401, "revoked all the same");
}
