//! The control API: journal, grants, clock, secret, and what it says to mistakes.

use serde_json::{Value, json};

use crate::client::{DEAD, Sandbox, control_head};

#[test]
fn the_journal_tells_the_life_of_a_grant() {
    let sandbox = Sandbox::start(&[]);
    sandbox.control("clock", &json!({"freeze": true, "set": 1_800_000_000}));
    let grant = sandbox.grant();
    let since = sandbox.read("journal")["seq"].clone();
    let answer = sandbox.refresh(grant["refresh_token"].as_str().unwrap()).json();
    sandbox.me(answer["access_token"].as_str().unwrap());

    let journal = sandbox.read(&format!("journal?since={since}"));
    let entries = journal["entries"].as_array().unwrap();
    let told: Vec<Value> = entries
        .iter()
        .map(|entry| json!([entry["event"], entry.get("kind"), entry.get("token").or(entry.get("outcome"))]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["received", null, null]),
            json!(["issued", "refresh", answer["refresh_token"]]),
            json!(["issued", "access", answer["access_token"]]),
            json!(["used", "refresh", grant["refresh_token"]]),
            json!(["handled", null, "ok"]),
            json!(["received", null, null]),
            json!(["used", "access", answer["access_token"]]),
            json!(["killed", "refresh", grant["refresh_token"]]),
            json!(["killed", "access", grant["access_token"]]),
            json!(["handled", null, "ok"]),
        ]
    );
    let first = since.as_u64().unwrap() + 1;
    for (entry, seq) in entries.iter().zip(first..) {
        assert_eq!((&entry["seq"], &entry["time"]), (&json!(seq), &json!(1_800_000_000)));
    }
    assert_eq!((&entries[7]["cause"], &entries[7]["grant"]), (&json!("replaced"), &grant["grant"]));
}

#[test]
fn grants_show_what_lives() {
    let sandbox = Sandbox::start(&["--replay", "window"]);
    let grant = sandbox.grant();
    let first = grant["refresh_token"].as_str().unwrap();
    let second = sandbox.refresh(first).json();
    sandbox.refresh(first);
    let view = sandbox.view(&grant["grant"]);
    assert_eq!(view["refresh_tokens"], json!([second["refresh_token"], grant["refresh_token"]]));
    assert_eq!(view["access_tokens"], json!([second["access_token"], grant["access_token"]]));
    assert_eq!(
        (&view["refreshes"], &view["replays"], &view["rejections"]),
        (&json!(1), &json!(1), &json!(0))
    );

    sandbox.me(second["access_token"].as_str().unwrap());
    assert_eq!(sandbox.refresh(first).text(), DEAD);
    let view = sandbox.view(&grant["grant"]);
    assert_eq!(
        (&view["refresh_tokens"], &view["rejections"]),
        (&json!([second["refresh_token"]]), &json!(1))
    );
}

#[test]
fn a_grant_can_be_ended_from_box_s_side() {
    let sandbox = Sandbox::start(&[]);
    let grant = sandbox.grant();
    let ended = sandbox.control("revoke", &json!({"grant": grant["grant"]}));
    assert_eq!((&ended["alive"], &ended["access_tokens"]), (&json!(false), &json!([])));
    assert_eq!(sandbox.refresh(grant["refresh_token"].as_str().unwrap()).text(), DEAD);
    assert_eq!(sandbox.send(&control_head("revoke"), r#"{"grant":99}"#).status, 404);
}

#[test]
fn a_new_client_secret_leaves_the_grants() {
    let sandbox = Sandbox::start(&[]);
    sandbox.control("secret", &json!({"client_secret": "other"}));
    let token = sandbox.text("refresh_token");
    assert_eq!(sandbox.refresh(token).json()["error"], "invalid_client");
    sandbox.control("secret", &json!({"client_secret": sandbox.text("client_secret")}));
    assert_eq!(sandbox.refresh(token).status, 200);
}

#[test]
fn a_developer_token_works_without_a_grant() {
    let sandbox = Sandbox::start(&[]);
    let token = sandbox.control("access-token", &json!({"expires_in": 100}));
    assert_eq!((&token["expires_in"], token.get("refresh_token")), (&json!(100), None));
    let access = token["access_token"].as_str().unwrap();
    assert_eq!(sandbox.me(access).status, 200);
    sandbox.control("clock", &json!({"advance_seconds": 100}));
    assert_eq!(sandbox.me(access).status, 401);
}

#[test]
fn the_clock_moves_and_says_so() {
    let sandbox = Sandbox::start(&[]);
    let clock = sandbox.control("clock", &json!({"freeze": true, "set": 1_900_000_000}));
    assert_eq!((&clock["now"], &clock["frozen"]), (&json!(1_900_000_000), &json!(true)));
    sandbox.control("clock", &json!({"advance_seconds": -100}));
    assert_eq!(sandbox.read("clock")["now"], 1_899_999_900);
}

#[test]
fn faults_can_be_listed_and_cleared() {
    let sandbox = Sandbox::start(&[]);
    let fault = json!({"fault": "hang", "when": "after", "path": "api", "count": 3});
    sandbox.fault(&fault);
    assert_eq!(sandbox.read("faults")["faults"], json!([fault]));
    assert_eq!(sandbox.send("DELETE /_sandbox/faults", "").json(), json!({"faults": [], "hung": 0}));
}

#[test]
fn mistakes_are_named() {
    let sandbox = Sandbox::start(&[]);
    for (head, body, status, part) in [
        ("POST /_sandbox/clock", r#"{"advance":1}"#, 400, "unknown field `advance`"),
        ("POST /_sandbox/clock", "not json", 400, "expected"),
        ("POST /_sandbox/faults", r#"[{"fault":"drop"},{"fault":"drpo"}]"#, 400, "drpo"),
        ("POST /_sandbox/mood", r#"{"refresh_ttl":"soon"}"#, 400, "60d"),
        ("GET /_sandbox/journal?since=x", "", 400, "since"),
        ("GET /_sandbox/journal?sicne=1", "", 400, "sicne"),
        ("PUT /_sandbox/clock", "", 404, "PUT /_sandbox/clock"),
    ] {
        let answer = sandbox.send(head, body);
        let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == status && error.contains(part), "{head} {body}: {} {error}", answer.status);
    }
    assert_eq!(sandbox.read("faults")["faults"], json!([]), "all or none are queued");
}
