//! Downscoped tokens and tokens of other users: made once, kept, and gone with what they were made from.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "JSON that lacks a member makes the test fail, as it should"
)]

use boxd_tests::{Daemon, Sandbox};
use serde_json::{Value, json};

fn logged_in() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

fn token(daemon: &Daemon, options: &[&str]) -> String {
    let outcome = daemon.boxctl(&[&["token"], options].concat());
    assert_eq!(outcome.code, 0, "{options:?}: {}", outcome.stderr);
    outcome.stdout.trim_end().to_owned()
}

fn issued(sandbox: &Sandbox, origin: &str) -> usize {
    let journal = sandbox.control("GET", "journal", None);
    let entries = journal["entries"].as_array().expect("a journal has entries");
    entries.iter().filter(|entry| entry["event"] == "issued" && entry["origin"] == origin).count()
}

const FOLDER: [&str; 4] = ["--scope", "item_download", "--resource", "folder:123"];

#[test]
fn it_is_made_once_and_falls_with_the_token_it_was_made_from() {
    let (sandbox, daemon) = logged_in();
    let whole = token(&daemon, &[]);
    let first = token(&daemon, &FOLDER);
    assert_ne!(first, whole);
    assert_eq!(sandbox.who_am_i(&first), 200);
    for _ in 0..5 {
        assert_eq!(token(&daemon, &FOLDER), first);
    }
    assert_eq!(issued(&sandbox, "token_exchange"), 1);
    assert_eq!(token(&daemon, &[]), whole, "the account's own token is not touched");
    let other = token(&daemon, &["--scope", "item_preview", "--resource", "file:7"]);
    assert_ne!(other, first);

    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    let second = token(&daemon, &FOLDER);
    assert_ne!(second, first);
    assert_eq!(sandbox.who_am_i(&second), 200);
    assert_eq!(issued(&sandbox, "token_exchange"), 3);
}

#[test]
fn json_tells_what_it_is_restricted_to() {
    let (_sandbox, daemon) = logged_in();
    let json = daemon.json(&[&["token", "--json"], &FOLDER[..]].concat());
    assert_eq!(json["scope"], json!(["item_download"]));
    let restricted = &json["restricted_to"][0];
    assert_eq!(
        (&restricted["scope"], &restricted["object"]["id"]),
        (&json!("item_download"), &json!("123")),
        "{json}"
    );
    let whole = daemon.json(&["token", "--json"]);
    assert!(whole.get("scope").is_none() && whole.get("restricted_to").is_none(), "{whole}");
    assert!(json["expires_in"].as_u64() <= whole["expires_in"].as_u64(), "no longer than its parent");
    let link = ["--scope", "item_preview", "--shared-link", "https://app.box.com/s/abc"];
    assert!(!token(&daemon, &link).is_empty());
}

#[test]
fn a_scope_that_box_does_not_grant_is_named() {
    let (sandbox, daemon) = logged_in();
    sandbox.control("POST", "client", Some(&json!({ "denied_scopes": ["item_delete"] })));
    let options =
        ["token", "--json", "--scope", "item_download", "--scope", "item_delete", "--resource", "file:1"];
    for _ in 0..2 {
        let outcome = daemon.boxctl(&options);
        assert_eq!(outcome.code, 8, "{}", outcome.stderr);
        let problem: Value = serde_json::from_str(&outcome.stderr).unwrap_or_default();
        assert_eq!(problem["code"], "invalid_scope", "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("item_delete")), "{problem}");
    }
    assert_eq!(daemon.status()["state"], "healthy", "nothing is wrong with the account");
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let (_sandbox, daemon) = logged_in();
    for options in [
        &["--resource", "folder:1"][..],
        &["--scope", "a", "--resource", "folder:1", "--shared-link", "https://app.box.com/s/a"],
        &["--scope", "a", "--resource", "elsewhere"],
        &["--scope", "a\u{1b}[2J"],
        &["--user", "me"],
        &["--user", "12"],
    ] {
        let outcome = daemon.boxctl(&[&["token"], options].concat());
        assert_eq!(outcome.code, 2, "{options:?}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains('\u{1b}'), "{options:?}: {:?}", outcome.stderr);
    }
}

#[test]
fn a_longer_life_and_a_refused_one_get_a_new_one() {
    let (_sandbox, daemon) = logged_in();
    let first = daemon.json(&[&["token", "--json"], &FOLDER[..]].concat());
    let life = first["expires_in"].as_u64().expect("a number");
    let longer = (life - 1).to_string();
    token(&daemon, &[&["-t", longer.as_str()], &FOLDER[..]].concat());
    let outcome = daemon.boxctl(&[&["token", "-t", "3h"], &FOLDER[..]].concat());
    assert_eq!(outcome.code, 8, "{}", outcome.stderr);
    let generation = first["generation"].to_string();
    let outcome = daemon.boxctl(&[&["token", "--rejected", generation.as_str()], &FOLDER[..]].concat());
    assert_eq!(outcome.code, 5, "made moments ago: {}", outcome.stderr);
}

#[test]
fn a_parent_that_box_ended_early_is_renewed_on_the_way() {
    let (sandbox, daemon) = logged_in();
    let whole = token(&daemon, &[]);
    sandbox
        .fault(&json!({ "fault": "error", "error": "invalid_grant", "error_description": "Invalid token" }));
    assert_eq!(sandbox.who_am_i(&token(&daemon, &FOLDER)), 200);
    assert_ne!(token(&daemon, &[]), whole, "Box said that it is dead");
    assert_eq!(issued(&sandbox, "token_exchange"), 1);
}

#[test]
fn an_app_has_tokens_of_all_its_users() {
    let sandbox = Sandbox::start(&[]);
    let member = |name: &str| sandbox.line[name].as_str().expect("the line has it").to_owned();
    let config = format!(
        "[box]\ntoken_url = {:?}\nrevoke_url = {:?}\napi_url = {:?}\n\
         [accounts.bot]\nauth = \"ccg\"\nclient_id = {:?}\nclient_secret = {:?}\nsubject = {{ enterprise = {:?} }}\n",
        member("token_url"),
        member("revoke_url"),
        member("api_url"),
        member("client_id"),
        member("client_secret"),
        member("enterprise_id"),
    );
    let mut daemon = Daemon::prepared(&config);
    daemon.restart();
    let own = token(&daemon, &[]);
    let mut tokens = vec![own.clone()];
    for user in 0..2 {
        let id = sandbox.line["app_users"][user]["id"].as_str().expect("an id").to_owned();
        let as_user = token(&daemon, &["--user", &id]);
        assert_eq!(token(&daemon, &["--user", &id]), as_user, "kept");
        assert_eq!(sandbox.who_am_i(&as_user), 200);
        let downscoped = token(&daemon, &[&["--user", id.as_str()], &FOLDER[..]].concat());
        tokens.extend([as_user, downscoped]);
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 5, "all different");
    assert_eq!(issued(&sandbox, "client_credentials"), 3);
    let outcome = daemon.boxctl(&["token", "--user", "99999999999"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert_eq!(token(&daemon, &[]), own, "the app itself is not touched by that");
}
