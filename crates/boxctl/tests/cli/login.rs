//! `boxctl login`: what it asks the daemon, what it tells the person, and how it ends.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
    sync::{Arc, Condvar, Mutex},
};

use boxd_proto::{BeginLogin, Code, LoginNeeds, LoginPage, Request, Response, Secret};

use crate::{
    answers::{healthy, problem},
    daemon::{Daemon, Ran},
};

const URL: &str = "https://account.box.com/api/oauth2/authorize?client_id=x&state=s";

fn page() -> Response {
    Response::LoginPage(Box::new(LoginPage {
        login: "login-id".into(),
        account: "work".into(),
        authorize_url: URL.into(),
        redirect_uri: "http://127.0.0.1:4711/callback".into(),
        registered_uri: "http://127.0.0.1/callback".into(),
        port: 4711,
        expires_in_seconds: 300,
    }))
}

fn needs(client_id: Option<&str>) -> Response {
    Response::LoginNeeds(Box::new(LoginNeeds {
        account: "work".into(),
        client_id: client_id.map(str::to_owned),
        client_secret: true,
        registered_uri: "http://127.0.0.1/callback".into(),
    }))
}

/// Somebody consents at once.
fn consenting() -> Daemon {
    Daemon::new(|request| match request {
        Request::BeginLogin(_) => vec![page()],
        Request::AwaitLogin { .. } => vec![Response::Account(Box::new(healthy()))],
        _ => vec![Response::Error(problem(Code::Internal))],
    })
}

/// Needs client id and secret of the app first.
pub(crate) fn unconfigured(client_id: Option<&'static str>) -> Daemon {
    Daemon::new(move |request| match request {
        Request::BeginLogin(begin) if begin.client_secret.is_none() => vec![needs(client_id)],
        Request::BeginLogin(_) => vec![page()],
        Request::AwaitLogin { .. } => vec![Response::Account(Box::new(healthy()))],
        _ => vec![Response::Error(problem(Code::Internal))],
    })
}

/// Waits until the right code is pasted.
pub(crate) fn patient() -> Daemon {
    let done = Arc::new((Mutex::new(false), Condvar::new()));
    Daemon::new(move |request| match request {
        Request::BeginLogin(_) => vec![page()],
        Request::FinishLogin { redirected, .. } if redirected.expose() == "right" => {
            *done.0.lock().unwrap() = true;
            done.1.notify_all();
            vec![Response::Done]
        }
        Request::FinishLogin { .. } => vec![Response::Error(problem(Code::BadRequest))],
        Request::AwaitLogin { .. } => {
            drop(done.1.wait_while(done.0.lock().unwrap(), |done| !*done).unwrap());
            vec![Response::Account(Box::new(healthy()))]
        }
        _ => vec![Response::Error(problem(Code::Internal))],
    })
}

