//! CCG and JWT with the real binaries: tokens without a person, for enterprise, user and any user of the app.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "JSON that lacks a member makes the test fail, as it should"
)]

use std::{fs, os::unix::fs::PermissionsExt as _};

use boxd_tests::{Daemon, Sandbox};
use serde_json::{Value, json};

/// The endpoints of a sandbox, as `[box]`.
fn endpoints(sandbox: &Sandbox) -> String {
    let url = |key: &str| sandbox.line[key].as_str().unwrap_or_default().to_owned();
    format!(
        "[box]\nauthorize_url = \"{}\"\ntoken_url = \"{}\"\nrevoke_url = \"{}\"\napi_url = \"{}\"\n",
        url("authorize_url"),
        url("token_url"),
        url("revoke_url"),
        url("api_url"),
    )
}

fn text<'a>(sandbox: &'a Sandbox, key: &str) -> &'a str {
    sandbox.line[key].as_str().unwrap_or_default()
}

/// An account `bot` with this subject, as the config says.
fn ccg(sandbox: &Sandbox, secret: &str, subject: &str) -> String {
    format!(
        "{}\n[accounts.bot]\nauth = \"ccg\"\nclient_id = \"{}\"\nclient_secret = \"{secret}\"\nsubject = {subject}\n",
        endpoints(sandbox),
        text(sandbox, "client_id"),
    )
}

fn enterprise(sandbox: &Sandbox) -> String {
    format!("{{ enterprise = \"{}\" }}", text(sandbox, "enterprise_id"))
}

fn running(config: &str) -> Daemon {
    let mut daemon = Daemon::prepared(config);
    daemon.restart();
    daemon
}

/// A daemon with the account `app`, whose app settings file carries a key in this form.
fn jwt(sandbox: &Sandbox, cipher: &str, more: &str) -> Daemon {
    let config = format!(
        "{}\n[accounts.app]\nauth = \"jwt\"\napp_config = \"app.json\"\n{more}\n",
        endpoints(sandbox)
    );
    let mut daemon = Daemon::prepared(&config);
    write_secret(&daemon, "app.json", &app_settings(sandbox, cipher).to_string());
    daemon.restart();
    daemon
}

fn app_settings(sandbox: &Sandbox, cipher: &str) -> Value {
    sandbox.control("GET", &format!("app-settings?cipher={cipher}"), None)
}

fn write_secret(daemon: &Daemon, name: &str, content: &str) {
    let file = daemon.home().join(name);
    fs::write(&file, content).expect("the file can be written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its mode can be set");
}

