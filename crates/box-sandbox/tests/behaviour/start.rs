//! The command line and the ready line, with TLS too.

use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use serde_json::json;

use crate::client::{Sandbox, exchange, request};

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_box-sandbox")).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_ready_line_has_everything_to_begin_with() {
    let sandbox = Sandbox::start(&[]);
    let url = sandbox.text("url");
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    for (member, path) in [
        ("authorize_url", "/api/oauth2/authorize"),
        ("token_url", "/oauth2/token"),
        ("revoke_url", "/oauth2/revoke"),
        ("api_url", ""),
        ("control_url", "/_sandbox"),
    ] {
        assert_eq!(sandbox.text(member), format!("{url}{path}"));
    }
    assert_eq!((sandbox.text("client_id").len(), sandbox.text("client_secret").len()), (32, 32));
    assert!(sandbox.ready.get("refresh_tokens").is_none() && sandbox.ready.get("ca_file").is_none());
    assert_eq!(sandbox.refresh(sandbox.text("refresh_token")).status, 200);
    for (member, first) in [("users", "10000000001"), ("app_users", "20000000001")] {
        let user = &sandbox.ready[member][0];
        assert!(user["id"] == first && user["login"].is_string() && user["name"].is_string(), "{user}");
    }
    assert_eq!(sandbox.ready["redirect_uris"][0], "http://127.0.0.1/callback");
    assert!(sandbox.ready["service_account"]["login"].as_str().unwrap().ends_with("@boxdevedition.com"));
}

#[test]
fn app_settings_are_written_where_asked() {
    let directory = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str| directory.join(format!("{name}-{}.json", std::process::id()));
    let (jwt, ccg) = (file("jwt"), file("ccg"));
    let paths = [&jwt, &ccg].map(|path| path.to_str().unwrap());
    let sandbox = Sandbox::start(&["--app-settings", paths[0], "--ccg-settings", paths[1]]);
    assert_eq!((sandbox.text("app_settings"), sandbox.text("ccg_settings")), (paths[0], paths[1]));
    for (path, query) in [(jwt, "app-settings"), (ccg, "app-settings?auth=ccg")] {
        let written: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(written, sandbox.read(query));
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn many_grants_are_of_many_users() {
    let sandbox = Sandbox::start(&["--grants", "10000"]);
    let tokens = sandbox.ready["refresh_tokens"].as_array().unwrap();
    assert_eq!((tokens.len(), &tokens[0]), (10_000, &sandbox.ready["refresh_token"]));
    let login = |token: &serde_json::Value| {
        let answer = sandbox.refresh(token.as_str().unwrap()).json();
        sandbox.me(answer["access_token"].as_str().unwrap()).json()["login"].clone()
    };
    assert_eq!(
        (login(&tokens[0]), login(&tokens[9_999])),
        (json!("user1@example.com"), json!("user10000@example.com"))
    );
}

#[test]
fn tls_serves_box_and_leaves_the_control_api_in_the_open() {
    let directory = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let ca_out = directory.join(format!("ca-{}.pem", std::process::id()));
    let sandbox = Sandbox::start(&["--tls", "--ca-out", ca_out.to_str().unwrap()]);
    assert!(sandbox.text("token_url").starts_with("https://127.0.0.1:"));
    assert!(sandbox.text("control_url").starts_with("http://127.0.0.1:"));
    assert_eq!(sandbox.text("ca_file"), ca_out.to_str().unwrap());

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&ca_out).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    for name in ["127.0.0.1", "localhost", "::1"] {
        let name = ServerName::try_from(name).unwrap();
        let mut connection = ClientConnection::new(Arc::clone(&config), name).unwrap();
        let mut socket = sandbox.connect();
        let mut stream = Stream::new(&mut connection, &mut socket);
        let answer = exchange(&mut stream, &request("GET /2.0/users/me", "")).unwrap();
        assert_eq!(answer.status, 401);
    }
    assert_eq!(sandbox.entries("received").len(), 3, "the control API answers without TLS");
    assert_eq!(sandbox.refresh("x").status, 426, "Box's endpoints don't");
    std::fs::remove_file(ca_out).unwrap();
}

#[test]
fn mistakes_on_the_command_line_are_explained() {
    for (arguments, part) in [
        (&["serve", "--access-ttl", "1w"][..], "60d"),
        (&["serve", "--replay", "never"], "window"),
        (&["serve", "--grants", "0"], "0"),
        (&["serve", "--users", "0"], "0"),
        (&["serve", "--code-ttl", "soon"], "60d"),
        (&["serve", "--tls"], "--ca-out"),
        (&["serve", "--listen", "nowhere"], "nowhere"),
    ] {
        let (code, out, error) = run(arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn a_taken_address_is_named() {
    let sandbox = Sandbox::start(&[]);
    let address = sandbox.text("url").trim_start_matches("http://");
    let (code, _, error) = run(&["serve", "--listen", address]);
    assert!(code == Some(1) && error.contains(address), "{code:?} {error}");
}

#[test]
fn version_is_told() {
    let (code, out, _) = run(&["--version"]);
    assert_eq!((code, out), (Some(0), format!("box-sandbox {}\n", env!("CARGO_PKG_VERSION"))));
}
