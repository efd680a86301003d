//! `boxctl watch`, and the watch and cache of the client library, against a daemon that renews, restarts and dies.

#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStdout, Stdio},
    time::Duration,
};

use boxd_client::{Client, EventKind, GrantState, Watch};
use boxd_tests::{Binaries, Daemon, Sandbox};
use serde_json::Value;

fn running() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-", "-a", "work"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

/// A program whose output is read as it comes; it ends with this value.
struct Running {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn boxctl(daemon: &Daemon, arguments: &[&str]) -> Self {
        let boxctl = &Binaries::built().boxctl;
        let path = std::env::join_paths(
            boxctl
                .parent()
                .map(std::path::Path::to_owned)
                .into_iter()
                .chain(std::env::split_paths(&std::env::var_os("PATH").expect("a PATH"))),
        );
        let mut command = daemon.command(boxctl);
        let mut child = command
            .args(arguments)
            .env("PATH", path.expect("no colon in it"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("boxctl starts");
        let out = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        Self { child, out }
    }

    fn line(&mut self) -> String {
        self.out.next().expect("a line").expect("text")
    }

    fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("JSON")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn each_new_token_is_a_line_also_after_a_crash_of_the_daemon_and_no_line_holds_one() {
    let (_sandbox, mut daemon) = running();
    let mut tokens = vec![daemon.token()];
    let generation = daemon.status()["generation"].as_u64().expect("a number");
    let mut watch = Running::boxctl(&daemon, &["watch", "--json"]);
    let mut told = vec![watch.json(), watch.json()];
    assert_eq!(
        (&told[0]["event"], &told[0]["status"]["generation"]),
        (&"present".into(), &generation.into())
    );
    assert_eq!(told[1]["event"], "complete");

    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    tokens.push(daemon.token());
    let renewed = loop {
        let event = watch.json();
        told.push(event.clone());
        if event["event"] == "token" {
            break event;
        }
    };
    assert_eq!(renewed["status"]["generation"], generation + 1);
    assert_eq!(renewed["account"], "work");

    daemon.kill();
    daemon.restart();
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    tokens.push(daemon.token());
    loop {
        let event = watch.json();
        told.push(event.clone());
        if event["status"]["generation"] == generation + 2 {
            break;
        }
    }
    let text: String = told.iter().map(Value::to_string).collect();
    assert!(tokens.iter().all(|token| !text.contains(token)), "an event holds a token");
}

#[test]
fn a_command_for_each_event_can_ask_for_the_token_that_it_is_about() {
    let (_sandbox, daemon) = running();
    let line = "cat >/dev/null; echo $BOXD_EVENT $(boxctl token)";
    let mut watch = Running::boxctl(&daemon, &["watch", "work", "--run", line]);
    assert_eq!(watch.line(), format!("present {}", daemon.token()));
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    let expected = format!("token {}", daemon.token());
    while watch.line() != expected {}
}

#[test]
fn an_account_that_is_not_there_is_an_error_and_one_that_goes_is_news() {
    let (_sandbox, daemon) = running();
    let nobody = daemon.boxctl(&["watch", "nobody"]);
    assert_eq!((nobody.code, nobody.stdout.as_str()), (7, ""), "{}", nobody.stderr);
    let mut watch = Running::boxctl(&daemon, &["watch"]);
    assert!(watch.line().contains("  work  healthy, generation "));
    assert_eq!(daemon.boxctl(&["logout", "work"]).code, 0);
    while !watch.line().ends_with("  work  gone") {}
}

/// The events of a watch up to one that satisfies a condition, which is the last.
fn until(watch: &mut Watch, mut condition: impl FnMut(&boxd_client::Event) -> bool) -> boxd_client::Event {
    for event in watch.by_ref() {
        let event = event.expect("an event");
        if condition(&event) {
            return event;
        }
    }
    panic!("the watch ended")
}

#[test]
fn a_watch_of_the_library_survives_the_daemon_and_tells_what_it_missed() {
    let (sandbox, mut daemon) = running();
    let mut watch = Watch::connect_to(daemon.socket(), Some("work")).expect("it answers");
    let present = until(&mut watch, |event| event.kind == EventKind::Present);
    until(&mut watch, |event| event.kind == EventKind::Complete);
    let generation = present.status.expect("a state").generation;
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    let token = until(&mut watch, |event| event.kind == EventKind::Token);
    assert_eq!(token.status.expect("a state").generation, generation + 1);

    // While nobody listens the grant dies.
    daemon.signal("STOP");
    sandbox.control("POST", "revoke", Some(&serde_json::json!({ "grant": 1 })));
    daemon.kill();
    daemon.restart();
    assert_eq!(daemon.boxctl(&["refresh"]).code, 4);
    let dead = until(&mut watch, |event| {
        event.status.as_ref().is_some_and(|status| status.state == GrantState::LoginRequired)
    });
    assert_eq!(dead.account.as_deref(), Some("work"));
    assert_eq!(watch.outage(), None);

    let stopper = watch.stopper();
    stopper.stop();
    assert!(watch.next().is_none());
}

#[test]
fn cached_tokens_outlive_every_renewal_and_a_restart() {
    let (sandbox, mut daemon) = running();
    let tokens = Client::connect_to(daemon.socket()).expect("it answers").cached(Some("work"));
    let works = |round: &str| {
        let outcome: Result<u16, boxd_client::Error> = tokens.with_token(
            |token| Ok(sandbox.who_am_i(token.access_token.expose())),
            |outcome| matches!(outcome, Ok(401)),
        );
        assert_eq!(outcome.expect("a token"), 200, "{round}");
    };
    works("at first");
    // Behind its back: the old token ends when the new one is used.
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    works("after a renewal");
    daemon.kill();
    works("from memory, while the daemon is away");
    daemon.restart();
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    works("after a restart and a renewal");
}

#[test]
fn the_examples_of_the_library_work() {
    let (sandbox, daemon) = running();
    let api = sandbox.line["api_url"].as_str().expect("a URL");
    let run = |example: &str, arguments: &[&str]| {
        let outcome =
            boxd_tests::daemon::run(daemon.command(&Binaries::example(example)).args(arguments), Some("\n"));
        assert_eq!(outcome.code, 0, "{example}: {outcome:?}");
        outcome.stdout
    };
    let token = run("token", &[api, "work"]);
    assert!(token.contains(" of work\n") && token.contains("user1@example.com"), "{token}");
    let cached = run("cached", &[api, "2"]);
    assert_eq!(cached.lines().filter(|line| line.ends_with(": 200")).count(), 8, "{cached}");
    assert!(run("watch", &[]).ends_with("stopped\n"));
    // It waits for the daemon's word before it is told to stop.
    let mut command = daemon.command(&Binaries::example("watch"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("piped")).lines();
    assert!(out.next().expect("a line").expect("text").starts_with("work: present, healthy, generation "));
    assert_eq!(out.next().expect("a line").expect("text"), "that is all of them; now for the news");
    drop(child.stdin.take());
    assert_eq!(out.next().expect("a line").expect("text"), "stopped");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_stopped_daemon_is_no_reason_to_hang() {
    let (_sandbox, daemon) = running();
    let mut watch = Watch::connect_to(daemon.socket(), None).expect("it answers");
    until(&mut watch, |event| event.kind == EventKind::Complete);
    daemon.signal("STOP");
    assert_eq!(watch.next_within(Duration::from_millis(20)).expect("no error"), boxd_client::News::Nothing);
    let stopper = watch.stopper();
    let ended = std::thread::spawn(move || watch.next().is_none());
    stopper.stop();
    assert!(ended.join().expect("no panic"));
    daemon.signal("CONT");
}