fn token(daemon: &Daemon) -> String {
    let outcome = daemon.boxctl(&["token"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout.trim_end().to_owned()
}

/// How many tokens the sandbox has issued this way.
fn issued(sandbox: &Sandbox, origin: &str) -> usize {
    let journal = sandbox.control("GET", "journal", None);
    let entries = journal["entries"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .filter(|entry| entry["event"] == "issued" && entry["kind"] == "access" && entry["origin"] == origin)
        .count()
}

#[test]
fn ccg_needs_nothing_but_its_config_entry() {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = running(&ccg(&sandbox, text(&sandbox, "client_secret"), &enterprise(&sandbox)));
    let first = token(&daemon);
    assert_eq!(sandbox.who_am_i(&first), 200);
    daemon.wait_until(|status| !status["user"].is_null());
    let status = daemon.status();
    assert_eq!((&status["auth"], &status["state"]), (&json!("ccg"), &json!("healthy")), "{status}");
    assert_eq!(status["user"]["id"], sandbox.line["service_account"]["id"]);
    assert_eq!(status["login_deadline"], Value::Null, "nobody ever has to log in");

    daemon.signal("TERM");
    daemon.wait();
    daemon.restart();
    assert_eq!(token(&daemon), first, "the token outlives the process");
    assert_eq!(issued(&sandbox, "client_credentials"), 1);

    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    let second = token(&daemon);
    assert_ne!(first, second);
    assert_eq!((sandbox.who_am_i(&second), sandbox.who_am_i(&first)), (200, 200), "old tokens live on");
}

#[test]
fn ccg_acts_as_a_user() {
    let sandbox = Sandbox::start(&[]);
    let user = &sandbox.line["app_users"][0]["id"];
    let subject = format!("{{ user = {user} }}");
    let daemon = running(&ccg(&sandbox, text(&sandbox, "client_secret"), &subject));
    assert_eq!(sandbox.who_am_i(&token(&daemon)), 200);
    daemon.wait_until(|status| status["user"]["id"] == *user);
}

#[test]
fn a_wrong_secret_is_for_a_person_and_heals_on_reload() {
    let sandbox = Sandbox::start(&[]);
    let daemon = running(&ccg(&sandbox, "wrong", &enterprise(&sandbox)));
    let outcome = daemon.boxctl(&["token", "--json"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    let problem: Value = serde_json::from_str(&outcome.stderr).unwrap_or_default();
    assert_eq!(problem["code"], "action_required", "{problem}");
    assert!(problem["next_step"].as_str().is_some_and(|step| step.contains("secret")), "{problem}");
    daemon.configure(&ccg(&sandbox, text(&sandbox, "client_secret"), &enterprise(&sandbox)));
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    token(&daemon);
}

#[test]
fn another_subject_never_gets_the_token_of_the_one_before() {
    let sandbox = Sandbox::start(&[]);
    let daemon = running(&ccg(&sandbox, text(&sandbox, "client_secret"), &enterprise(&sandbox)));
    let first = token(&daemon);
    let user = &sandbox.line["app_users"][1]["id"];
    let subject = format!("{{ user = {user} }}");
    daemon.configure(&ccg(&sandbox, text(&sandbox, "client_secret"), &subject));
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    assert_ne!(token(&daemon), first);
    daemon.wait_until(|status| status["user"]["id"] == *user);
}

#[test]
fn a_logout_of_an_app_revokes_and_a_refresh_begins_again() {
    let sandbox = Sandbox::start(&[]);
    let daemon = running(&ccg(&sandbox, text(&sandbox, "client_secret"), &enterprise(&sandbox)));
    let first = token(&daemon);
    let outcome = daemon.boxctl(&["logout", "bot"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(sandbox.who_am_i(&first), 401);
    let outcome = daemon.boxctl(&["token"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("boxctl refresh bot"), "{}", outcome.stderr);
    assert_eq!(daemon.boxctl(&["refresh", "bot"]).code, 0);
    assert_ne!(token(&daemon), first);
}

#[test]
fn jwt_with_every_key_that_box_or_openssl_make() {
    for (cipher, more) in [
        ("aes256", ""),
        ("des3", ""),
        ("none", ""),
        ("aes256", "algorithm = \"RS512\""),
        ("des3", "algorithm = \"RS384\""),
    ] {
        let sandbox = Sandbox::start(&[]);
        let daemon = jwt(&sandbox, cipher, more);
        assert_eq!(sandbox.who_am_i(&token(&daemon)), 200, "{cipher} {more}");
        let status = daemon.status();
        assert_eq!((&status["auth"], &status["state"]), (&json!("jwt"), &json!("healthy")), "{status}");
    }
}

#[test]
fn an_old_key_is_refused_with_the_command_that_converts_it() {
    let sandbox = Sandbox::start(&[]);
    let daemon = jwt(&sandbox, "legacy", "");
    let outcome = daemon.boxctl(&["token"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("openssl pkcs8 -topk8"), "{}", outcome.stderr);
}

#[test]
fn jwt_acts_as_the_user_that_the_config_names() {
    let sandbox = Sandbox::start(&[]);
    let user = &sandbox.line["app_users"][0]["id"];
    let daemon = jwt(&sandbox, "aes256", &format!("subject = {{ user = {user} }}"));
    token(&daemon);
    daemon.wait_until(|status| status["user"]["id"] == *user);
}

#[test]
fn a_clock_that_is_wrong_costs_jwt_one_more_request() {
    for seconds in [600, -600] {
        let sandbox = Sandbox::start(&[]);
        sandbox.control("POST", "clock", Some(&json!({ "advance_seconds": seconds })));
        let daemon = jwt(&sandbox, "aes256", "");
        assert_eq!(sandbox.who_am_i(&token(&daemon)), 200, "{seconds}");
    }
}

#[test]
fn a_passphrase_comes_from_a_command_and_what_it_complains_of_is_told() {
    let sandbox = Sandbox::start(&[]);
    let mut settings = app_settings(&sandbox, "aes256");
    let passphrase = settings["boxAppSettings"]["appAuth"]["passphrase"].take();
    let config = |command: &str| {
        format!(
            "{}\n[accounts.app]\nauth = \"jwt\"\napp_config = \"app.json\"\npassphrase = {{ command = [\"sh\", \"-c\", \"{command}\"] }}\n",
            endpoints(&sandbox)
        )
    };
    let mut daemon = Daemon::prepared(&config("echo the vault is sealed >&2; exit 3"));
    if let Some(auth) = settings["boxAppSettings"]["appAuth"].as_object_mut() {
        auth.remove("passphrase");
    }
    write_secret(&daemon, "app.json", &settings.to_string());
    daemon.restart();
    let outcome = daemon.boxctl(&["token"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("the vault is sealed"), "{}", outcome.stderr);
    daemon.configure(&config(&format!("echo {}", passphrase.as_str().unwrap_or_default())));
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    assert_eq!(sandbox.who_am_i(&token(&daemon)), 200);
}

#[test]
fn what_box_says_of_an_app_reaches_the_person() {
    let sandbox = Sandbox::start(&[]);
    let daemon = jwt(&sandbox, "aes256", "");
    let first = token(&daemon);
    for (error, description) in [
        ("unauthorized_client", "This app is not authorized by the enterprise admin"),
        ("invalid_request", "The grant type is unauthorized for this client_id"),
        ("invalid_request", "Cannot obtain user token based on the enterprise configuration for your app"),
        ("invalid_client", "The client credentials are invalid"),
        ("invalid_grant", "Grant credentials are invalid"),
        ("invalid_grant", "Please check the 'sub' claim. The 'sub' specified is invalid."),
        ("invalid_grant", "Please check the 'iss' claim"),
        ("invalid_grant", "\"kid\" invalid, unable to lookup correct key"),
        (
            "invalid_grant",
            "Signature verification error. The public key identified by \"kid\" must correspond to the private key used for signing.",
        ),
        ("password_reset_required", "User needs to reset password"),
    ] {
        sandbox.fault(&json!({ "fault": "error", "error": error, "error_description": description }));
        let outcome = daemon.boxctl(&["refresh", "--json"]);
        assert_eq!(outcome.code, 4, "{error}: {}", outcome.stderr);
        let problem: Value = serde_json::from_str(&outcome.stderr).unwrap_or_default();
        assert_eq!(problem["code"], "action_required", "{error}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(error == "password_reset_required" || detail.contains(description), "{detail}");
        assert_eq!(token(&daemon), first, "{error}: the token is still good");
    }
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
}

#[test]
fn an_app_that_is_not_authorized_yet_works_once_it_is() {
    let sandbox = Sandbox::start(&[]);
    sandbox.control("POST", "client", Some(&json!({ "authorized": false })));
    let daemon = jwt(&sandbox, "aes256", "");
    let outcome = daemon.boxctl(&["token"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("administrator"), "{}", outcome.stderr);
    sandbox.control("POST", "client", Some(&json!({ "authorized": true })));
    assert_eq!(daemon.boxctl(&["refresh", "app"]).code, 0);
    token(&daemon);
}
