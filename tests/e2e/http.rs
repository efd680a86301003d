//! The HTTP API as programs of other languages use it, with curl.

use boxd_tests::{
    Daemon, Sandbox,
    curl::{Answer, curl},
};
use serde_json::json;

const JSON: &str = "Content-Type: application/json";

fn running() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

fn post(daemon: &Daemon, path: &str, body: &str) -> Answer {
    curl(daemon, path, &["-H", JSON, "--data", body])
}

#[test]
fn a_token_is_the_same_however_it_is_asked_for() {
    let (_sandbox, daemon) = running();
    let token = daemon.token();
    let answer = curl(&daemon, "/v1/token", &[]);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut of_http = answer.json();
    let mut of_boxctl = daemon.json(&["token", "--json"]);
    for volatile in ["expires_in", "expires_at", "box_expires_at"] {
        // A second may have passed in between.
        assert!(of_http[volatile].take() != json!(null) && of_boxctl[volatile].take() != json!(null));
    }
    assert_eq!(of_http, of_boxctl);
    assert_eq!(of_http["access_token"], token.as_str());
    assert_eq!(curl(&daemon, "/v1/token", &["-H", "Accept: text/plain"]).body, format!("{token}\n"));
    for path in ["/v1/token?account=default", "/v1/token?min_ttl=10m&wait=5s"] {
        assert_eq!(curl(&daemon, path, &[]).json()["access_token"], token.as_str(), "{path}");
    }
    let answer = post(&daemon, "/v1/token", r#"{"account":"default","min_ttl":600,"wait":"5s"}"#);
    assert_eq!(answer.json()["access_token"], token.as_str());
    assert!(!daemon.log().contains(&token), "a token is in the log");
}

#[test]
fn a_rejected_token_is_renewed_once() {
    let (sandbox, daemon) = running();
    let old = curl(&daemon, "/v1/token", &[]).json();
    let body = json!({ "rejected": old["generation"] }).to_string();
    let spends = || sandbox.grant()["refreshes"].as_u64();
    let before = spends();
    let renewed = post(&daemon, "/v1/token", &body).json();
    assert_ne!(renewed["access_token"], old["access_token"]);
    let again = post(&daemon, "/v1/token", &body).json();
    assert_eq!(again["access_token"], renewed["access_token"]);
    assert_eq!(spends(), before.map(|count| count + 1));
}

#[test]
fn head_says_whether_there_is_a_token_and_begins_nothing() {
    let (sandbox, daemon) = running();
    let before = sandbox.grant()["refreshes"].clone();
    let head = |path: &str| curl(&daemon, path, &["--head"]);
    let answer = head("/v1/token");
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let answer = head("/v1/token?min_ttl=99h");
    assert_eq!((answer.status, answer.header("retry-after")), (422, None), "as GET would say");
    let answer = head("/v1/token?scope=item_download");
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
    assert_eq!(head("/v1/token?account=nobody").status, 404);
    for path in ["/v1/status", "/v1/accounts/default", "/v1/events", "/metrics", "/healthz", "/readyz"] {
        let answer = head(path);
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
    }
    assert_eq!(sandbox.grant()["refreshes"], before);
    assert_eq!(sandbox.bare_tokens().len(), 0, "no downscoped token was made");
}

#[test]
fn scoped_tokens_are_told_with_their_scope() {
    let (_sandbox, daemon) = running();
    let by_query = curl(&daemon, "/v1/token?scope=item_preview%20item_download&resource=file:11", &[]).json();
    assert_eq!(by_query["scope"], json!(["item_download", "item_preview"]));
    let body = r#"{"scope":["item_download","item_preview"],"resource":"file:11"}"#;
    assert_eq!(post(&daemon, "/v1/token", body).json()["access_token"], by_query["access_token"]);
    assert_ne!(by_query["access_token"], daemon.token().as_str());
    let refused = curl(&daemon, "/v1/token?resource=file:11", &[]);
    assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("bad_request")));
}

#[test]
fn states_are_those_of_boxctl() {
    let (_sandbox, daemon) = running();
    let of_boxctl = daemon.status();
    for path in ["/v1/status", "/v1/status?account=default", "/v1/accounts/default", "/v1/accounts/d%65fault"]
    {
        let status = curl(&daemon, path, &[]).json();
        assert_eq!(status["schema"], 1, "{path}");
        assert_eq!(status["accounts"][0]["generation"], of_boxctl["generation"], "{path}");
        assert_eq!(status["accounts"][0]["user"], of_boxctl["user"], "{path}");
    }
    let renewed = curl(&daemon, "/v1/accounts/default/refresh?wait=20s", &["-X", "POST"]);
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    let generation = renewed.json()["accounts"][0]["generation"].as_u64();
    assert!(generation > of_boxctl["generation"].as_u64(), "{generation:?}");
}

