//! Answers byte for byte: what clients of Box rely on.

use serde_json::json;

use crate::client::{DEAD, FORM_TOKEN, Sandbox, request};

#[test]
fn success_has_box_s_members_in_box_s_order() {
    let sandbox = Sandbox::start(&["--access-ttl", "1h"]);
    let answer = sandbox.refresh(sandbox.text("refresh_token"));
    let json = answer.json();
    let (access, refresh) = (json["access_token"].as_str().unwrap(), json["refresh_token"].as_str().unwrap());
    assert_eq!((access.len(), refresh.len()), (32, 64));
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"access_token":"{access}","expires_in":3600,"restricted_to":[],"refresh_token":"{refresh}","token_type":"bearer"}}"#
        )
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn token_errors_are_400_with_exact_bodies() {
    let sandbox = Sandbox::start(&[]);
    let good =
        sandbox.form(&[("grant_type", "refresh_token"), ("refresh_token", sandbox.text("refresh_token"))]);
    let form = |parameters: &[(&str, &str)]| sandbox.form(parameters);
    let invalid_client =
        r#"{"error":"invalid_client","error_description":"The client credentials are invalid"}"#;
    let bad_grant_type = r#"{"error":"invalid_request","error_description":"Invalid grant_type parameter or parameter missing"}"#;
    let basic = format!("{FORM_TOKEN}\nAuthorization: Basic YTpi");
    let json = FORM_TOKEN.replace("x-www-form-urlencoded", "json");
    for (head, body, expected) in [
        (FORM_TOKEN, form(&[("grant_type", "refresh_token"), ("refresh_token", "unknown")]), DEAD),
        (
            FORM_TOKEN,
            form(&[("grant_type", "refresh_token")]),
            r#"{"error":"invalid_request","error_description":"No \"refresh_token\" parameter found"}"#,
        ),
        (FORM_TOKEN, form(&[]), bad_grant_type),
        (FORM_TOKEN, form(&[("grant_type", "password")]), bad_grant_type),
        (&json, good.clone(), bad_grant_type),
        (&basic, good.clone(), invalid_client),
        (FORM_TOKEN, good.replace("client_secret=", "client_secret=x"), invalid_client),
        (FORM_TOKEN, "grant_type=refresh_token&refresh_token=x".to_owned(), invalid_client),
    ] {
        let answer = sandbox.send(head, &body);
        assert_eq!((answer.status, answer.text()), (400, expected), "{head} {body}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let unspent = sandbox.send(FORM_TOKEN, &format!("{good}&box_device_id=0&unknown=ignored"));
    assert_eq!(unspent.status, 200, "none of these spent the refresh token");
}

#[test]
fn sixty_days_end_a_refresh_token_with_a_text_of_its_own() {
    let sandbox = Sandbox::start(&[]);
    sandbox.control("clock", &json!({"freeze": true}));
    sandbox.control("clock", &json!({"advance_seconds": 60 * 24 * 3600}));
    assert_eq!(
        sandbox.refresh(sandbox.text("refresh_token")).text(),
        r#"{"error":"invalid_grant","error_description":"Refresh token has expired"}"#
    );
}

#[test]
fn api_refuses_with_an_empty_401() {
    let sandbox = Sandbox::start(&[]);
    for head in ["GET /2.0/users/me", "GET /2.0/users/me\nAuthorization: Bearer unknown"] {
        let answer = sandbox.send(head, "");
        assert_eq!((answer.status, answer.text()), (401, ""));
        assert_eq!(
            answer.header("www-authenticate"),
            Some(
                r#"Bearer realm="Service", error="invalid_token", error_description="The access token provided is invalid.""#
            )
        );
        assert!(answer.header("box-request-id").is_some());
    }
}

#[test]
fn revocation_answers_with_nothing_and_ends_both_tokens() {
    let sandbox = Sandbox::start(&[]);
    for member in ["access_token", "refresh_token"] {
        let grant = sandbox.grant();
        let answer = sandbox.revoke(grant[member].as_str().unwrap());
        assert_eq!((answer.status, answer.text(), answer.header("content-type")), (200, "", None));
        assert_eq!(sandbox.me(grant["access_token"].as_str().unwrap()).status, 401);
        assert_eq!(sandbox.refresh(grant["refresh_token"].as_str().unwrap()).text(), DEAD);
    }
    assert_eq!(sandbox.revoke("unknown").status, 200);
}

#[test]
fn date_is_the_sandbox_s() {
    let sandbox = Sandbox::start(&[]);
    sandbox.control("clock", &json!({"freeze": true, "set": 784_111_777}));
    let answer = sandbox.refresh("unknown");
    assert_eq!(answer.header("date"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
}

#[test]
fn other_methods_paths_and_sizes_are_refused() {
    let sandbox = Sandbox::start(&[]);
    assert_eq!(sandbox.send("GET /oauth2/token", "").status, 405);
    assert_eq!(sandbox.send("GET /elsewhere", "").status, 404);
    assert_eq!(sandbox.send(FORM_TOKEN, &"x".repeat(65 * 1024)).status, 413);
    let token = sandbox.control("access-token", &json!({}));
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().unwrap());
    for path in ["files/x", "folders/2", "folders/0/elsewhere", "folders/"] {
        let answer = sandbox.send(&format!("GET /2.0/{path}\n{bearer}"), "");
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("not_found")), "{path}");
    }
    assert_eq!(sandbox.try_send(&request("BROKEN", "")).expect("an answer").status, 400);
}

#[test]
fn a_folder_can_be_listed_and_only_with_a_token() {
    let sandbox = Sandbox::start(&[]);
    let token = sandbox.control("access-token", &json!({}));
    let list = |folder: &str, token: &str| {
        sandbox
            .send(&format!("GET /2.0/folders/{folder}/items?limit=1000\nAuthorization: Bearer {token}"), "")
    };
    let token = token["access_token"].as_str().unwrap();
    let root = list("0", token).json();
    assert_eq!((&root["total_count"], &root["entries"][0]["name"]), (&json!(1), &json!("Sandbox")));
    let child = list(root["entries"][0]["id"].as_str().unwrap(), token).json();
    assert_eq!(child["entries"], json!([]));
    assert_eq!(list("0", "unknown").status, 401);
}
