//! Client credentials and JWT: who gets a token, and each refusal byte for byte.

use serde_json::{Value, json};

use crate::client::{Answer, FORM_TOKEN, Sandbox};
use crate::jwt::{Assertion, NOW, present};

fn frozen(options: &[&str]) -> Sandbox {
    let sandbox = Sandbox::start(options);
    sandbox.control("clock", &json!({"freeze": true, "set": NOW}));
    sandbox
}

fn ccg(sandbox: &Sandbox, kind: &str, id: &str) -> Answer {
    let parameters =
        [("grant_type", "client_credentials"), ("box_subject_type", kind), ("box_subject_id", id)];
    sandbox.send(FORM_TOKEN, &sandbox.form(&parameters))
}

fn user_of(sandbox: &Sandbox, answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    sandbox.me(&token).json()["id"].clone()
}

#[test]
fn ccg_speaks_for_the_enterprise_or_for_a_user() {
    let sandbox = frozen(&["--access-ttl", "1h"]);
    let first = ccg(&sandbox, "enterprise", sandbox.text("enterprise_id"));
    let access = first.json()["access_token"].as_str().unwrap().to_owned();
    let body = format!(
        r#"{{"access_token":"{access}","expires_in":3600,"restricted_to":[],"token_type":"bearer"}}"#
    );
    assert_eq!(first.text(), body);
    assert_eq!(user_of(&sandbox, &first), sandbox.ready["service_account"]["id"]);
    for user in [&sandbox.ready["app_users"][0], &sandbox.ready["users"][1]] {
        let answer = ccg(&sandbox, "user", user["id"].as_str().unwrap());
        assert_eq!(user_of(&sandbox, &answer), user["id"]);
    }
    assert_eq!(sandbox.me(&access).status, 200, "earlier tokens live on");
    let issued =
        sandbox.entries("issued").into_iter().find(|entry| entry["token"] == access.as_str()).unwrap();
    assert_eq!(
        (&issued["origin"], &issued["user"]),
        (&json!("client_credentials"), &sandbox.ready["service_account"]["id"])
    );
}

#[test]
fn ccg_blames_the_grant_for_everything() {
    let sandbox = frozen(&[]);
    let invalid = r#"{"error":"invalid_grant","error_description":"Grant credentials are invalid"}"#;
    let service_account = sandbox.ready["service_account"]["id"].as_str().unwrap();
    for (kind, id) in [
        ("enterprise", "1"),
        ("user", "1"),
        ("user", "user1@example.com"),
        ("user", service_account),
        ("x", "1"),
    ] {
        let answer = ccg(&sandbox, kind, id);
        assert_eq!((answer.status, answer.text()), (400, invalid), "{kind} {id}");
    }
    let good = sandbox.form(&[
        ("grant_type", "client_credentials"),
        ("box_subject_type", "enterprise"),
        ("box_subject_id", sandbox.text("enterprise_id")),
    ]);
    let wrong_secret = good.replace("client_secret=", "client_secret=x");
    assert_eq!(sandbox.send(FORM_TOKEN, &wrong_secret).text(), invalid);
    let basic = format!("{FORM_TOKEN}\nAuthorization: Basic YTpi");
    assert_eq!(sandbox.send(&basic, &good).json()["error"], "invalid_client");

    sandbox.control("client", &json!({"authorized": false}));
    assert_eq!(sandbox.send(FORM_TOKEN, &good).text(), invalid);
    sandbox.control("client", &json!({"authorized": true, "user_tokens": false}));
    assert_eq!(
        ccg(&sandbox, "user", sandbox.ready["users"][0]["id"].as_str().unwrap()).json()["error_description"],
        "Cannot obtain user token based on the enterprise configuration for your app"
    );
    assert_eq!(ccg(&sandbox, "user", sandbox.ready["app_users"][0]["id"].as_str().unwrap()).status, 200);
    sandbox.control("client", &json!({"grant_types": ["refresh_token"]}));
    assert_eq!(
        sandbox.send(FORM_TOKEN, &good).text(),
        r#"{"error":"invalid_request","error_description":"The grant type is unauthorized for this client_id"}"#
    );
}

