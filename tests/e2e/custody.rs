//! Whose a grant is: names, logout, edited configs, damaged files.

use boxd_tests::{Daemon, Sandbox};
use serde_json::json;

fn running() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

#[test]
fn logout_revokes_at_box_and_forgets() {
    let (sandbox, daemon) = running();
    let outcome = daemon.boxctl(&["logout", "default"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(sandbox.grant()["alive"], false);
    assert_ne!(daemon.boxctl(&["token"]).code, 0);
}

#[test]
fn logout_forgets_nothing_while_box_cannot_be_reached() {
    let (sandbox, daemon) = running();
    let token = daemon.token();
    sandbox.fault(&json!({ "fault": "refuse", "count": 20 }));
    let outcome = daemon.boxctl(&["logout", "default"]);
    assert_eq!(outcome.code, 5, "{}", outcome.stderr);
    assert_eq!(daemon.token(), token);
    sandbox.control("DELETE", "faults", None);
    assert_eq!(sandbox.grant()["alive"], true);
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
}

#[test]
fn local_logout_says_nothing_to_box() {
    let (sandbox, daemon) = running();
    assert_eq!(daemon.boxctl(&["logout", "--local", "default"]).code, 0);
    assert_eq!(sandbox.grant()["alive"], true);
    assert_ne!(daemon.boxctl(&["token"]).code, 0);
}

#[test]
fn a_new_name_keeps_the_grant_over_a_restart() {
    let (sandbox, mut daemon) = running();
    let token = daemon.token();
    let outcome = daemon.boxctl(&["rename", "default", "work"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(daemon.boxctl(&["token", "default"]).code, 7);
    daemon.kill();
    daemon.restart();
    assert_eq!(daemon.boxctl(&["token", "work"]).stdout.trim_end(), token);
    assert_eq!(daemon.boxctl(&["accounts"]).stdout, "work\n");
    assert_eq!(daemon.boxctl(&["refresh", "work"]).code, 0);
    assert_eq!(sandbox.grant()["alive"], true);
}

#[test]
fn a_grant_is_not_sent_where_an_edited_config_points() {
    let sandbox = Sandbox::start(&[]);
    let elsewhere = Sandbox::start(&[]);
    let config = |to: &Sandbox| {
        format!(
            "[accounts.work]\nauth = \"oauth2\"\nclient_id = {}\nclient_secret = {}\n\
             [box]\ntoken_url = {}\nrevoke_url = {}\napi_url = {}\n",
            sandbox.line["client_id"],
            sandbox.line["client_secret"],
            to.line["token_url"],
            to.line["revoke_url"],
            to.line["api_url"]
        )
    };
    let mut daemon = Daemon::prepared(&config(&sandbox));
    daemon.restart();
    let line = json!({ "refresh_token": sandbox.line["refresh_token"], "client_id": sandbox.line["client_id"],
        "client_secret": sandbox.line["client_secret"] });
    let imported = daemon.boxctl_with(&["import", "-a", "work", "-"], &line.to_string());
    assert_eq!(imported.code, 0, "{}", imported.stderr);

    daemon.configure(&config(&elsewhere));
    daemon.kill();
    daemon.restart();
    let refused = daemon.boxctl(&["refresh", "work"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    let error = daemon.status()["error"].to_string();
    for side in [&sandbox, &elsewhere] {
        let origin = side.line["url"].as_str().unwrap_or_default();
        assert!(error.contains(origin), "{error} does not name {origin}");
    }
    let heard = elsewhere.control("GET", "journal", None).to_string();
    assert!(!heard.contains("received"), "something was sent there: {heard}");

    daemon.configure(&config(&sandbox));
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    daemon.wait_until(|status| status["state"] == "healthy");
    assert_eq!(daemon.boxctl(&["refresh", "work"]).code, 0);
}

#[test]
fn a_damaged_file_is_set_aside_and_harms_no_other() {
    let sandbox = Sandbox::start(&["--grants", "2"]);
    let mut daemon = Daemon::start();
    for (name, index) in [("good", 0), ("bad", 1)] {
        let mut line = sandbox.line.clone();
        line["refresh_token"] = line["refresh_tokens"][index].clone();
        let outcome = daemon.boxctl_with(&["import", "-a", name, "-"], &line.to_string());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    daemon.kill();
    let accounts = daemon.state_dir().join("accounts");
    let damaged = b"not what boxd wrote".to_vec();
    std::fs::write(accounts.join("bad.grant"), &damaged).expect("written");
    daemon.restart();
    assert_eq!(daemon.boxctl(&["token", "good"]).code, 0);
    assert_eq!(daemon.boxctl(&["token", "bad"]).code, 4);
    let kept = std::fs::read_dir(&accounts)
        .expect("read")
        .filter_map(|entry| std::fs::read(entry.ok()?.path()).ok())
        .any(|bytes| bytes == damaged);
    assert!(kept, "it is set aside, not deleted");
}

#[test]
fn a_default_account_that_is_none_is_told() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let file = sandbox.import_file(daemon.home());
    assert_eq!(daemon.boxctl(&["import", file.to_str().expect("a path")]).code, 0);
    daemon.configure("default_account = \"default\"\n");
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    assert!(!daemon.boxctl(&["status"]).stdout.contains("which is no account"));
    assert_eq!(daemon.boxctl(&["rename", "default", "work"]).code, 0);
    let status = daemon.boxctl(&["status"]).stdout;
    assert!(status.contains("default_account in the config names default, which is no account"), "{status}");
}