#[test]
fn the_url_is_printed_and_the_person_named() {
    let daemon = consenting();
    let ran = daemon.run(&["login", "work", "--no-browser"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "work: logged in as Ada <ada@example.com>\n"), "{ran:?}");
    for told in [
        URL,
        "http://127.0.0.1:4711/callback",
        "must list http://127.0.0.1/callback",
        "30 seconds",
        "5:00 left",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    assert!(!ran.err.contains("ssh") && !ran.err.contains('\u{1b}'), "{}", ran.err);
    let begin = BeginLogin { account: Some("work".into()), ..BeginLogin::default() };
    let expected = [Request::BeginLogin(Box::new(begin)), Request::AwaitLogin { login: "login-id".into() }];
    assert_eq!(daemon.asked(), expected);
}

#[test]
fn options_become_the_request() {
    let daemon = consenting();
    let ran = daemon.run(&["login", "-a", "bot", "--no-browser", "--port", "3000", "--replace-user"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let begin = BeginLogin {
        account: Some("bot".into()),
        port: Some(3000),
        replace_user: true,
        ..BeginLogin::default()
    };
    assert_eq!(daemon.asked().first(), Some(&Request::BeginLogin(Box::new(begin))));
    for bad in ["0", "65536", "x"] {
        assert_eq!(daemon.run(&["login", "--port", bad]).code, 2, "{bad}");
    }
}

#[test]
fn json_is_all_there_is_on_stdout() {
    let ran = consenting().run(&["login", "--no-browser", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["accounts"][0]["user"]["login"], "ada@example.com");
    assert!(ran.err.contains(URL), "{}", ran.err);
}

#[test]
fn failures_have_their_exit_status() {
    for (code, status) in [
        (Code::LoginRequired, 4),
        (Code::ActionRequired, 4),
        (Code::Unavailable, 5),
        (Code::BadRequest, 2),
        (Code::Internal, 1),
    ] {
        let daemon = Daemon::new(move |request| match request {
            Request::BeginLogin(_) => vec![page()],
            _ => vec![Response::Error(problem(code))],
        });
        let ran = daemon.run(&["login", "--no-browser"]);
        assert_eq!((ran.code, ran.out.as_str()), (status, ""), "{ran:?}");
        assert!(ran.err.contains("do this"), "{}", ran.err);
    }
}

#[test]
fn over_ssh_the_line_for_the_other_machine_is_exact() {
    let output = consenting()
        .command(&["login", "--no-browser"])
        .env("SSH_CONNECTION", "192.0.2.9 50000 192.0.2.1 22")
        .env("USER", "ada")
        .output();
    let ran = Ran::from(output.unwrap());
    assert!(ran.err.contains("\n  ssh -L 4711:127.0.0.1:4711 ada@192.0.2.1\n"), "{}", ran.err);
}

#[test]
fn the_app_comes_from_the_environment_where_the_daemon_does_not_know_it() {
    let run = |daemon: &Daemon| {
        let mut command = daemon.command(&["login", "--no-browser"]);
        command.env("BOX_CLIENT_ID", "env-id").env("BOX_CLIENT_SECRET", "env-secret");
        Ran::from(command.output().unwrap())
    };
    let asked = |daemon: &Daemon| match daemon.asked().into_iter().nth(1) {
        Some(Request::BeginLogin(begin)) => Some((begin.client_id.clone(), begin.client_secret.clone())),
        _ => None,
    };
    let secret = || Some(Secret::new("env-secret"));
    let daemon = unconfigured(None);
    let ran = run(&daemon);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!(ran.err + &ran.out).contains("env-secret"));
    assert_eq!(asked(&daemon), Some((Some("env-id".into()), secret())));

    let daemon = unconfigured(Some("env-id"));
    assert_eq!(run(&daemon).code, 0);
    assert_eq!(asked(&daemon), Some((None, secret())));

    // A secret of another app is not sent.
    let daemon = unconfigured(Some("configured"));
    let ran = run(&daemon);
    assert_eq!((ran.code, asked(&daemon)), (2, None), "{ran:?}");
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let ran = unconfigured(None).run(&["login", "work"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    for told in ["BOX_CLIENT_ID", "BOX_CLIENT_SECRET", "[accounts.work]", "account work"] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
}

#[test]
fn what_is_pasted_finishes_the_login_and_can_be_pasted_again() {
    let daemon = patient();
    let ran = daemon.run_with(&["login", "--no-browser"], "\nwrong\nright\n");
    assert_eq!((ran.code, ran.out.as_str()), (0, "work: logged in as Ada <ada@example.com>\n"), "{ran:?}");
    assert!(ran.err.contains("it went wrong"), "{}", ran.err);
    let finished: Vec<_> = daemon
        .asked()
        .into_iter()
        .filter_map(|request| match request {
            Request::FinishLogin { login, redirected } => Some((login, redirected.expose().to_owned())),
            _ => None,
        })
        .collect();
    let pasted = |text: &str| ("login-id".to_owned(), text.to_owned());
    assert_eq!(finished, [pasted("wrong"), pasted("right")]);
}

#[test]
fn stdin_is_left_alone_where_nothing_is_to_be_pasted() {
    let daemon = consenting();
    let browser = daemon.file("#!/bin/sh\n");
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = daemon.command(&["login"]);
    command.env("DISPLAY", ":0").env("BROWSER", &browser).stdin(Stdio::piped());
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("Your browser opens") && !ran.err.contains("paste"), "{}", ran.err);
}

#[test]
fn the_browser_is_opened_with_the_url_and_only_where_it_can_be_seen() {
    let daemon = patient();
    // A pipe on which it tells which URL it got.
    let pipe = daemon.file("") + ".pipe";
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let script = daemon.file(&format!("#!/bin/sh\necho \"$1\" > {pipe}\n"));
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut child = daemon
        .command(&["login"])
        .env("DISPLAY", ":0")
        .env("PATH", "/usr/bin:/bin")
        .env("BROWSER", &script)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("Your browser opens"), "{told}");
    assert_eq!(std::fs::read_to_string(&pipe).unwrap(), format!("{URL}\n"));
    child.kill().unwrap();
    child.wait().unwrap();

    let mut command = consenting().command(&["login"]);
    command.env("BROWSER", &script);
    let ran = Ran::from(command.output().unwrap());
    assert!(!ran.err.contains("Your browser opens"), "no display: {}", ran.err);
}

#[test]
fn ctrl_c_ends_the_wait() {
    let daemon = patient();
    let mut child = daemon
        .command(&["login", "--no-browser"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("Waiting for you") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0);
    }
    let interrupted =
        std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let ended = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(2));
    let mut rest = String::new();
    child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
