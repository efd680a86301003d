//! What Prometheus reads, over HTTP and by boxctl. A real parser of its format looks at it in `tests/openapi`.

use boxd_tests::{
    Daemon, Sandbox,
    curl::{Following, curl},
};

fn running() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-", "-a", "work"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

/// The value of a sample, by its name and labels as they are written.
fn sample(text: &str, name: &str) -> Option<i64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn accounts_are_told_with_what_they_did() {
    let (sandbox, daemon) = running();
    let read = |name: &str| sample(&curl(&daemon, "/metrics", &[]).body, name);
    let renewed = r#"boxd_refreshes_total{account="work",outcome="success"}"#;
    let served = r#"boxd_tokens_served_total{account="work"}"#;
    let (renewed_before, served_before) = (read(renewed), read(served));
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    daemon.token();
    assert_eq!(curl(&daemon, "/v1/token", &[]).status, 200);
    assert_eq!(curl(&daemon, "/v1/token?scope=item_download", &[]).status, 200);
    assert_eq!(curl(&daemon, "/v1/token", &["--head"]).status, 200);
    assert_eq!(read(renewed), renewed_before.map(|count| count + 1));
    assert_eq!(read(served), served_before.map(|count| count + 3), "HEAD hands out nothing");
    assert_eq!(read(r#"boxd_account_state{account="work",state="healthy"}"#), Some(1));
    let ends = read(r#"boxd_token_expiry_timestamp_seconds{account="work"}"#);
    let deadline = read(r#"boxd_login_deadline_timestamp_seconds{account="work"}"#);
    assert!(ends > Some(1_700_000_000) && deadline > ends, "{ends:?} {deadline:?}");

    sandbox.control("POST", "revoke", Some(&serde_json::json!({ "grant": 1 })));
    assert_eq!(daemon.boxctl(&["refresh"]).code, 4);
    assert_eq!(read(r#"boxd_account_state{account="work",state="login_required"}"#), Some(1));
    assert_eq!(read(r#"boxd_account_state{account="work",state="healthy"}"#), Some(0));
    assert_eq!(read(r#"boxd_refreshes_total{account="work",outcome="login_required"}"#), Some(1));
}

#[test]
fn connections_and_requests_are_counted() {
    let (_sandbox, daemon) = running();
    let _watching = {
        let mut following = Following::start(&daemon, "/v1/events", &[]);
        following.next("data: ");
        following
    };
    assert_eq!(curl(&daemon, "/v1/token?x=1", &[]).status, 400);
    assert_eq!(curl(&daemon, "/v1/../../etc/passwd", &[]).status, 404);
    let answer = curl(&daemon, "/metrics", &[]);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let read = |name: &str| sample(&answer.body, name);
    assert_eq!(read("boxd_watchers"), Some(1));
    assert_eq!(read("boxd_connections"), Some(2));
    assert_eq!(read(r#"boxd_http_requests_total{route="/v1/token",status="4xx"}"#), Some(1));
    assert_eq!(read(r#"boxd_http_requests_total{route="none",status="4xx"}"#), Some(1));
    assert!(!answer.body.contains("passwd"), "no label is what a stranger chose");
    assert!(!answer.body.contains(&daemon.token()));
}

#[test]
fn thousands_of_accounts_are_told_in_pieces() {
    let entry = |number| format!("[accounts.a{number}]\nclient_id = \"id\"\nclient_secret = \"s\"\n");
    let mut daemon = Daemon::prepared(&(0..2000).map(entry).collect::<String>());
    daemon.restart();
    let of_http = curl(&daemon, "/metrics", &[]).body;
    let of_boxctl = daemon.boxctl(&["metrics"]).stdout;
    for text in [&of_http, &of_boxctl] {
        assert_eq!(text.matches("# TYPE boxd_account_state gauge").count(), 1);
        assert_eq!(text.matches("boxd_account_state{").count(), 16_000);
        assert_eq!(sample(text, r#"boxd_account_state{account="a1999",state="absent"}"#), Some(1));
        // All samples of a family stand together, as the format asks for.
        let mut families: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split(['{', ' ']).next())
            .collect();
        families.dedup();
        let told = families.len();
        families.sort_unstable();
        families.dedup();
        assert_eq!(families.len(), told);
    }
    let status = curl(&daemon, "/v1/status", &[]).json();
    assert_eq!(status["accounts"].as_array().map(Vec::len), Some(2000));
    assert_eq!(curl(&daemon, "/readyz", &[]).json()["reasons"].as_array().map(Vec::len), Some(100));
}

#[test]
fn boxctl_prints_them_or_puts_them_in_a_file() {
    let (_sandbox, daemon) = running();
    let printed = daemon.boxctl(&["metrics"]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    assert!(printed.stdout.contains("\nboxd_build_info{version=\""), "{}", printed.stdout);
    let file = daemon.home().join("boxd.prom");
    let path = file.to_str().expect("a path of ASCII");
    let outcome = daemon.boxctl(&["metrics", "--output", path]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{}", outcome.stderr);
    let text = std::fs::read_to_string(&file).expect("it was written");
    assert_eq!(sample(&text, r#"boxd_account_state{account="work",state="healthy"}"#), Some(1));
    let outcome = daemon.boxctl(&["metrics", "--output", "/nowhere/boxd.prom"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("/nowhere/boxd.prom"), "{}", outcome.stderr);
}