#[test]
fn problems_have_the_status_of_their_code() {
    let (sandbox, daemon) = running();
    let check = |answer: Answer, status: u16, code: &str| {
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{code}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{code}");
        let problem = answer.json();
        assert_eq!((answer.status, &problem["code"]), (status, &json!(code)), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["next_step"].as_str().is_some_and(|step| !step.is_empty()), "{problem}");
    };
    check(curl(&daemon, "/v1/token?account=nobody", &[]), 404, "unknown_account");
    check(curl(&daemon, "/v1/accounts/nobody", &[]), 404, "unknown_account");
    check(curl(&daemon, "/v1/accounts/nobody/refresh", &["-X", "POST"]), 404, "unknown_account");
    check(curl(&daemon, "/v1/events?account=nobody", &[]), 404, "unknown_account");
    check(curl(&daemon, "/v1/accounts/..%2fkey", &[]), 400, "bad_request");
    check(curl(&daemon, "/v1/token?min_ttl=2h", &[]), 422, "min_ttl_unattainable");
    check(curl(&daemon, "/v1/token?scope=nonsense", &[]), 422, "invalid_scope");
    check(curl(&daemon, "/v1/token?user=1", &[]), 400, "bad_request");
    check(curl(&daemon, "/v1/nothing", &[]), 404, "not_found");
    check(curl(&daemon, "/v1/token", &["-X", "DELETE"]), 405, "method_not_allowed");
    check(curl(&daemon, "/v1/token", &["-H", "Accept: image/png"]), 406, "bad_request");
    check(curl(&daemon, "/v1/token", &["--data", "account=default"]), 415, "bad_request");
    let long = format!("{{\"account\":\"{}\"}}", "x".repeat(100_000));
    check(post(&daemon, "/v1/token", &long), 413, "too_large");
    let mut head = curl(&daemon, "/v1/token", &["-H", &format!("X-Large: {}", "x".repeat(17_000))]);
    assert_eq!(std::mem::take(&mut head.status), 431);

    sandbox.hang_after_spending();
    let generation = daemon.status()["generation"].clone();
    let body = json!({ "rejected": generation, "wait": 0 }).to_string();
    let late = post(&daemon, "/v1/token", &body);
    assert!(late.header("retry-after").is_some(), "{late:?}");
    check(late, 503, "unavailable");
    sandbox.control("DELETE", "faults", None);
    sandbox.control("POST", "release", None);
    daemon.wait_until(|status| status["state"] == "healthy");

    sandbox.control("POST", "revoke", Some(&json!({ "grant": 1 })));
    check(curl(&daemon, "/v1/accounts/default/refresh", &["-X", "POST"]), 409, "login_required");
}

#[test]
fn what_a_browser_could_send_is_refused() {
    let (_sandbox, daemon) = running();
    let status = |header: &str| curl(&daemon, "/v1/token", &["-H", header]).status;
    for header in [
        "Origin: null",
        "Origin: https://evil.example",
        "Referer: https://evil.example/",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Dest: empty",
        "Host: evil.example",
        "Host: 127.0.0.1:8080",
        "Host: localhost.",
    ] {
        assert_eq!(status(header), 403, "{header}");
    }
    for header in ["Host: localhost", "Host: localhost:8080", "Host: unix", "Host: %2Ftmp%2Fx%2Fboxd.sock"] {
        assert_eq!(status(header), 200, "{header}");
    }
    assert_eq!(status("Host:"), 400, "HTTP/1.1 has a Host");
    assert_eq!(curl(&daemon, "/v1/token", &["--http1.0", "-H", "Host:"]).status, 200);
    let preflight = ["-X", "OPTIONS", "-H", "Origin: https://evil.example"];
    let answer = curl(&daemon, "/v1/token", &preflight);
    assert_eq!(answer.status, 403);
    assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control-")), "{answer:?}");
}

#[test]
fn a_connection_is_kept() {
    let (_sandbox, daemon) = running();
    let more =
        ["http://boxd/v1/status", "http://boxd/nothing", "http://boxd/healthz", "-w", "%{num_connects} "];
    let answer = curl(&daemon, "/v1/token", &more);
    let connects: Vec<&str> = answer.body.matches("1 HTTP").chain(answer.body.matches("0 HTTP")).collect();
    assert_eq!(connects.len(), 3, "{}", answer.body);
    assert!(answer.body.ends_with("0 "), "the last one came over the first connection: {}", answer.body);
}

#[test]
fn the_document_names_every_route() {
    let daemon = Daemon::start();
    let document = curl(&daemon, "/openapi.json", &[]).json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<&String> = document["paths"].as_object().expect("paths").keys().collect();
    for path in [
        "/v1/token",
        "/v1/status",
        "/v1/accounts/{name}",
        "/v1/accounts/{name}/refresh",
        "/v1/events",
        "/metrics",
        "/healthz",
        "/readyz",
        "/openapi.json",
    ] {
        assert!(paths.iter().any(|known| *known == path), "{path}");
    }
}

#[test]
fn health_and_readiness() {
    let daemon = Daemon::start();
    let health = curl(&daemon, "/healthz", &[]);
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("ok")));
    let nobody = curl(&daemon, "/readyz", &[]);
    assert_eq!((nobody.status, &nobody.json()["reasons"]), (503, &json!([])));
    assert_eq!(curl(&daemon, "/readyz?account=default", &[]).status, 404);

    let sandbox = Sandbox::start(&[]);
    let outcome = daemon.boxctl_with(&["import", "-", "-a", "work"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(curl(&daemon, "/readyz", &[]).json()["accounts"], 1);
    daemon.configure("[accounts.new]\nclient_id = \"id\"\nclient_secret = \"s\"\n");
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    let some = curl(&daemon, "/readyz", &[]);
    assert_eq!(some.status, 503);
    assert_eq!(some.json()["reasons"][0]["account"], "new");
    assert!(some.header("retry-after").is_some());
    assert_eq!(curl(&daemon, "/readyz?account=work", &[]).status, 200);
    assert_eq!(curl(&daemon, "/readyz?account=new", &[]).status, 503);
}
