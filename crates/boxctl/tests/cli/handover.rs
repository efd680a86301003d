//! `import`: what is read from where, and that no secret is ever echoed.

use boxd_proto::{ImportedCredential, Request};

use crate::{answers::obliging, daemon::Daemon};

const GRANT: &str = r#"{"client_id":"id","client_secret":"S3cret-canary","refresh_token":"R3fresh-canary",
    "expires_at":"2025-11-22T03:04:05Z","token_url":"http://127.0.0.1:1/t","unknown":[1]}"#;

#[test]
fn a_grant_from_a_file_or_stdin() {
    let daemon = Daemon::new(obliging);
    let file = daemon.file(GRANT);
    let runs = [
        daemon.run(&["import", &file, "-a", "work"]),
        daemon.run_with(&["import", "-", "-a", "work"], GRANT),
    ];
    for ran in runs {
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.starts_with("work  ●") && ran.err.contains("delete it"), "{ran:?}");
        assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
        let Some(Request::Import(import)) = daemon.asked().pop() else { panic!("no import") };
        assert_eq!(import.account.as_deref(), Some("work"));
        assert_eq!(import.endpoints.token_url.as_deref(), Some("http://127.0.0.1:1/t"));
        let ImportedCredential::OAuth2 { refresh_token, expires_at, refresh_now, .. } = import.credential
        else {
            panic!("another kind")
        };
        assert_eq!(refresh_token.expose(), "R3fresh-canary");
        assert_eq!((expires_at, refresh_now, import.replace), (Some(1_763_780_645), true, false));
    }
}

#[test]
fn a_trust_anchor_is_found_beside_the_file_that_names_it() {
    let daemon = Daemon::new(obliging);
    let dir = daemon.socket().parent().unwrap().to_path_buf();
    let text =
        |ca_file: &str| GRANT.replace("\"unknown\"", &format!("\"ca_file\":\"{ca_file}\",\"unknown\""));
    let table = [("ca.pem", dir.join("ca.pem")), ("/etc/ca.pem", "/etc/ca.pem".into())];
    for (named, expected) in table {
        daemon.file(&text(named));
        // The daemon works elsewhere, and so may the person.
        let output = daemon.command(&["import", "file"]).current_dir(&dir).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let Some(Request::Import(import)) = daemon.asked().pop() else { panic!("no import") };
        assert_eq!(import.endpoints.ca_file.as_deref(), expected.to_str(), "{named}");
    }
}

#[test]
fn a_bare_token_and_the_options() {
    let daemon = Daemon::new(obliging);
    assert_eq!(daemon.run_with(&["import", "-", "--replace"], "dev-token\n").code, 0);
    let Some(Request::Import(import)) = daemon.asked().pop() else { panic!("no import") };
    assert!(import.replace && import.account.is_none());
    assert!(matches!(import.credential, ImportedCredential::AccessToken { access_token, .. }
        if access_token.expose() == "dev-token"));
    assert_eq!(daemon.run_with(&["import", "-", "--no-refresh"], GRANT).code, 0);
    let Some(Request::Import(import)) = daemon.asked().pop() else { panic!("no import") };
    assert!(matches!(import.credential, ImportedCredential::OAuth2 { refresh_now: false, .. }));
}

#[test]
fn what_cannot_be_taken_over_is_refused_without_quoting_it() {
    let large = "canary".repeat(10_000);
    let table: [(&str, &str, &str); 8] = [
        ("nothing", "", "not recognised"),
        ("another format", "<canary/>\ntype = box", "not recognised"),
        ("broken JSON", "{\"client_id\": canary", "no JSON object"),
        ("a member of another type", r#"{"client_id":"c","refresh_token":{"canary":1}}"#, "no JSON object"),
        ("no refresh token", r#"{"client_id":"canary"}"#, "lacks `refresh_token`"),
        ("no client id", r#"{"refresh_token":"canary"}"#, "lacks `client_id`"),
        (
            "no date",
            r#"{"client_id":"c","refresh_token":"r","expires_at":"canary"}"#,
            "`expires_at` is no RFC 3339 date",
        ),
        ("too much", &large, "too large"),
    ];
    let daemon = Daemon::new(obliging);
    for (what, text, expected) in table {
        let ran = daemon.run_with(&["import", "-"], text);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{what}: {ran:?}");
        assert!(ran.err.contains(expected) && ran.err.contains("next: "), "{what}: {ran:?}");
        assert!(!ran.err.contains("canary"), "{what}: {ran:?}");
    }
    assert_eq!(daemon.run(&["import", "/nowhere/at-all"]).code, 2);
    assert!(daemon.asked().is_empty(), "nothing was sent");
}
