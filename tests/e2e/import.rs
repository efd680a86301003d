//! Taking grants over: what import stores, spends, refuses and replaces.

use boxd_tests::{Daemon, Sandbox};
use serde_json::json;

#[test]
fn the_line_of_the_sandbox_is_an_import_file() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(sandbox.grant()["refreshes"], 1, "spent once, which is what ends the old copy");
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    let status = daemon.status();
    assert_eq!(status["account"], "default");
    assert_eq!(status["state"], "healthy");
    assert!(status["user"]["login"].is_string(), "the import asks Box whose grant it is: {status}");
}

#[test]
fn no_refresh_spends_nothing_now() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let mut line = sandbox.line.clone();
    let bare = sandbox.control("POST", "access-token", Some(&json!({ "expires_in": 3000 })));
    line["access_token"] = bare["access_token"].clone();
    assert!(line["access_token"].is_string(), "{bare}");
    line["expires_at"] = "2099-01-01T00:00:00Z".into();
    let outcome = daemon.boxctl_with(&["import", "--no-refresh", "-"], &line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(sandbox.grant()["refreshes"], 0);
    assert_eq!(json!(daemon.token()), line["access_token"]);
}

#[test]
fn a_bare_token_is_served_and_never_renewed() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "--from", "token", "-"], "T0kenFromTheConsole\n");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(daemon.token(), "T0kenFromTheConsole");
    let refused = daemon.boxctl(&["refresh"]);
    assert_ne!(refused.code, 0, "there is nothing to renew it with");
    assert_eq!(sandbox.grant()["refreshes"], 0);
}

#[test]
fn a_grant_is_replaced_only_when_told() {
    let sandbox = Sandbox::start(&["--grants", "2"]);
    let daemon = Daemon::start();
    assert_eq!(daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string()).code, 0);
    let before = daemon.token();
    let mut second = sandbox.line.clone();
    second["refresh_token"] = second["refresh_tokens"][1].clone();

    let refused = daemon.boxctl_with(&["import", "-"], &second.to_string());
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("--replace"), "it names the way: {}", refused.stderr);
    assert_eq!(daemon.token(), before);

    let replaced = daemon.boxctl_with(&["import", "--replace", "-"], &second.to_string());
    assert_eq!(replaced.code, 0, "{}", replaced.stderr);
    assert_ne!(daemon.token(), before);
    assert_eq!(sandbox.grant()["alive"], true, "the old grant is not revoked");
}

#[test]
fn a_bad_file_does_not_cost_the_login_that_it_was_to_replace() {
    let sandbox = Sandbox::start(&["--grants", "2"]);
    let mut daemon = Daemon::start();
    assert_eq!(daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string()).code, 0);
    let before = daemon.token();
    let mut mistyped = sandbox.line.clone();
    mistyped["refresh_token"] = "mistyped".into();
    let refused = daemon.boxctl_with(&["import", "--replace", "-"], &mistyped.to_string());
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("mistyped"), "{}", refused.stderr);
    assert_eq!(daemon.token(), before);
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);

    // The answer to its first spend is lost, and boxd is killed: the new login still gets its place.
    let mut second = sandbox.line.clone();
    second["refresh_token"] = second["refresh_tokens"][1].clone();
    sandbox.fault(&serde_json::json!({ "fault": "hang", "when": "after" }));
    let mut import = daemon.command(&boxd_tests::Binaries::built().boxctl);
    let file = daemon.home().join("second.json");
    assert!(std::fs::write(&file, second.to_string()).is_ok());
    let Ok(mut import) = import.args(["import", "--replace"]).arg(&file).spawn() else { return };
    while sandbox.control("GET", "faults", None)["hung"] != 1 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    daemon.kill();
    assert!(import.wait().is_ok_and(|status| !status.success()));
    daemon.restart();
    daemon.wait_until(|status| status["user"]["id"] == sandbox.person(1)["id"]);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
}

