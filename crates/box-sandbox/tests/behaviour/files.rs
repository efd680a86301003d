//! Downloads and uploads, as large as they are asked for.

use serde_json::json;

use crate::client::Sandbox;

fn token(sandbox: &Sandbox) -> String {
    sandbox.grant()["access_token"].as_str().expect("a token").to_owned()
}

#[test]
fn content_is_elsewhere_and_needs_no_token() {
    let sandbox = Sandbox::start(&[]);
    let token = token(&sandbox);
    let answer = sandbox.send(&format!("GET /2.0/files/100000/content\nAuthorization: Bearer {token}"), "");
    assert_eq!((answer.status, answer.header("location")), (302, Some("/dl/100000")));
    assert_eq!(sandbox.send("GET /2.0/files/100000/content", "").status, 401);
    let content = sandbox.send("GET /dl/100000", "");
    assert_eq!((content.status, content.body.len(), content.promised()), (200, 100_000, 100_000));
    assert_eq!(sandbox.send(&format!("GET /dl/1\nAuthorization: Bearer {token}"), "").status, 400);
    assert_eq!(sandbox.send("GET /dl/x", "").status, 404);
}

#[test]
fn an_upload_is_counted() {
    let sandbox = Sandbox::start(&[]);
    let head = format!("POST /api/2.0/files/content\nAuthorization: Bearer {}", token(&sandbox));
    let answer = sandbox.send(&head, &"x".repeat(200_000));
    assert_eq!((answer.status, &answer.json()["entries"][0]["size"]), (201, &json!(200_000)));
    assert_eq!(sandbox.send("POST /api/2.0/files/content", "x").status, 401);
}

#[test]
fn a_download_can_break_off() {
    let sandbox = Sandbox::start(&[]);
    sandbox.fault(&json!({"fault": "truncate", "path": "download", "when": "after"}));
    let answer = sandbox.send("GET /dl/100000", "");
    assert_eq!((answer.body.len(), answer.promised()), (50_000, 100_000));
    assert_eq!(sandbox.entries("abandoned").len(), 0, "it was not the client");
}
