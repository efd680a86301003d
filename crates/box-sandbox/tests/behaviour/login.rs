//! The authorization endpoint, and the codes that come from it.

use ring::digest::{SHA256, digest};
use serde_json::json;
use url::Url;

use crate::client::{Answer, FORM_TOKEN, Sandbox};
use crate::jwt::encode;

const CALLBACK: &str = "http://127.0.0.1:9999/callback";

/// The page that a browser would ask for, as a path.
fn path(sandbox: &Sandbox, parameters: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", sandbox.text("client_id"))
        .extend_pairs(parameters)
        .finish();
    format!("/api/oauth2/authorize?{query}")
}

fn usual(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut parameters = vec![("response_type", "code"), ("redirect_uri", CALLBACK), ("state", "a b&c")];
    parameters.extend(more);
    parameters
}

fn open(sandbox: &Sandbox, parameters: &[(&str, &str)]) -> Answer {
    sandbox.send(&format!("GET {}", path(sandbox, parameters)), "")
}

fn press(sandbox: &Sandbox, parameters: &[(&str, &str)], form: &str) -> Answer {
    let head = format!("POST {}\nContent-Type: application/x-www-form-urlencoded", path(sandbox, parameters));
    sandbox.send(&head, form)
}

fn location(answer: &Answer) -> Url {
    assert_eq!(answer.status, 302, "{}", answer.text());
    answer.header("location").expect("a location").parse().expect("a URL")
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn code(sandbox: &Sandbox, more: &[(&'static str, &'static str)]) -> String {
    parameter(&location(&press(sandbox, &usual(more), "consent=grant")), "code")
}

fn exchange(sandbox: &Sandbox, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![("grant_type", "authorization_code"), ("code", code)];
    parameters.extend(more);
    sandbox.send(FORM_TOKEN, &sandbox.form(&parameters))
}

const BAD_CODE: &str =
    r#"{"error":"invalid_grant","error_description":"Auth code doesn't exist or is invalid for the client"}"#;

#[test]
fn a_page_asks_and_a_button_answers() {
    let sandbox = Sandbox::start(&[]);
    let page = open(&sandbox, &usual(&[("login_hint", "user3@example.com")]));
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for part in [
        "Grant access to Box",
        "Deny access to Box",
        "<form method=\"post\">",
        "<option value=\"10000000003\" selected>Sandbox User 3 (user3@example.com)</option>",
    ] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");

    let back = location(&press(&sandbox, &usual(&[]), "user=10000000002&consent=grant"));
    assert!(back.as_str().starts_with(CALLBACK));
    assert_eq!(parameter(&back, "state"), "a b&c");
    let pair = exchange(&sandbox, &parameter(&back, "code"), &[("redirect_uri", CALLBACK)]).json();
    let (access, refresh) = (pair["access_token"].as_str().unwrap(), pair["refresh_token"].as_str().unwrap());
    assert_eq!(sandbox.me(access).json()["login"], "user2@example.com");
    assert_eq!(sandbox.refresh(refresh).status, 200);
    assert_eq!(sandbox.refresh(sandbox.text("refresh_token")).status, 200, "other grants are left alone");
}

#[test]
fn a_denial_goes_back_to_the_app() {
    let sandbox = Sandbox::start(&[]);
    let back = location(&press(&sandbox, &usual(&[]), "consent=deny"));
    assert_eq!(
        (parameter(&back, "error"), parameter(&back, "state")),
        ("access_denied".into(), "a b&c".into())
    );
    assert!(!parameter(&back, "error_description").is_empty() && parameter(&back, "code").is_empty());
    assert_eq!(sandbox.entries("handled")[0]["outcome"], "access_denied");
}

#[test]
fn wrong_requests_are_told_to_the_user_or_to_the_app() {
    let sandbox = Sandbox::start(&[]);
    for (redirect_uri, error) in [
        (Some("http://127.0.0.1:9999/other"), "redirect_uri_mismatch"),
        (Some("http://127.0.0.2/callback"), "redirect_uri_mismatch"),
        (Some("https://evil.example.com/callback"), "redirect_uri_mismatch"),
        (Some("nonsense"), "redirect_uri_mismatch"),
        (None, "redirect_uri_missing"),
    ] {
        let mut parameters = vec![("response_type", "code")];
        parameters.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
        let page = open(&sandbox, &parameters);
        assert!(page.status == 400 && page.text().contains(error), "{redirect_uri:?}: {}", page.text());
        assert_eq!(page.header("location"), None);
    }
    let stranger = sandbox.send("GET /api/oauth2/authorize?client_id=x&response_type=code", "");
    assert!(stranger.status == 400 && stranger.text().contains("invalid_client"), "{}", stranger.text());

    for (parameters, error) in [
        (vec![("redirect_uri", CALLBACK), ("response_type", "token")], "unsupported_response_type"),
        (vec![("redirect_uri", CALLBACK)], "unsupported_response_type"),
        (usual(&[("scope", "root_readonly everything")]), "invalid_scope"),
        (usual(&[("code_challenge", "short")]), "invalid_request"),
        (usual(&[("code_challenge", "x"), ("code_challenge_method", "plain")]), "invalid_request"),
    ] {
        assert_eq!(parameter(&location(&open(&sandbox, &parameters)), "error"), error, "{parameters:?}");
    }
}

#[test]
fn one_registered_redirect_uri_need_not_be_named() {
    let sandbox = Sandbox::start(&["--auto-consent"]);
    sandbox.control("client", &json!({"redirect_uris": ["https://example.com/done?a=b"]}));
    let back = location(&open(&sandbox, &[("response_type", "code")]));
    assert!(back.as_str().starts_with("https://example.com/done?a=b&code="), "{back}");
    let bad = sandbox.send("POST /_sandbox/client", r#"{"redirect_uris":["http://example.com/"]}"#);
    assert!(bad.status == 400 && bad.text().contains("loopback"), "{}", bad.text());
}

#[test]
fn consent_can_be_given_without_a_page_by_whom_the_control_api_seats() {
    let sandbox = Sandbox::start(&[]);
    let seated = sandbox.control("consent", &json!({"user": "user3@example.com", "answer": "grant"}));
    assert_eq!(seated, json!({"user": "10000000003", "answer": "grant"}));
    let back = location(&open(&sandbox, &usual(&[])));
    let pair = exchange(&sandbox, &parameter(&back, "code"), &[]).json();
    assert_eq!(sandbox.me(pair["access_token"].as_str().unwrap()).json()["id"], "10000000003");
    sandbox.control("consent", &json!({"answer": "deny"}));
    assert_eq!(parameter(&location(&open(&sandbox, &usual(&[]))), "error"), "access_denied");
    assert_eq!(sandbox.send("POST /_sandbox/consent", r#"{"user":"nobody"}"#).status, 404);
}

#[test]
fn faults_and_limits_strike_the_login_page_too() {
    let sandbox = Sandbox::start(&[]);
    sandbox.fault(&json!({"fault": "status", "status": 503, "path": "authorize"}));
    assert_eq!(open(&sandbox, &usual(&[])).status, 503);
    assert_eq!(open(&sandbox, &usual(&[])).status, 200);
    sandbox.control("limits", &json!({"per_client": {"limit": 0, "window_seconds": 9}, "path": "authorize"}));
    let limited = open(&sandbox, &usual(&[]));
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("9")));
}

#[test]
fn a_code_works_once_for_its_client_in_its_time() {
    let sandbox = Sandbox::start(&["--code-ttl", "40s"]);
    sandbox.control("clock", &json!({"freeze": true}));
    let mine = code(&sandbox, &[]);
    let other = sandbox.control("clients", &json!({}));
    let theirs = format!(
        "grant_type=authorization_code&code={mine}&client_id={}&client_secret={}",
        other["client_id"].as_str().unwrap(),
        other["client_secret"].as_str().unwrap()
    );
    assert_eq!(sandbox.send(FORM_TOKEN, &theirs).text(), BAD_CODE);
    assert_eq!(exchange(&sandbox, &mine, &[("redirect_uri", "http://127.0.0.1/callback")]).text(), BAD_CODE);
    assert_eq!(exchange(&sandbox, "unknown", &[]).text(), BAD_CODE);
    sandbox.control("clock", &json!({"advance_seconds": 39}));
    assert_eq!(exchange(&sandbox, &mine, &[]).status, 200, "a refusal did not spend it");
    assert_eq!(exchange(&sandbox, &mine, &[]).text(), BAD_CODE);

    let late = code(&sandbox, &[]);
    sandbox.control("clock", &json!({"advance_seconds": 40}));
    assert_eq!(
        exchange(&sandbox, &late, &[]).text(),
        r#"{"error":"invalid_grant","error_description":"The authorization code has expired"}"#
    );
}

#[test]
fn a_challenge_asks_for_its_verifier() {
    let sandbox = Sandbox::start(&[]);
    let verifier = "v".repeat(128);
    let challenge: &'static str =
        Box::leak(encode(digest(&SHA256, verifier.as_bytes()).as_ref()).into_boxed_str());
    for method in [&[("code_challenge_method", "S256")][..], &[]] {
        let mut more = vec![("code_challenge", challenge)];
        more.extend(method);
        let code = code(&sandbox, &more);
        assert_eq!(exchange(&sandbox, &code, &[]).text(), BAD_CODE);
        assert_eq!(exchange(&sandbox, &code, &[("code_verifier", &"w".repeat(128))]).text(), BAD_CODE);
        assert_eq!(exchange(&sandbox, &code, &[("code_verifier", &verifier)]).status, 200);
    }
}

#[test]
fn a_scope_narrows_the_grant() {
    let sandbox = Sandbox::start(&[]);
    let code = code(&sandbox, &[("scope", "root_readonly")]);
    assert_eq!(exchange(&sandbox, &code, &[]).status, 200);
    assert_eq!(sandbox.read("grants")["grants"][1]["scope"], json!(["root_readonly"]));
    let issued = sandbox.entries("issued");
    let of_code = issued.iter().find(|entry| entry["kind"] == "code").unwrap();
    assert_eq!(
        (&of_code["scope"], &of_code["origin"]),
        (&json!(["root_readonly"]), &json!("authorization_code"))
    );
}

#[test]
fn a_grant_belongs_to_its_client() {
    let sandbox = Sandbox::start(&[]);
    let other = sandbox.control("clients", &json!({"scopes": ["root_readonly"]}));
    let (id, secret) = (other["client_id"].as_str().unwrap(), other["client_secret"].as_str().unwrap());
    let grant = sandbox.grant();
    let theirs = |more: &str| format!("client_id={id}&client_secret={secret}&{more}");
    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", grant["refresh_token"].as_str().unwrap());
    assert_eq!(sandbox.send(FORM_TOKEN, &theirs(&refresh)).text(), crate::client::DEAD);
    let revoke = format!("token={}", grant["access_token"].as_str().unwrap());
    let head = "POST /oauth2/revoke\nContent-Type: application/x-www-form-urlencoded";
    assert_eq!(sandbox.send(head, &theirs(&revoke)).status, 200);
    assert_eq!(sandbox.view(&grant["grant"])["alive"], true);
}