#[test]
fn a_first_import_that_is_dead_leaves_no_account_behind() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let mut mistyped = sandbox.line.clone();
    mistyped["refresh_token"] = "mistyped".into();
    let refused = daemon.boxctl_with(&["import", "-a", "work", "-"], &mistyped.to_string());
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert_eq!(daemon.boxctl(&["accounts"]).stdout, "");
    assert_eq!(daemon.boxctl_with(&["import", "-a", "work", "-"], &sandbox.line.to_string()).code, 0);
}

#[test]
fn a_bare_token_that_box_does_not_know_is_refused() {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::prepared(&format!("[box]\napi_url = {}\n", sandbox.line["api_url"]));
    daemon.restart();
    let refused = daemon.boxctl_with(&["import", "-a", "dev", "-"], "notatoken\n");
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    let developer = sandbox.control("POST", "developer-token", None)["access_token"].clone();
    let developer = developer.as_str().unwrap_or_default().to_owned();
    let taken = daemon.boxctl_with(&["import", "-a", "dev", "-"], &developer);
    assert_eq!(taken.code, 0, "{}", taken.stderr);
    assert!(!daemon.status()["user"].is_null(), "it says whose it is");
    assert_eq!(daemon.boxctl(&["token", "dev"]).stdout.trim_end(), developer);
    let again = daemon.boxctl_with(&["import", "-a", "dev", "-"], &developer);
    assert_eq!(again.code, 2, "still good: {}", again.stderr);
}

#[test]
fn one_grant_has_one_name() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let line = sandbox.line.to_string();
    assert_eq!(daemon.boxctl_with(&["import", "--no-refresh", "-a", "work", "-"], &line).code, 0);
    let refused = daemon.boxctl_with(&["import", "--no-refresh", "-a", "other", "-"], &line);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("work"), "it names the owner: {}", refused.stderr);
}

#[test]
fn a_grant_is_known_by_its_spent_original_too() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let line = sandbox.line.to_string();
    assert_eq!(daemon.boxctl_with(&["import", "-a", "work", "-"], &line).code, 0);
    let refused = daemon.boxctl_with(&["import", "-a", "other", "-"], &line);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("work"), "it names the owner: {}", refused.stderr);
    assert_eq!(daemon.boxctl(&["accounts"]).stdout, "work\n");
}

#[test]
fn an_environment_of_box_cli_brings_its_grant_and_its_hosts() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let line = &sandbox.line;
    let folder = daemon.home().join(".box");
    std::fs::create_dir(&folder).expect("created");
    let write = |name: &str, content: serde_json::Value| {
        std::fs::write(folder.join(name), content.to_string()).expect("written");
    };
    let environment = json!({
        "clientId": line["client_id"], "clientSecret": line["client_secret"], "name": "oauth",
        "cacheTokens": true, "authMethod": "oauth20",
    });
    write("box_environments.json", json!({ "default": "oauth", "environments": { "oauth": environment } }));
    write("settings.json", json!({ "apiRootURL": line["api_url"], "enableProxy": false }));
    let token = json!({
        "accessToken": "long-gone", "accessTokenTTLMS": 3_600_000, "refreshToken": line["refresh_token"],
        "acquiredAtMS": 1_700_000_000_000_u64,
    });
    write("oauth_token_cache.json", token);

    let moved = daemon.boxctl(&["import", "--from", "box-cli", "-a", "work"]);
    assert_eq!(moved.code, 0, "{}", moved.stderr);
    assert!(moved.stderr.contains("box configure:environments:delete oauth"), "{}", moved.stderr);
    assert_eq!(sandbox.grant()["refreshes"], 1);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
}

#[test]
fn what_is_no_credential_is_refused_without_being_quoted() {
    let daemon = Daemon::start();
    let secret = "Zq7canaryZq7";
    for text in [
        format!("{{\"client_id\": \"{secret}\"}}"),
        format!("{{\"client_id\": [\"{secret}\"], \"refresh_token\": 1}}"),
        format!("two words {secret}"),
        String::new(),
    ] {
        let outcome = daemon.boxctl_with(&["import", "-"], &text);
        assert_eq!(outcome.code, 2, "{text:?}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains(secret), "{}", outcome.stderr);
    }
}
