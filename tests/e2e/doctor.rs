//! `boxctl doctor`: what it finds on a machine where something is wrong, and on one where nothing is.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use boxd_tests::{Daemon, Outcome, Sandbox};
use serde_json::{Value, json};

/// A daemon with one login.
fn with_login(sandbox: &Sandbox) -> Daemon {
    let mut daemon = Daemon::prepared("");
    let keys = ["authorize_url", "token_url", "revoke_url", "api_url", "upload_url"];
    let lines: Vec<String> =
        keys.iter().filter_map(|key| sandbox.line.get(key).map(|url| format!("{key} = {url}\n"))).collect();
    daemon.configure(&format!("[box]\n{}", lines.concat()));
    daemon.restart();
    let outcome = daemon.boxctl_with(&["import", "-a", "work", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    daemon
}

fn doctor(daemon: &Daemon) -> (Outcome, Vec<Value>) {
    let outcome = daemon.boxctl(&["doctor", "--json"]);
    let report: Value =
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("no JSON: {outcome:?}"));
    assert_eq!(report["schema"], 1);
    let checks = report["checks"].as_array().unwrap().clone();
    assert_eq!(outcome.code, i32::from(report["state"] == "fail"), "{report}");
    (outcome, checks)
}

/// Findings of one check as `(state, evidence, remedy)`.
fn of<'c>(checks: &'c [Value], name: &str) -> Vec<(&'c str, &'c str, &'c str)> {
    let text = |value: &'c Value| value.as_str().unwrap_or_default();
    let found: Vec<_> = checks
        .iter()
        .filter(|check| check["check"] == name)
        .map(|check| (text(&check["state"]), text(&check["evidence"]), text(&check["remedy"])))
        .collect();
    assert!(!found.is_empty(), "no check {name} in {checks:?}");
    found
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn rclone_conf(daemon: &Daemon, sandbox: &Sandbox, refresh_token: &Value) {
    let token = json!({ "access_token": "a", "token_type": "bearer", "refresh_token": refresh_token,
        "expiry": "2020-01-01T00:00:00Z" });
    let (id, secret) = (&sandbox.line["client_id"], &sandbox.line["client_secret"]);
    let plain = |value: &Value| value.as_str().unwrap().to_owned();
    let text = format!(
        "[mybox]\ntype = box\nclient_id = {}\nclient_secret = {}\ntoken = {token}\n",
        plain(id),
        plain(secret)
    );
    let directory = daemon.home().join(".config/rclone");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("rclone.conf"), text).unwrap();
}

#[test]
fn a_healthy_machine() {
    let sandbox = Sandbox::start(&[]);
    let daemon = with_login(&sandbox);
    let (outcome, checks) = doctor(&daemon);
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    for name in
        ["daemon", "version", "socket", "config", "state", "disk", "room", "key", "box", "clock", "account"]
    {
        assert!(of(&checks, name).iter().all(|(state, ..)| *state == "ok"), "{name}: {checks:?}");
    }
    assert!(of(&checks, "key")[0].1.contains("beside the data"), "{checks:?}");
    assert!(of(&checks, "box")[0].1.contains("token_url, api_url, authorize_url"), "{checks:?}");
    assert_eq!(of(&checks, "account")[0].1, "in order: work");
    assert!(of(&checks, "copies")[0].1.contains("hold no login"), "{checks:?}");

    let shown = daemon.boxctl(&["doctor"]);
    assert_eq!(shown.code, 0);
    assert!(shown.stdout.contains("● daemon") && shown.stdout.contains("0 wrong"), "{}", shown.stdout);
}

#[test]
fn a_directory_that_others_can_write() {
    let daemon = Daemon::start();
    chmod(&daemon.state_dir(), 0o770);
    let (outcome, checks) = doctor(&daemon);
    assert_eq!(outcome.code, 1);
    let remedy = format!("chmod go-w {}", daemon.state_dir().display());
    for name in ["socket", "state"] {
        let (state, evidence, found) = of(&checks, name)[0];
        assert_eq!((state, found), ("fail", remedy.as_str()), "{checks:?}");
        assert!(evidence.contains("mode 0770"), "{evidence}");
    }
    chmod(&daemon.state_dir(), 0o700);
    let key = daemon.state_dir().join("key");
    chmod(&key, 0o644);
    let (_, checks) = doctor(&daemon);
    assert_eq!(of(&checks, "state")[0].2, format!("chmod go= {}", key.display()));
    assert_eq!(of(&checks, "socket")[0].0, "ok");
}