#[test]
fn a_jwt_of_each_algorithm_is_accepted_and_mints_a_token_of_its_own() {
    let sandbox = frozen(&[]);
    for algorithm in ["RS256", "RS384", "RS512"] {
        let assertion = Assertion::new(&sandbox, algorithm).header("alg", json!(algorithm));
        let answer = present(&sandbox, &assertion.sign());
        assert_eq!(user_of(&sandbox, &answer), sandbox.ready["service_account"]["id"]);
        assert_eq!(answer.json().get("refresh_token"), None);
    }
    let user = &sandbox.ready["app_users"][1]["id"];
    let assertion =
        Assertion::new(&sandbox, "user").claim("sub", user.clone()).claim("box_sub_type", json!("user"));
    let answer = present(&sandbox, &assertion.sign());
    assert_eq!(&user_of(&sandbox, &answer), user);
    let alive = sandbox.read("tokens")["tokens"].as_array().unwrap().len();
    assert_eq!(alive, 4);
}

#[test]
fn each_wrong_claim_is_named_in_box_s_words() {
    let sandbox = frozen(&[]);
    let too_early = "Current date/time MUST be after or equal to the not-before date/time  listed in the 'nbf' or 'iat' claim";
    let too_late = "Current date/time MUST be before the expiration date/time listed in the 'exp' claim";
    let bad_sub = "Please check the 'sub' claim. The 'sub' specified is invalid.";
    let bad_exp = "Please check the 'exp' claim.";
    let bad_jti = "Please check the 'jti' claim. A unique 'jti' value is required.";
    for (claim, value, text) in [
        ("iss", json!("somebody"), "Please check the 'iss' claim"),
        ("sub", json!(9_000_001), bad_sub),
        ("sub", json!("1"), bad_sub),
        ("box_sub_type", json!("user"), bad_sub),
        ("aud", json!(sandbox.text("token_url")), "Please check the 'aud' claim"),
        ("exp", json!(NOW), too_late),
        ("exp", json!(NOW + 61), bad_exp),
        ("exp", json!("soon"), bad_exp),
        ("exp", Value::Null, bad_exp),
        ("nbf", json!(NOW + 1), too_early),
        ("iat", json!(NOW + 1), too_early),
        ("jti", json!("x".repeat(15)), bad_jti),
        ("jti", json!("x".repeat(129)), bad_jti),
        ("jti", json!(1), bad_jti),
    ] {
        let assertion = Assertion::new(&sandbox, "a").claim(claim, value.clone());
        let answer = present(&sandbox, &assertion.sign());
        let body = answer.json();
        assert_eq!((answer.status, &body["error"]), (400, &json!("invalid_grant")), "{claim} {value}");
        assert_eq!(body["error_description"], text, "{claim} {value}");
        assert!(answer.header("date").is_some());
    }
    for (claim, value) in [("exp", json!(NOW + 60)), ("iat", json!(NOW)), ("nbf", json!(NOW - 9))] {
        let assertion = Assertion::new(&sandbox, claim).claim(claim, value);
        assert_eq!(present(&sandbox, &assertion.sign()).status, 200, "{claim}");
    }
}

#[test]
fn slashes_are_escaped_as_box_escapes_them() {
    let sandbox = frozen(&[]);
    let answer = present(&sandbox, &Assertion::new(&sandbox, "a").claim("exp", json!(NOW - 1)).sign());
    assert!(
        answer.text().contains(r"Current date\/time MUST be before the expiration date\/time"),
        "{}",
        answer.text()
    );
}

