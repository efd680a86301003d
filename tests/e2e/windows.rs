//! Windows: the pipe and who may use it, a daemon that is killed in the middle of a renewal, and how it is ended.
#![cfg(windows)]
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::time::Duration;

use boxd_client::Client;
use boxd_os::windows::{Sid, pipe::Connection};
use boxd_proto::{Request, encode};
use boxd_tests::{Daemon, Sandbox};
use serde_json::{Value, json};

/// A native hello of version 1, as the protocol's specification has it.
const HELLO: [u8; 8] = [0xB0, 0x58, 0x44, 0x0D, 1, 1, 0, 0];
const PATIENCE: Duration = Duration::from_secs(20);

fn running() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

fn connect(daemon: &Daemon) -> Connection {
    Connection::to(&daemon.socket(), PATIENCE).expect("connected")
}

fn send(pipe: &Connection, mut bytes: &[u8]) {
    // A server that has enough may end the connection.
    while let Ok(sent @ 1..) = pipe.write(bytes, Some(PATIENCE)) {
        bytes = bytes.get(sent..).unwrap_or_default();
        if bytes.is_empty() {
            return;
        }
    }
}

/// All that comes until the end.
fn rest(pipe: &Connection) -> Vec<u8> {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = pipe.read(&mut piece, Some(PATIENCE)) {
        all.extend_from_slice(piece.get(..length).unwrap_or_default());
    }
    all
}

fn is_served(daemon: &Daemon) {
    let info = Client::connect_to(daemon.socket()).and_then(|mut client| client.info());
    assert!(info.is_ok(), "{info:?}\n{}", daemon.log());
}

#[test]
fn tokens_come_through_the_pipe_of_this_user() {
    let (sandbox, daemon) = running();
    let me = Sid::of_this_process().expect("somebody runs this");
    let place = daemon.boxctl(&["paths", "socket"]).stdout;
    assert!(place.starts_with(&format!(r"\\.\pipe\boxd-{me}-")), "{place}");
    let token = daemon.token();
    assert_eq!(sandbox.who_am_i(&token), 200);
    let refreshed = daemon.boxctl(&["refresh"]);
    assert_eq!(refreshed.code, 0, "{}", refreshed.stderr);
    assert_ne!(daemon.token(), token);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    assert_eq!(connect(&daemon).server_process().ok(), Some(daemon.pid()), "the client sees who serves");
}

#[test]
fn a_daemon_killed_in_the_middle_of_a_renewal_recovers_the_grant() {
    let (sandbox, mut daemon) = running();
    let generation = daemon.status()["generation"].as_u64().expect("a number");
    let spent = sandbox.grant()["refreshes"].as_u64();
    sandbox.hang_after_spending();
    let socket = daemon.socket();
    let asking = std::thread::spawn(move || {
        let mut client = Client::connect_to(socket)?;
        client.refresh(None, Some(20_000))
    });
    // From now on only Box knows the new refresh token.
    while sandbox.grant()["refreshes"].as_u64() == spent {
        std::thread::sleep(Duration::from_millis(20));
    }
    daemon.kill();
    assert!(asking.join().expect("it ends").is_err(), "its daemon was killed");
    sandbox.control("POST", "release", None);
    daemon.restart();
    daemon.wait_for_generation(generation + 1);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200, "{}", daemon.log());
    let grant = sandbox.grant();
    assert_eq!((&grant["alive"], &grant["max_in_flight"]), (&Value::from(true), &Value::from(1)));
}

#[test]
fn a_second_daemon_is_refused() {
    let daemon = Daemon::start();
    let second = boxd_tests::daemon::run(&mut daemon.command(&boxd_tests::Binaries::built().boxd), None);
    assert_eq!(second.code, 73, "{second:?}");
    is_served(&daemon);
}

#[test]
fn the_owner_ends_the_daemon_over_the_pipe() {
    let (_sandbox, mut daemon) = running();
    let mut idle = Client::connect_to(daemon.socket()).expect("connected");
    Client::connect_to(daemon.socket()).and_then(|mut client| client.shutdown()).expect("it says so");
    assert!(daemon.wait().success(), "{}", daemon.log());
    assert!(idle.info().is_err());
    daemon.restart();
    assert!(!daemon.token().is_empty(), "nothing was lost");
}

