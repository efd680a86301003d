//! Downscoped tokens.

use serde_json::{Value, json};

use crate::client::{Answer, FORM_TOKEN, Sandbox, request};

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A form without the client's credentials: Box needs none.
fn exchange(sandbox: &Sandbox, parent: &str, scope: &str, more: &[(&str, &str)]) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
        .append_pair("subject_token", parent)
        .append_pair("subject_token_type", ACCESS_TOKEN)
        .append_pair("scope", scope)
        .extend_pairs(more)
        .finish();
    sandbox.send(FORM_TOKEN, &form)
}

fn access(answer: &Value) -> &str {
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no access_token in {answer}"))
}

#[test]
fn an_exchanged_token_says_what_it_is() {
    let sandbox = Sandbox::start(&["--access-ttl", "1h"]);
    sandbox.control("clock", &json!({"freeze": true}));
    let parent = sandbox.grant();
    sandbox.control("clock", &json!({"advance_seconds": 600}));
    let api = format!("{}/2.0/folders/7", sandbox.text("api_url"));
    for (resource, kind, id) in
        [("https://api.box.com/2.0/files/12", "file", "12"), (api.as_str(), "folder", "7")]
    {
        let answer =
            exchange(&sandbox, access(&parent), "item_preview base_upload", &[("resource", resource)]);
        let json = answer.json();
        assert!(access(&json).starts_with("1!") && access(&json).len() > 100, "{json}");
        assert_eq!(json["expires_in"], 3000, "not longer than its parent");
        assert_eq!((&json["issued_token_type"], json.get("refresh_token")), (&json!(ACCESS_TOKEN), None));
        let scopes: Vec<&Value> =
            json["restricted_to"].as_array().unwrap().iter().map(|one| &one["scope"]).collect();
        assert_eq!(scopes, ["item_preview", "base_upload"]);
        let object = &json["restricted_to"][1]["object"];
        assert_eq!((&object["type"], &object["id"]), (&json!(kind), &json!(id)));
        for member in ["sequence_id", "etag", "name"] {
            assert!(object[member].is_string(), "{object}");
        }
        assert_eq!(sandbox.me(access(&json)).json()["id"], sandbox.me(access(&parent)).json()["id"]);
    }
}

#[test]
fn it_dies_with_its_parent_and_not_the_other_way_round() {
    let sandbox = Sandbox::start(&["--old-token", "at-once"]);
    let parent = sandbox.grant();
    let child = exchange(&sandbox, access(&parent), "item_preview item_upload", &[]).json();
    let grandchild = exchange(&sandbox, access(&child), "item_preview", &[]).json();
    let sibling = exchange(&sandbox, access(&parent), "item_preview", &[]).json();
    sandbox.revoke(access(&sibling));
    let alive = |token: &Value| sandbox.me(access(token)).status == 200;
    assert_eq!(
        (alive(&parent), alive(&child), alive(&grandchild), alive(&sibling)),
        (true, true, true, false)
    );

    sandbox.refresh(parent["refresh_token"].as_str().unwrap());
    assert_eq!((alive(&parent), alive(&child), alive(&grandchild)), (false, false, false));
    let killed = sandbox.entries("killed");
    let causes: Vec<&Value> = killed.iter().map(|entry| &entry["cause"]).collect();
    assert_eq!(causes, ["revoked", "refreshed", "parent", "parent"]);
}

#[test]
fn what_is_out_of_reach_is_refused_by_name() {
    let sandbox = Sandbox::start(&[]);
    let parent = sandbox.grant();
    let refused = |scope: &str| {
        let answer = exchange(&sandbox, access(&parent), scope, &[]);
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_scope")), "{scope}");
        answer.json()["error_description"].as_str().unwrap().to_owned()
    };
    assert!(refused("item_preview item_evrything").ends_with(": item_evrything"));
    refused("");
    sandbox.control("client", &json!({"denied_scopes": ["item_share"]}));
    assert!(refused("item_share").ends_with(": item_share"));
    sandbox.control("client", &json!({"denied_scopes": [], "scopes": ["root_readonly"]}));
    assert!(refused("item_preview item_upload").ends_with(": item_upload"));

    let child = exchange(&sandbox, access(&parent), "item_preview", &[]).json();
    let wider = exchange(&sandbox, access(&child), "item_download", &[]);
    assert_eq!(wider.json()["error"], "invalid_scope");
}

#[test]
fn objects_are_files_folders_and_open_links() {
    let sandbox = Sandbox::start(&[]);
    let parent = sandbox.grant();
    for (url, kind, id, password) in [
        ("https://app.box.com/s/file", "file", "5", false),
        ("https://app.box.com/s/locked", "folder", "6", true),
        ("https://app.box.com/s/bookmark", "web_link", "7", false),
    ] {
        sandbox.control("shared-links", &json!({"url": url, "type": kind, "id": id, "password": password}));
    }
    let link = |url: &str| exchange(&sandbox, access(&parent), "item_preview", &[("box_shared_link", url)]);
    let object = link("https://app.box.com/s/file").json()["restricted_to"][0]["object"].clone();
    assert_eq!((&object["type"], &object["id"]), (&json!("file"), &json!("5")));
    assert_eq!(
        link("https://acme.app.box.com/s/unheard-of").json()["restricted_to"][0]["object"]["type"],
        "folder"
    );

    let invalid = r#"{"error":"invalid_resource","error_description":"The target resource is invalid."}"#;
    for url in
        ["https://app.box.com/s/locked", "https://app.box.com/s/bookmark", "https://evil.example.com/s/x"]
    {
        assert_eq!(link(url).text(), invalid, "{url}");
    }
    for resource in [
        "https://api.box.com/2.0/users/1",
        "https://api.box.com/2.0/files/x",
        "https://evil.example.com/2.0/files/1",
        "1",
    ] {
        let answer = exchange(&sandbox, access(&parent), "item_preview", &[("resource", resource)]);
        assert_eq!(answer.text(), invalid, "{resource}");
    }
    let both =
        [("resource", "https://api.box.com/2.0/files/5"), ("box_shared_link", "https://app.box.com/s/file")];
    assert_eq!(exchange(&sandbox, access(&parent), "item_preview", &both).text(), invalid);

    let narrow = exchange(&sandbox, access(&parent), "item_preview", &both[..1]).json();
    let elsewhere = [("resource", "https://api.box.com/2.0/files/6")];
    assert_eq!(exchange(&sandbox, access(&narrow), "item_preview", &elsewhere).text(), invalid);
    let same = exchange(&sandbox, access(&narrow), "item_preview", &[]).json();
    assert_eq!(same["restricted_to"], narrow["restricted_to"]);
}

#[test]
fn credentials_are_not_needed_but_checked() {
    let sandbox = Sandbox::start(&[]);
    let parent = sandbox.grant();
    let (id, secret) = (sandbox.text("client_id"), sandbox.text("client_secret"));
    let with = |secret| {
        exchange(&sandbox, access(&parent), "item_preview", &[("client_id", id), ("client_secret", secret)])
    };
    assert_eq!((with(secret).status, with("wrong").json()["error"].clone()), (200, json!("invalid_client")));
    for token in ["unknown", parent["refresh_token"].as_str().unwrap()] {
        assert_eq!(exchange(&sandbox, token, "item_preview", &[]).json()["error"], "invalid_grant");
    }
    let untyped = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&scope=item_preview&subject_token={}",
        access(&parent)
    );
    let answer = sandbox.try_send(&request(FORM_TOKEN, &untyped)).unwrap();
    assert_eq!(answer.json()["error"], "invalid_grant");
}
