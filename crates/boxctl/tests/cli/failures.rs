//! Each way to fail, told to people, to scripts and as an exit status.

use boxd_proto::{AccountStatus, Code, Response, Secret, Token};

use crate::{
    answers::{dead, healthy, obliging, problem, token},
    daemon::{Daemon, Ran},
};

/// The problem object on stderr.
fn told(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.err).unwrap()
}

#[test]
fn problems_of_the_daemon_have_their_exit_status() {
    let table = [
        (Code::Internal, 1),
        (Code::BadRequest, 2),
        (Code::LoginRequired, 4),
        (Code::ActionRequired, 4),
        (Code::Unavailable, 5),
        (Code::Denied, 6),
        (Code::UnknownAccount, 7),
        (Code::MinTtlUnattainable, 8),
        (Code::InvalidScope, 8),
        (Code::TooManyConnections, 1),
    ];
    for (code, exit) in table {
        let daemon = Daemon::always(Response::Error(problem(code)));
        let ran = daemon.run(&["token"]);
        assert_eq!((ran.code, ran.out.as_str()), (exit, ""), "{code}");
        assert_eq!(ran.err, "boxctl: account work: it went wrong\u{FFFD}[2J\n  next: do this\n", "{code}");
        let ran = daemon.run(&["token", "--json"]);
        assert_eq!((ran.code, ran.out.as_str()), (exit, ""), "{code}");
        let object = told(&ran);
        assert_eq!(object["code"], code.as_str());
        assert_eq!(object["account"], "work");
        assert_eq!(object["next_step"], "do this");
        assert_eq!(object["status"].as_u64(), code.http_status().map(u64::from));
        assert_eq!(object["retry_after"], 7);
    }
}

#[test]
fn problems_that_boxctl_finds_itself() {
    let fine = Daemon::new(obliging);
    let table: [(&str, Daemon, &[&str], i32, &str); 8] = [
        ("no daemon", Daemon::absent(), &["token"], 3, "unreachable"),
        ("no daemon within a wait", Daemon::absent(), &["token", "--wait", "0"], 3, "unreachable"),
        ("another version", Daemon::of_another_time(), &["token"], 9, "version_mismatch"),
        ("no such verb", Daemon::absent(), &["frobnicate"], 2, "bad_request"),
        ("no duration", Daemon::absent(), &["token", "-t", "soon"], 2, "bad_request"),
        ("no generation", Daemon::absent(), &["token", "--rejected", "abc"], 2, "bad_request"),
        ("two sockets", Daemon::absent(), &["token", "--system", "--socket", "/s"], 2, "bad_request"),
        ("logout of nobody", fine, &["logout"], 2, "bad_request"),
    ];
    for (what, daemon, arguments, exit, code) in table {
        let ran = daemon.run(&[arguments, &["--json"]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (exit, ""), "{what}: {ran:?}");
        assert_eq!(told(&ran)["code"], code, "{what}");
        assert!(!told(&ran)["next_step"].as_str().unwrap().is_empty(), "{what}");
    }
}

#[test]
fn without_a_daemon_people_learn_how_to_start_it() {
    let daemon = Daemon::absent();
    let ran = daemon.run(&[]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.starts_with("boxd is not running.\n") && ran.out.contains("next: start it"), "{ran:?}");
    let ran = daemon.run(&["token"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.err.starts_with("boxctl: boxd cannot be reached at ") && ran.err.contains("next: "),
        "{ran:?}"
    );
    let ran = daemon.run(&["--version"]);
    assert_eq!((ran.code, ran.out), (0, format!("boxctl {}\n", env!("CARGO_PKG_VERSION"))));
    assert_eq!(daemon.run(&["paths", "socket"]).out, format!("{}\n", daemon.socket().display()));
    let ran = daemon.run(&["paths", "socket", "--json"]);
    assert_eq!((ran.code, ran.out), (0, format!("{{\"socket\":\"{}\"}}\n", daemon.socket().display())));
}

#[test]
fn a_daemon_that_does_not_answer_is_not_said_to_be_absent() {
    let daemon = Daemon::silent();
    for arguments in [&[][..], &["token"]] {
        let ran = daemon.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
        assert!(ran.err.contains("next: ") && !ran.err.contains("start the daemon"), "{ran:?}");
    }
}

#[test]
fn a_daemon_without_accounts_names_the_next_step() {
    let daemon = Daemon::always(Response::End);
    let ran = daemon.run(&[]);
    assert!(ran.code == 0 && ran.out.contains("next: log in to Box: boxctl login"), "{ran:?}");
    assert_eq!(daemon.run(&["status"]).out, "no accounts yet\n  next: boxctl login, or boxctl import\n");
}

#[test]
fn status_exits_as_token_would_for_the_worst() {
    let waiting = AccountStatus {
        token: false,
        error: Some(problem(Code::Unavailable)),
        account: "bot".into(),
        ..dead()
    };
    let table: [(&str, Vec<AccountStatus>, i32); 4] = [
        ("all well", vec![healthy()], 0),
        ("a token is valid though the grant is dead", vec![AccountStatus { token: true, ..dead() }], 0),
        ("one waits", vec![healthy(), waiting.clone()], 5),
        ("one is dead", vec![waiting, dead(), healthy()], 4),
    ];
    for (what, accounts, exit) in table {
        let daemon = Daemon::new(move |_| {
            let accounts = accounts.iter().map(|account| Response::Account(Box::new(account.clone())));
            accounts.chain([Response::End]).collect()
        });
        for arguments in [&["status"][..], &["status", "--json"], &[]] {
            let ran = daemon.run(arguments);
            assert_eq!((ran.code, ran.err.as_str()), (exit, ""), "{what} {arguments:?}");
            assert!(ran.out.contains("work") && !ran.out.contains('\u{1b}'), "{what} {ran:?}");
        }
    }
}

#[test]
fn a_token_that_could_break_out_of_its_line_is_not_printed() {
    let access_token = Secret::new("a'; rm -rf ~; '");
    let daemon = Daemon::always(Response::Token(Token { access_token, ..token() }));
    for format in ["token", "header", "env", "curl"] {
        let ran = daemon.run(&["token", "-o", format]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{format}");
        assert!(!ran.err.contains("rm -rf"), "{ran:?}");
    }
}
