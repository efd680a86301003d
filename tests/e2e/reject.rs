//! Programs that report a token as refused by Box: many at once, late ones, and one that lies.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a helper of a test fails by panicking")]

use std::process::Stdio;

use boxd_client::{Client, Code, Error, Rejected, Secret, TokenRequest};
use boxd_tests::{Binaries, Daemon, Sandbox};
use serde_json::{Value, json};

fn running() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

fn refreshes(sandbox: &Sandbox) -> u64 {
    sandbox.grant()["refreshes"].as_u64().expect("a count")
}

fn generation(daemon: &Daemon) -> u64 {
    daemon.status()["generation"].as_u64().expect("a number")
}

/// Box's own clock runs ahead of everybody: the token is dead there, and nobody here knows.
fn kill_the_token(sandbox: &Sandbox, daemon: &Daemon) {
    sandbox.control("POST", "clock", Some(&json!({ "advance_seconds": 7200 })));
    assert_eq!(sandbox.who_am_i(&daemon.token()), 401);
}

fn report(client: &mut Client, rejected: Rejected) -> Result<boxd_client::Token, Error> {
    client.token(&TokenRequest { rejected, ..TokenRequest::default() })
}

#[test]
fn fifty_programs_that_report_the_same_dead_token_cause_one_refresh() {
    let (sandbox, daemon) = running();
    kill_the_token(&sandbox, &daemon);
    let (before, dead) = (refreshes(&sandbox), generation(&daemon).to_string());
    sandbox.hang_after_spending();
    let programs: Vec<_> = (0..50)
        .map(|_| {
            daemon
                .command(&Binaries::built().boxctl)
                .args(["token", "--json", "--rejected", &dead])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("boxctl starts")
        })
        .collect();
    // Box has the request by then; who comes after its answer gets what the others got.
    while sandbox.control("GET", "faults", None)["hung"] != 1 {
        std::thread::yield_now();
    }
    sandbox.control("POST", "release", None);
    let tokens: Vec<Value> = programs
        .into_iter()
        .map(|program| {
            let output = program.wait_with_output().expect("boxctl ends");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice(&output.stdout).expect("JSON")
        })
        .collect();
    let token = tokens[0]["access_token"].as_str().expect("a token");
    assert_eq!(sandbox.who_am_i(token), 200);
    assert!(tokens.iter().all(|other| other["access_token"] == token), "{tokens:?}");
    assert_eq!(refreshes(&sandbox), before + 1);
    assert!(!daemon.log().contains("it is not renewed so soon"), "nobody lied: {}", daemon.log());
}

#[test]
fn a_token_that_is_dead_at_box_is_replaced_on_the_first_report() {
    let (sandbox, daemon) = running();
    kill_the_token(&sandbox, &daemon);
    let mut client = Client::connect_to(daemon.socket()).expect("it answers");
    let dead = Secret::new(daemon.token());
    let fresh = report(&mut client, Rejected::Token(dead)).expect("a token");
    assert_eq!(sandbox.who_am_i(fresh.access_token.expose()), 200);
}

#[test]
fn who_reports_an_old_token_gets_the_current_one_at_once() {
    let (sandbox, daemon) = running();
    let old = daemon.token();
    let number = generation(&daemon);
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    let (before, current) = (refreshes(&sandbox), daemon.token());
    // Nothing is asked of Box for these: it would not answer.
    sandbox.hang_after_spending();
    let mut client = Client::connect_to(daemon.socket()).expect("it answers");
    for rejected in [Rejected::Generation(number), Rejected::Token(Secret::new(old)), Rejected::Generation(0)]
    {
        let token = report(&mut client, rejected).expect("a token");
        assert_eq!(token.access_token.expose(), current);
    }
    assert_eq!(refreshes(&sandbox), before);
}

#[test]
fn a_client_that_lies_burns_nothing_and_is_named_in_the_log() {
    let (sandbox, daemon) = running();
    let before = refreshes(&sandbox);
    let mut client = Client::connect_to(daemon.socket()).expect("it answers");
    let (mut current, mut refused) = (generation(&daemon), 0);
    for _ in 0..500 {
        match report(&mut client, Rejected::Generation(current)) {
            Ok(token) => current = token.generation,
            Err(error) => {
                assert_eq!(error.code(), Code::Unavailable, "{error}");
                assert!(error.is_retryable() && error.retry_after().is_some(), "{error:?}");
                refused += 1;
            }
        }
    }
    assert_eq!(refreshes(&sandbox), before + 1, "only the first word of it is taken");
    assert_eq!(refused, 499);
    // Everybody else is served as ever.
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    let log = daemon.log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("it is not renewed so soon")).collect();
    assert_eq!(warnings.len(), 1, "once a minute: {warnings:?}");
    assert!(warnings[0].contains("WARN"), "{}", warnings[0]);
    assert!(warnings[0].contains(&format!("pid {}", std::process::id())), "{}", warnings[0]);
}
