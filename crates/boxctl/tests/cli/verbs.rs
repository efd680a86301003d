//! What each verb asks and prints.

use std::process::Stdio;

use boxd_proto::{Rejected, Request, Secret, TokenRequest};

use crate::{
    answers::{SECRET, obliging},
    daemon::Daemon,
};

#[test]
fn a_token_in_each_format() {
    let json = "{\"schema\":1,\"account\":\"work\",\"access_token\":\"T0k3n-canary\",\"token_type\":\"bearer\",\
                \"expires_in\":3012,\"expires_at\":\"2025-11-22T03:04:05Z\",\"box_expires_at\":\"2025-11-22T03:09:05Z\",\
                \"generation\":17}\n";
    let table: [(&[&str], &str); 7] = [
        (&[], "T0k3n-canary\n"),
        (&["-o", "token"], "T0k3n-canary\n"),
        (&["-o", "header"], "Authorization: Bearer T0k3n-canary\n"),
        (&["-o", "env"], "export BOX_ACCESS_TOKEN='T0k3n-canary'\n"),
        (&["-o", "curl"], "header = \"Authorization: Bearer T0k3n-canary\"\n"),
        (&["-o", "json"], json),
        (&["--json"], json),
    ];
    let daemon = Daemon::new(obliging);
    for (options, expected) in table {
        let ran = daemon.run(&[&["token"], options].concat());
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, expected, ""), "{options:?}");
    }
}

#[test]
fn options_become_the_request() {
    let daemon = Daemon::new(obliging);
    let name = |name: &str| Some(name.to_owned());
    let token = |request: TokenRequest| Request::Token(request);
    let plain = TokenRequest::default();
    let table: [(&[&str], Request); 10] = [
        (&["token"], token(plain.clone())),
        (&["token", "work"], token(TokenRequest { account: name("work"), ..plain.clone() })),
        (&["token", "-a", "work"], token(TokenRequest { account: name("work"), ..plain.clone() })),
        (&["token", "-t", "15m"], token(TokenRequest { min_ttl_seconds: 900, ..plain.clone() })),
        (&["token", "--wait", "0"], token(TokenRequest { wait_millis: Some(0), ..plain.clone() })),
        (
            &["token", "--rejected", "17"],
            token(TokenRequest { rejected: Rejected::Generation(17), ..plain.clone() }),
        ),
        (&["status", "bot"], Request::Status { account: name("bot") }),
        (&["refresh", "bot"], Request::Refresh { account: name("bot"), wait_millis: None }),
        (&["logout", "bot", "--local"], Request::Logout { account: name("bot"), local: true }),
        (&["rename", "a", "b"], Request::Rename { from: "a".into(), to: "b".into() }),
    ];
    for (arguments, expected) in table {
        let ran = daemon.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?} {ran:?}");
        assert_eq!(daemon.asked().pop(), Some(expected), "{arguments:?}");
    }
    let ran = daemon.run_with(&["token", "--rejected", "-"], "refused\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    let expected = TokenRequest { rejected: Rejected::Token(Secret::new("refused")), ..plain };
    assert_eq!(daemon.asked().pop(), Some(Request::Token(expected)));
}

#[test]
fn the_account_comes_from_position_then_flag_then_environment() {
    let daemon = Daemon::new(obliging);
    let table: [(&[&str], &str, Option<&str>); 4] = [
        (&["status", "p", "-a", "f"], "e", Some("p")),
        (&["status", "-a", "f"], "e", Some("f")),
        (&["status"], "e", Some("e")),
        (&["status"], "", None),
    ];
    for (arguments, variable, expected) in table {
        assert!(daemon.command(arguments).env("BOXD_ACCOUNT", variable).output().unwrap().status.success());
        assert_eq!(
            daemon.asked().pop(),
            Some(Request::Status { account: expected.map(str::to_owned) }),
            "{arguments:?} {variable}"
        );
    }
}

#[test]
fn flags_for_the_socket_beat_its_variables() {
    let daemon = Daemon::new(obliging);
    let socket = daemon.socket();
    let (socket, dir) = (socket.to_str().unwrap(), socket.parent().unwrap().to_str().unwrap());
    let found = format!("{socket}\n");
    let table: [(&[&str], &str, &str); 4] = [
        (&["--socket", socket], "BOXD_SOCKET", "/nowhere"),
        (&["--state-dir", dir], "BOXD_SOCKET", "/nowhere"),
        (&["--state-dir", dir], "BOXD_STATE_DIR", "/nowhere"),
        (&[], "BOXD_STATE_DIR", dir),
    ];
    for (flags, variable, value) in table {
        let run = |verb: &[&str]| {
            let mut command = daemon.command(&[flags, verb].concat());
            String::from_utf8(command.env_remove("BOXD_SOCKET").env(variable, value).output().unwrap().stdout)
                .unwrap()
        };
        assert_eq!(run(&["paths", "socket"]), found, "{flags:?}");
        assert_eq!(run(&["token"]), format!("{SECRET}\n"), "{flags:?}");
    }
}

#[test]
fn reports_for_people() {
    let daemon = Daemon::new(obliging);
    let own = env!("CARGO_PKG_VERSION");
    let version = format!("boxctl {own} (boxd 9.9.9 is running)\n");
    let table: [(&[&str], &str); 12] = [
        (&["audit"], "LAST                  ACCOUNT  TOKEN  PROGRAM  WHO             HOW     TIMES\n2023-"),
        (&["audit", "--holders"], "LAST                  ACCOUNT  TOKEN         PROGRAM"),
        (&["metrics"], "boxd_watchers 0\nboxd_accounts 1\n"),
        (&["status"], "work  ● healthy"),
        (&[], "work  ● healthy"),
        (&["refresh"], "work  ● healthy"),
        (&["adopt", "work"], "work  ● healthy"),
        (&["accounts"], "bot\nwo\u{FFFD}rk\n"),
        (&["reload"], "the configuration was read anew\n"),
        (&["logout", "work"], "work: revoked at Box and forgotten\n"),
        (&["paths", "state"], "/d\n"),
        (&["--version"], &version),
    ];
    for (arguments, expected) in table {
        let ran = daemon.run(arguments);
        assert!(ran.code == 0 && ran.err.is_empty(), "{arguments:?} {ran:?}");
        assert!(ran.out.starts_with(expected), "{arguments:?} {ran:?}");
        assert!(!ran.out.contains('\u{1b}'), "{arguments:?} {ran:?}");
    }
}

#[test]
fn reports_for_scripts() {
    let daemon = Daemon::new(obliging);
    let table: [(&[&str], &str, &str); 9] = [
        (&["audit"], "/records/0/program", "\"/bin/p\""),
        (&["status"], "/accounts/0/state", "\"healthy\""),
        (&["status"], "/accounts/0/login_deadline", "\"2026-01-21T02:13:53Z\""),
        (&["refresh"], "/accounts/0/error", "null"),
        (&["accounts"], "/accounts/0", "\"bot\""),
        (&["reload"], "/reloaded", "true"),
        (&["logout", "work"], "/revoked", "true"),
        (&["paths"], "/socket", "\"/s\""),
        (&["--version"], "/boxd", "\"9.9.9\""),
    ];
    for (arguments, pointer, expected) in table {
        let ran = daemon.run(&[arguments, &["--json"]].concat());
        let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(value.pointer(pointer).unwrap().to_string(), expected, "{arguments:?} {ran:?}");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let daemon = Daemon::new(obliging);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output =
        daemon.command(&["status"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output();
    let output = output.unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
