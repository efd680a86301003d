//! A full run at the chattiest log level leaves no refresh token and no client secret anywhere in the open.

#![expect(clippy::indexing_slicing, reason = "JSON that lacks a member makes the test fail, as it should")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use boxd_tests::{Daemon, Outcome, Sandbox};
use serde_json::{Value, json};

#[test]
fn no_secret_leaves_the_process() {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::start();
    let mut said: Vec<Outcome> = Vec::new();
    said.push(daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string()));
    said.push(daemon.boxctl_with(&["import", "-", "-a", "second"], &sandbox.line.to_string()));
    for fault in [
        json!({ "fault": "truncate_json", "when": "after" }),
        json!({ "fault": "patch", "merge": { "access_token": 1 } }),
    ] {
        sandbox.fault(&fault);
        said.push(daemon.boxctl(&["refresh"]));
        daemon.wait_until(|status| status["state"] == "healthy");
    }
    for command in [
        &["status"][..],
        &["status", "--json"],
        &["accounts"],
        &["paths"],
        &["token", "--rejected", "1"],
        &["token", "nobody", "--json"],
        &["reload"],
        &["rename", "default", "work"],
        &[],
        &["--version"],
    ] {
        said.push(daemon.boxctl(command));
    }
    daemon.kill();
    let check =
        boxd_tests::daemon::run(daemon.command(&boxd_tests::Binaries::built().boxd).arg("--check"), None);
    said.push(check);
    daemon.restart();
    said.push(daemon.boxctl(&["refresh", "work"]));

    let secrets = secrets(&sandbox);
    assert!(secrets.len() >= 4, "the run made several refresh tokens");
    let log = daemon.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log is chatty");
    let state: Vec<u8> =
        files(&daemon.state_dir()).iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    for secret in &secrets {
        assert!(!log.contains(secret), "a secret is in the log");
        for outcome in &said {
            assert!(!outcome.stdout.contains(secret) && !outcome.stderr.contains(secret), "{outcome:?}");
        }
        let plain = state.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!plain, "a secret lies in the open in the state directory");
    }
}

/// The client secret and every refresh token that Box has ever made.
fn secrets(sandbox: &Sandbox) -> BTreeSet<String> {
    let journal = sandbox.control("GET", "journal", None);
    let entries = journal["entries"].as_array().cloned().unwrap_or_default();
    let refresh_tokens = entries
        .iter()
        .filter(|entry| entry["event"] == "issued" && entry["kind"] == "refresh")
        .map(|entry| &entry["token"]);
    refresh_tokens
        .chain([&sandbox.line["client_secret"]])
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}