#[test]
fn http_is_spoken_on_the_pipe_too() {
    let (_sandbox, daemon) = running();
    let pipe = connect(&daemon);
    send(&pipe, b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = String::from_utf8_lossy(&rest(&pipe)).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains(r#""state":"healthy""#), "{answer}");
}

#[test]
fn abuse_of_the_pipe_ends_only_the_connection_it_comes_over() {
    let daemon = Daemon::start();
    for length in [u32::MAX, 65_537, 0] {
        let pipe = connect(&daemon);
        send(&pipe, &[&HELLO[..], &length.to_le_bytes()].concat());
        assert!(rest(&pipe).len() < 4096, "a length of {length}");
    }
    for noise in [&b"\0\0\0\0\0\0\0\0"[..], b"\xB0XDxxxxx", b"GARBAGE\r\n\r\n", &vec![0xFF; 70_000]] {
        let pipe = connect(&daemon);
        send(&pipe, noise);
        rest(&pipe);
        is_served(&daemon);
    }
    // Gone before the first byte, and in the middle of a frame.
    for _ in 0..20 {
        drop(connect(&daemon));
        let pipe = connect(&daemon);
        send(&pipe, &[&HELLO[..], &[200, 0, 0, 0, 1]].concat());
    }
    is_served(&daemon);
}

#[test]
fn clients_that_stall_or_crowd_hold_up_nobody_else() {
    let daemon = Daemon::start();
    let mut bytes = HELLO.to_vec();
    encode(&Request::Info, &mut bytes).expect("encoded");
    let stalled: Vec<Connection> = (0..bytes.len())
        .map(|length| {
            let pipe = connect(&daemon);
            send(&pipe, bytes.get(..length).unwrap_or_default());
            pipe
        })
        .collect();
    let crowd: Vec<Connection> = (0..100).map(|_| connect(&daemon)).collect();
    for _ in 0..10 {
        is_served(&daemon);
    }
    drop((stalled, crowd));
    is_served(&daemon);
}

#[test]
fn programs_run_with_a_token_and_end_with_their_own_code() {
    let (_sandbox, daemon) = running();
    let token = daemon.token();
    let shown = daemon.boxctl(&["exec", "--", "cmd", "/c", "echo %BOX_ACCESS_TOKEN%"]);
    assert_eq!((shown.code, shown.stdout.trim_end()), (0, token.as_str()), "{}", shown.stderr);
    let masked = daemon.boxctl(&["exec", "--mask", "--", "cmd", "/c", "echo %BOX_ACCESS_TOKEN%& exit 7"]);
    assert_eq!((masked.code, masked.stdout.trim_end()), (7, "***"), "{}", masked.stderr);
    let large = daemon.boxctl(&["exec", "--", "cmd", "/c", "exit 4711"]);
    assert_eq!(large.code, 4711, "{}", large.stderr);
    assert_eq!(daemon.boxctl(&["exec", "--", "no-such-program"]).code, 127);
    let refused = daemon.boxctl(&["exec", "--signal", "HUP", "--", "cmd"]);
    assert_eq!(refused.code, 125);
    assert!(refused.stderr.contains("Windows has no signals"), "{}", refused.stderr);
}

#[test]
fn what_is_no_pipe_of_this_machine_is_refused_by_name() {
    let daemon = Daemon::prepared("");
    for (arguments, word) in [
        (&["--socket", r"C:\boxd.sock", "status"][..], "not the name of a pipe"),
        (&["--socket", r"\\server\pipe\boxd", "status"], "not the name of a pipe"),
        (&["--system", "status"], "no system service"),
    ] {
        let outcome = daemon.boxctl(arguments);
        assert_ne!(outcome.code, 0, "{arguments:?}");
        assert!(outcome.stderr.contains(word), "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
fn doctor_finds_nothing_wrong_with_a_healthy_boxd() {
    let (_sandbox, daemon) = running();
    let outcome = daemon.boxctl(&["doctor", "--json"]);
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let state = |name: &str| {
        let checks = report["checks"].as_array().expect("an array");
        let found = checks.iter().find(|check| check["check"] == name);
        found.map(|check| check["state"].as_str().unwrap_or_default().to_owned())
    };
    for name in ["daemon", "version", "state", "room", "key", "box", "account"] {
        assert_eq!(state(name).as_deref(), Some("ok"), "{name}: {report}");
    }
    assert!(state("service").is_some() && report["state"] != "fail", "{report}");
    assert_eq!(outcome.code, 0);
}

#[test]
fn a_service_is_a_task_of_this_user() {
    let daemon = Daemon::prepared("");
    let shown = daemon.boxctl(&["service", "install", "--print"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    for part in ["<LogonTrigger>", "boxd.exe", "schtasks /Create /TN boxd /XML", "schtasks /Run /TN boxd"] {
        assert!(shown.stdout.contains(part), "no {part}: {}", shown.stdout);
    }
    assert!(!daemon.home().join("boxd").exists(), "nothing was changed");
}

#[test]
fn a_command_is_told_that_a_person_is_needed() {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::prepared("");
    let heard = daemon.home().join("heard");
    let command = format!("more > {}", heard.display());
    daemon.configure(&format!("[notify]\ncommand = ['cmd', '/c', '{command}']\n"));
    daemon.restart();
    let imported = daemon.boxctl_with(&["import", "-", "-a", "work"], &sandbox.line.to_string());
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    sandbox.control("POST", "revoke", Some(&json!({ "grant": 1 })));
    assert_eq!(daemon.boxctl(&["refresh", "work"]).code, 4);
    for _ in 0..600 {
        let text = std::fs::read_to_string(&heard).unwrap_or_default();
        if let Ok(event) = serde_json::from_str::<Value>(&text) {
            assert_eq!(event["account"], "work", "{event}");
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("not told: {}", daemon.log());
}
