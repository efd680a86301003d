//! The audit log: who was given which token is on record, and no token is.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what is missing makes the test fail, as it should; clippy.toml exempts only test functions"
)]

use std::{fs, path::PathBuf, time::Duration};

use boxd_client::{Client, TokenRequest};
use boxd_tests::{Binaries, Daemon, Outcome, Sandbox, curl::curl};
use serde_json::{Value, json};

fn running(config: &str) -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::prepared(config);
    daemon.restart();
    let outcome = daemon.boxctl_with(&["import", "-", "-a", "work"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

fn ok(outcome: &Outcome) -> String {
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout.clone()
}

fn records(daemon: &Daemon, arguments: &[&str]) -> Vec<Value> {
    let json = daemon.json(&[&["audit", "--json"], arguments].concat());
    json["records"].as_array().unwrap_or_else(|| panic!("{json}")).clone()
}

fn log(daemon: &Daemon) -> PathBuf {
    daemon.state_dir().join("audit.log")
}

fn logged(daemon: &Daemon) -> String {
    fs::read_to_string(log(daemon)).unwrap_or_default()
}

/// Waits for something that another process is about to do.
fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..400 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("it did not come to that: {what}");
}

#[test]
fn each_way_of_getting_a_token_is_on_record_and_no_token_is() {
    let (sandbox, daemon) = running("[api]\nenabled = true\n");
    let mut tokens = vec![daemon.token()];
    let scoped = ["token", "--scope", "item_download", "--resource", "folder:123"];
    tokens.push(ok(&daemon.boxctl(&scoped)).trim().to_owned());
    let answer = curl(&daemon, "/v1/token", &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    ok(&daemon.boxctl(&["api", "/2.0/users/me"]));
    let script = "curl -s -u \"$BOX_CLIENT_ID:$BOX_CLIENT_SECRET\" -d grant_type=refresh_token \
                  -d refresh_token=\"$BOX_REFRESH_TOKEN\" \"$BOX_TOKEN_URL\"";
    ok(&daemon.boxctl(&["exec", "--oauth", "--", "sh", "-c", script]));
    ok(&daemon.boxctl(&["refresh"]));
    tokens.push(daemon.token());

    let all = records(&daemon, &[]);
    let boxctl = Binaries::built().boxctl.to_string_lossy().into_owned();
    let find = |way: &str| {
        all.iter().find(|record| record["way"] == way).unwrap_or_else(|| panic!("{way}: {all:?}"))
    };
    // Rows of one second come in no order: the first of the two generations is meant.
    let natives = all.iter().filter(|record| record["way"] == "native");
    let native = natives.min_by_key(|record| record["generation"].as_u64()).expect("a native one");
    let generation = native["generation"].as_u64().expect("a number");
    assert_eq!((&native["account"], &native["outcome"]), (&json!("work"), &json!("handed")), "{native}");
    if cfg!(target_os = "linux") {
        assert_eq!(native["program"], json!(boxctl), "{native}");
        assert!(find("http")["program"].as_str().is_some_and(|program| program.ends_with("curl")));
        assert!(native["pid"].is_u64() && native["started"].is_u64(), "{native}");
    }
    find("api");
    find("endpoint");
    let narrow = all.iter().find(|record| record["scope"].is_array()).expect("the downscoped one");
    assert_eq!(narrow["scope"], json!(["item_download"]), "{narrow}");
    assert!(narrow["resource"].as_str().is_some_and(|url| url.ends_with("/2.0/folders/123")), "{narrow}");
    let generations: Vec<_> = all
        .iter()
        .filter(|record| record["scope"].is_null())
        .filter_map(|record| record["generation"].as_u64())
        .collect();
    assert!(generations.contains(&(generation + 1)), "{generations:?}");

    tokens.extend(
        ["refresh_token", "client_secret"].map(|name| sandbox.line[name].as_str().expect("text").to_owned()),
    );
    let text = logged(&daemon);
    for secret in tokens {
        assert!(!text.contains(&secret) && !all.iter().any(|record| record.to_string().contains(&secret)));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(log(&daemon)).expect("it is there").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn questions_are_answered() {
    let (_sandbox, daemon) = running("");
    assert_eq!(ok(&daemon.boxctl(&["audit"])), "no such record\n");
    daemon.token();
    let generation = daemon.status()["generation"].as_u64().expect("a number");
    assert_eq!(curl(&daemon, "/v1/token", &[]).status, 200);
    ok(&daemon.boxctl(&["refresh"]));
    daemon.token();

    let table = ok(&daemon.boxctl(&["audit"]));
    assert!(table.starts_with("LAST ") && table.lines().count() == 4, "{table}");
    assert_eq!(records(&daemon, &["work"]).len(), 3);
    assert_eq!(records(&daemon, &["elsewhere"]).len(), 0);
    assert_eq!(records(&daemon, &["--since", "1h"]).len(), 3);
    let number = generation.to_string();
    assert_eq!(records(&daemon, &["--generation", &number]).len(), 2);

    // Which programs hold which generation: boxctl has the new one, curl still the old one.
    let holders = records(&daemon, &["--holders"]);
    let held = |name: &str| {
        let of = |record: &&Value| record["program"].as_str().is_some_and(|program| program.ends_with(name));
        holders.iter().find(of).map(|record| record["generation"].clone())
    };
    if cfg!(target_os = "linux") {
        assert_eq!(
            (holders.len(), held("boxctl"), held("curl")),
            (2, Some(json!(generation + 1)), Some(json!(generation)))
        );
        let table = ok(&daemon.boxctl(&["audit", "--holders"]));
        assert!(table.contains("(current)") && table.contains("(older)"), "{table}");
    }
}

#[test]
fn repeats_are_one_row_and_survive_a_crash_but_for_a_moment() {
    let (_sandbox, mut daemon) = running("");
    let mut client = Client::connect_to(daemon.socket()).expect("boxd answers");
    for _ in 0..50 {
        client.token(&TokenRequest::default()).expect("a token");
    }
    let all = records(&daemon, &[]);
    let count: u64 = all.iter().filter_map(|record| record["count"].as_u64()).sum();
    assert_eq!((all.len(), count), (1, 50), "{all:?}");
    assert!(logged(&daemon).lines().count() <= 3, "{}", logged(&daemon));

    // A program that is new is on the disk without being asked for.
    daemon.token();
    until("boxctl is on record", || logged(&daemon).contains("boxctl"));
    daemon.kill();
    let mut torn = logged(&daemon);
    torn.push_str("{\"time\":\"2026-");
    fs::write(log(&daemon), torn).expect("it can be written");
    daemon.restart();
    daemon.token();
    let count: u64 = records(&daemon, &[]).iter().filter_map(|record| record["count"].as_u64()).sum();
    assert_eq!(count, 52, "the half line at the end spoils nothing");
}

#[test]
fn the_log_is_rotated() {
    let (_sandbox, daemon) = running("[audit]\nmax_size = \"16K\"\nkeep = 2\n");
    for _ in 0..80 {
        daemon.token();
    }
    let all = records(&daemon, &[]);
    let names: Vec<_> = fs::read_dir(daemon.state_dir())
        .expect("it is there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("audit.log"))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let count: u64 = all.iter().filter_map(|record| record["count"].as_u64()).sum();
    assert!(count > 40, "both are read: {count}");
}

#[test]
fn required_means_no_record_no_token() {
    let (_sandbox, daemon) = running("[audit]\nrequired = true\n");
    daemon.token();
    assert!(logged(&daemon).contains("boxctl"), "before the token left");

    // Root writes into any directory: something that is no file is in the way of all.
    fs::remove_file(log(&daemon)).expect("it is there");
    fs::create_dir(log(&daemon)).expect("it is gone");
    let refused = daemon.boxctl(&["token"]);
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(refused.stderr.contains("audit log"), "{refused:?}");
    assert_eq!(curl(&daemon, "/v1/token", &[]).status, 503);
    assert_eq!(daemon.status()["state"], "healthy", "nothing is wrong with the account");

    fs::remove_dir(log(&daemon)).expect("it is empty");
    daemon.token();
    fs::remove_file(log(&daemon)).expect("it is there");

    daemon.configure("");
    ok(&daemon.boxctl(&["reload"]));
    daemon.token();
}

#[test]
fn a_log_that_cannot_be_written_costs_no_token_and_is_told() {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::prepared("");
    fs::create_dir_all(log(&daemon)).expect("it is ours");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(daemon.state_dir(), fs::Permissions::from_mode(0o700)).expect("it is ours");
    }
    daemon.restart();
    ok(&daemon.boxctl_with(&["import", "-", "-a", "work"], &sandbox.line.to_string()));
    daemon.token();
    until("it is told", || daemon.log().contains("the audit log cannot be written"));
    until("it is counted", || {
        ok(&daemon.boxctl(&["metrics"])).contains("boxd_audit_records_waiting_as_lost 1\n")
    });
    fs::remove_dir(log(&daemon)).expect("it is empty");
    daemon.token();
    let lost = records(&daemon, &[])
        .into_iter()
        .find(|record| record["outcome"] == "lost")
        .expect("it is on record");
    assert_eq!(lost["count"], 1);
}