#[test]
fn a_jti_works_once_and_a_refusal_does_not_use_it_up() {
    let sandbox = frozen(&[]);
    let late = Assertion::new(&sandbox, "a").claim("exp", json!(NOW));
    assert_eq!(present(&sandbox, &late.sign()).status, 400);
    let good = Assertion::new(&sandbox, "a");
    assert_eq!(present(&sandbox, &good.sign()).status, 200);
    assert_eq!(
        present(&sandbox, &good.claim("exp", json!(NOW + 50)).sign()).json()["error_description"],
        "Please check the 'jti' claim. A unique 'jti' value is required."
    );
}

#[test]
fn a_signature_counts_only_with_the_registered_key() {
    let sandbox = frozen(&[]);
    let description = |assertion: &str| present(&sandbox, assertion).json()["error_description"].clone();
    let bad_kid = "\"kid\" invalid, unable to lookup correct key";
    let bad_signature = "Signature verification error. The public key identified by \"kid\" must correspond to the \
                         private key used for signing.";
    let good = Assertion::new(&sandbox, "good").sign();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let tampered = Assertion::new(&sandbox, "evil").sign();
    let tampered = tampered.rsplit_once('.').unwrap().0;
    assert_eq!(description(&format!("{tampered}.{signature}")), bad_signature);
    assert_eq!(description(&format!("{signed}.")), bad_signature);
    assert_eq!(
        description(&Assertion::new(&sandbox, "a").header("alg", json!("none")).sign()),
        bad_signature
    );
    assert_eq!(description(&Assertion::new(&sandbox, "a").header("kid", json!("other")).sign()), bad_kid);
    assert_eq!(description(&Assertion::new(&sandbox, "a").header("kid", Value::Null).sign()), bad_kid);
    for malformed in ["no assertion", "a.b.c", &good.replace('.', "")] {
        assert_eq!(description(malformed), "No \"assertion\" parameter found", "{malformed}");
    }

    sandbox.control("client", &json!({"public_key": "other"}));
    assert_eq!(description(&good), bad_signature);
    sandbox.control("client", &json!({"public_key": "own", "public_key_id": "renamed"}));
    assert_eq!(description(&good), bad_kid);
    let id = sandbox.text("public_key_id");
    sandbox.control("client", &json!({"public_key_id": id, "authorized": false}));
    assert_eq!(
        present(&sandbox, &good).text(),
        r#"{"error":"unauthorized_client","error_description":"This app is not authorized by the enterprise admin"}"#
    );
    sandbox.control("client", &json!({"authorized": true}));
    assert_eq!(present(&sandbox, &good).status, 200);
}

#[test]
fn the_app_settings_file_opens_in_every_form() {
    let sandbox = frozen(&[]);
    for (query, begins, passphrase) in [
        ("", "-----BEGIN ENCRYPTED PRIVATE KEY-----", "sandbox-passphrase"),
        ("?cipher=aes256", "-----BEGIN ENCRYPTED PRIVATE KEY-----", "sandbox-passphrase"),
        ("?cipher=des3", "-----BEGIN ENCRYPTED PRIVATE KEY-----", "sandbox-passphrase"),
        ("?cipher=legacy", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED", "sandbox-passphrase"),
        ("?cipher=none", "-----BEGIN PRIVATE KEY-----", ""),
    ] {
        let app = sandbox.read(&format!("app-settings{query}"))["boxAppSettings"]["appAuth"].clone();
        assert!(app["privateKey"].as_str().unwrap().starts_with(begins), "{query}: {app}");
        assert_eq!(app["passphrase"], passphrase, "{query}");
    }
    assert_eq!(sandbox.read("app-settings?user_id=17")["userID"], "17");
    assert_eq!(
        sandbox.read("app-settings?cipher=rot13")["error"].as_str().map(|text| text.contains("rot13")),
        Some(true)
    );
    let settings = sandbox.read("app-settings?auth=ccg");
    assert_eq!(
        settings,
        json!({
            "boxAppSettings": {"clientID": sandbox.text("client_id"), "clientSecret": sandbox.text("client_secret")},
            "enterpriseID": sandbox.text("enterprise_id"), "webhooks": {"primaryKey": "", "secondaryKey": ""},
        })
    );
}