#[test]
fn box_that_cannot_be_reached() {
    let sandbox = Sandbox::start(&[]);
    let daemon = with_login(&sandbox);
    let origin = sandbox.line["url"].as_str().unwrap().to_owned();
    drop(sandbox);
    let (outcome, checks) = doctor(&daemon);
    assert_eq!(outcome.code, 1);
    let (state, evidence, remedy) = of(&checks, "box")[0];
    assert_eq!(state, "fail");
    assert!(evidence.contains("token_url") && evidence.contains("refused"), "{evidence}");
    assert!(remedy.contains(&format!("curl -v {origin}")), "{remedy}");
    assert_eq!(of(&checks, "clock")[0].0, "skipped", "nobody told the time");
    assert_eq!(of(&checks, "account")[0].0, "ok", "the token that is there is served all the same");
}

#[test]
fn a_clock_that_is_wrong() {
    let sandbox = Sandbox::start(&[]);
    let daemon = with_login(&sandbox);
    sandbox.control("POST", "clock", Some(&json!({ "advance_seconds": 300 })));
    let (outcome, checks) = doctor(&daemon);
    let (state, evidence, _) = of(&checks, "clock")[0];
    assert!(state == "warn" && evidence.contains("5 min behind"), "{evidence}");
    assert_eq!(outcome.code, 0, "a warning alone is no failure: {}", outcome.stdout);
    sandbox.control("POST", "clock", Some(&json!({ "advance_seconds": -90_000 })));
    let (_, checks) = doctor(&daemon);
    let (state, evidence, remedy) = of(&checks, "clock")[0];
    assert!(state == "fail" && evidence.contains("ahead of"), "{evidence}");
    assert!(remedy.contains("set-ntp"), "{remedy}");
}

#[test]
fn a_login_that_rclone_holds_too() {
    let sandbox = Sandbox::start(&["--grants", "2"]);
    let daemon = with_login(&sandbox);
    // The import has spent the token that rclone still has.
    rclone_conf(&daemon, &sandbox, &sandbox.line["refresh_token"]);
    let (outcome, checks) = doctor(&daemon);
    let (state, evidence, remedy) = of(&checks, "copies")[0];
    assert_eq!(state, "warn", "{evidence}");
    assert!(evidence.contains("rclone.conf [mybox]") && evidence.contains("account work"), "{evidence}");
    assert!(remedy.contains("mybox"), "{remedy}");
    assert_eq!(outcome.code, 0);

    // Taken over without being spent, both hold the same.
    let mut second = sandbox.line.clone();
    second["refresh_token"] = second["refresh_tokens"][1].clone();
    let import = ["import", "--no-refresh", "-a", "other", "-"];
    assert_eq!(daemon.boxctl_with(&import, &second.to_string()).code, 0);
    rclone_conf(&daemon, &sandbox, &second["refresh_token"]);
    daemon.wait_until(|_| {
        let (_, checks) = doctor(&daemon);
        of(&checks, "copies")[0].0 != "ok"
    });
    let (outcome, checks) = doctor(&daemon);
    let (_, evidence, _) = of(&checks, "copies")[0];
    assert!(evidence.contains("account other"), "{evidence}");
    for said in [&outcome.stdout, &outcome.stderr, &daemon.log()] {
        assert!(!said.contains(second["refresh_token"].as_str().unwrap()), "no token is told: {said}");
    }

    rclone_conf(&daemon, &sandbox, &json!("another-one"));
    let (_, checks) = doctor(&daemon);
    assert_eq!(of(&checks, "copies")[0].0, "ok");
}

#[test]
fn an_account_that_needs_a_person() {
    let sandbox = Sandbox::start(&[]);
    let daemon = with_login(&sandbox);
    daemon.configure("[accounts.bot]\nauth = \"oauth2\"\nclient_id = \"x\"\nclient_secret = \"y\"\n");
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    let (_, checks) = doctor(&daemon);
    let found = of(&checks, "account");
    assert!(
        found.iter().any(|(state, .., remedy)| *state == "warn" && *remedy == "boxctl login bot"),
        "{found:?}"
    );
}

#[test]
fn a_daemon_that_is_down() {
    let daemon = Daemon::prepared("");
    let (outcome, checks) = doctor(&daemon);
    assert_eq!(outcome.code, 1);
    let (state, evidence, remedy) = of(&checks, "daemon")[0];
    assert!(state == "fail" && evidence.contains("cannot be reached"), "{evidence}");
    assert!(remedy.contains("boxd"), "{remedy}");
    for name in ["version", "key", "box", "clock", "account", "copies"] {
        assert_eq!(of(&checks, name)[0].0, "skipped", "{checks:?}");
    }
    assert_eq!(of(&checks, "config")[0].0, "ok", "what needs no daemon is looked at");

    // Its places are judged all the same.
    fs::create_dir(daemon.state_dir()).unwrap();
    chmod(&daemon.state_dir(), 0o777);
    let (_, checks) = doctor(&daemon);
    assert_eq!(of(&checks, "state")[0].0, "fail");
}
