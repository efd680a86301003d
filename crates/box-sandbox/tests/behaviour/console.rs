//! What Box's console and administrators do, through the control API.

use serde_json::{Value, json};

use crate::client::{DEAD, FORM_TOKEN, Sandbox};

#[test]
fn a_developer_token_lives_for_an_hour() {
    let sandbox = Sandbox::start(&["--access-ttl", "5s"]);
    sandbox.control("clock", &json!({"freeze": true}));
    let token = sandbox.control("developer-token", &json!({"user": "user2@example.com"}));
    assert_eq!((&token["expires_in"], token.get("refresh_token")), (&json!(3600), None));
    let access = token["access_token"].as_str().unwrap();
    sandbox.control("clock", &json!({"advance_seconds": 3599}));
    assert_eq!(sandbox.me(access).json()["login"], "user2@example.com");
    sandbox.revoke(access);
    assert_eq!(sandbox.me(access).status, 401);
    let view = sandbox.read("tokens")["tokens"][0].clone();
    assert_eq!((&view["origin"], &view["alive"]), (&json!("developer"), &json!(false)));
    let journal = sandbox.entries("killed");
    assert_eq!((&journal[0]["token"], &journal[0]["cause"]), (&json!(access), &json!("revoked")));
}

#[test]
fn any_token_can_be_ended_from_box_s_side() {
    let sandbox = Sandbox::start(&[]);
    let bare = sandbox.control("developer-token", &json!({}));
    sandbox.control("revoke", &json!({"token": bare["access_token"]}));
    assert_eq!(sandbox.me(bare["access_token"].as_str().unwrap()).status, 401);
    let grant = sandbox.grant();
    let ended = sandbox.control("revoke", &json!({"token": grant["access_token"]}));
    assert_eq!(ended["grant"], grant["grant"]);
    assert_eq!(sandbox.refresh(grant["refresh_token"].as_str().unwrap()).text(), DEAD);
    for (body, status) in [(r#"{"token":"x"}"#, 404), ("{}", 400)] {
        assert_eq!(sandbox.send("POST /_sandbox/revoke", body).status, status, "{body}");
    }
}

#[test]
fn a_client_s_limit_is_429_and_spends_nothing() {
    let sandbox = Sandbox::start(&[]);
    sandbox.control("clock", &json!({"freeze": true}));
    sandbox.control("limits", &json!({"per_client": {"limit": 2, "window_seconds": 60}, "path": "token"}));
    let first = sandbox.refresh(sandbox.text("refresh_token")).json();
    sandbox.control("clock", &json!({"advance_seconds": 20}));
    let second = sandbox.refresh(first["refresh_token"].as_str().unwrap()).json();
    let token = second["refresh_token"].as_str().unwrap();
    let limited = sandbox.refresh(token);
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("40")));
    let body = limited.json();
    assert_eq!(
        (&body["type"], &body["status"], &body["code"]),
        (&json!("error"), &json!(429), &json!("rate_limit_exceeded"))
    );
    let other = sandbox.control("clients", &json!({}));
    let theirs = format!(
        "grant_type=refresh_token&refresh_token=x&client_id={}",
        other["client_id"].as_str().unwrap()
    );
    assert_eq!(sandbox.send(FORM_TOKEN, &theirs).status, 400, "another client is not limited by it");
    assert_eq!(sandbox.me(second["access_token"].as_str().unwrap()).status, 200, "nor is another path");
    sandbox.control("clock", &json!({"advance_seconds": 40}));
    assert_eq!(sandbox.refresh(token).status, 200);
    assert_eq!(sandbox.entries("handled")[2]["outcome"], "rate_limit_exceeded");
}

#[test]
fn a_user_s_limit_leaves_other_users_alone() {
    let sandbox = Sandbox::start(&[]);
    let (one, two) = (sandbox.grant(), sandbox.grant());
    let me = |grant: &Value| sandbox.me(grant["access_token"].as_str().unwrap()).status;
    sandbox.control("limits", &json!({"per_user": {"limit": 1, "window_seconds": 3600}}));
    assert_eq!((me(&one), me(&one), me(&two)), (200, 429, 200));
    let user = one["user"].as_str().unwrap();
    let ccg = [("grant_type", "client_credentials"), ("box_subject_type", "user"), ("box_subject_id", user)];
    assert_eq!(sandbox.send(FORM_TOKEN, &sandbox.form(&ccg)).status, 429, "the subject counts too");
    assert_eq!(sandbox.control("limits", &json!({}))["per_user"], Value::Null);
    assert_eq!(me(&one), 200);
}

#[test]
fn users_can_be_added_and_act() {
    let sandbox = Sandbox::start(&["--users", "2"]);
    assert_eq!(sandbox.ready["users"].as_array().unwrap().len(), 2);
    let added = sandbox.control("users", &json!({"count": 3}));
    assert_eq!(added["users"][2]["id"], "20000000005");
    let named =
        sandbox.control("users", &json!({"type": "managed", "name": "Ann", "login": "ann@example.com"}));
    assert_eq!(
        named["users"][0],
        json!({"type": "user", "id": "10000000003", "name": "Ann", "login": "ann@example.com"})
    );
    let users = sandbox.read("users");
    assert_eq!(
        (users["app_users"].as_array().unwrap().len(), &users["users"][2]["name"]),
        (5, &json!("Ann"))
    );
    let ccg = [
        ("grant_type", "client_credentials"),
        ("box_subject_type", "user"),
        ("box_subject_id", "20000000005"),
    ];
    assert_eq!(sandbox.send(FORM_TOKEN, &sandbox.form(&ccg)).status, 200);
}

#[test]
fn clients_show_their_settings() {
    let sandbox = Sandbox::start(&[]);
    let added =
        sandbox.control("clients", &json!({"scopes": ["root_readonly"], "grant_types": ["jwt_bearer"]}));
    let id = added["client_id"].as_str().unwrap();
    sandbox.control("client", &json!({"client_id": id, "user_tokens": false}));
    let clients = sandbox.read("clients")["clients"].clone();
    assert_eq!(clients[0]["client_id"], sandbox.text("client_id"));
    assert_eq!(
        (&clients[1]["scopes"], &clients[1]["user_tokens"]),
        (&json!(["root_readonly"]), &json!(false))
    );
    let settings = sandbox.read(&format!("app-settings?client_id={id}"));
    assert_eq!(settings["boxAppSettings"]["clientID"], id);
    for (body, part) in
        [(r#"{"client_id":"x"}"#, "no client x"), (r#"{"scope":[]}"#, "unknown field `scope`")]
    {
        let answer = sandbox.send("POST /_sandbox/client", body);
        assert!(answer.status == 400 && answer.text().contains(part), "{body}: {}", answer.text());
    }
}
