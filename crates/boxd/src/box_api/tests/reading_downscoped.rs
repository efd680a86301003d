//! What each answer to a token exchange means.

use std::time::Duration;

use boxd_engine::{Exchange, Reply};

use super::super::downscope::{DownscopeError, DownscopedToken, read};

fn of(status: u16, wait: Option<u64>, body: &str) -> Result<DownscopedToken, DownscopeError> {
    let retry_after = wait.map(Duration::from_secs);
    read(&Exchange::Reply(Reply { status, retry_after, body: body.as_bytes().to_vec() }))
}

#[track_caller]
fn error(answer: Result<DownscopedToken, DownscopeError>) -> DownscopeError {
    let error = answer.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("canary") && !text.contains(char::is_control), "{text}");
    error
}

#[test]
fn a_token_comes_with_what_it_is_restricted_to() {
    let body = r#"{"access_token":"1!canary","expires_in":4175,"token_type":"bearer",
        "restricted_to":[{"scope":"item_download","object":{"type":"file","id":"1"}}],
        "issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}"#;
    let token = of(200, None, body).unwrap();
    assert_eq!((token.access.expose(), token.expires_in.as_secs()), ("1!canary", 4175));
    assert_eq!(token.restricted_to, r#"[{"scope":"item_download","object":{"type":"file","id":"1"}}]"#);
    assert!(!format!("{token:?}").contains("canary"));

    for untold in ["", r#","restricted_to":null"#, r#","restricted_to":"x""#] {
        let token = of(200, None, &format!(r#"{{"access_token":"t"{untold}}}"#)).unwrap();
        assert_eq!((token.restricted_to.as_str(), token.expires_in), ("[]", Duration::ZERO));
    }
}

#[test]
fn a_scope_that_is_not_granted_is_told_with_boxs_words() {
    for name in ["invalid_scope", "invalid_target"] {
        let body = format!(r#"{{"error":"{name}","error_description":"no\nitem_share"}}"#);
        assert_eq!(
            error(of(400, None, &body)),
            DownscopeError::InvalidScope(format!("{name}: no item_share"))
        );
    }
}

#[test]
fn a_dead_parent_is_told_from_everything_else() {
    let parents = [
        (400, r#"{"error":"invalid_grant","error_description":"x"}"#),
        (400, r#"{"error":"invalid_token"}"#),
        (401, r#"{"error":"invalid_token"}"#),
        (401, ""),
        (401, "<html>canary"),
    ];
    for (status, body) in parents {
        assert_eq!(error(of(status, None, body)), DownscopeError::ParentRejected, "{status} {body}");
    }
    let others = [
        (400, r#"{"error":"invalid_request"}"#),
        (401, r#"{"error":"invalid_client"}"#),
        (403, "canary"),
        (404, ""),
        (302, ""),
        (200, ""),
        (200, r#"{"access_token":""}"#),
        (200, r#"{"access_token":["canary"]}"#),
    ];
    for (status, body) in others {
        assert!(matches!(error(of(status, None, body)), DownscopeError::Unexpected(_)), "{status} {body}");
    }
}

#[test]
fn a_wait_and_an_outage_are_told_apart() {
    let throttled =
        |seconds: Option<u64>| DownscopeError::Throttled { retry_after: seconds.map(Duration::from_secs) };
    assert_eq!(error(of(429, Some(3), "canary")), throttled(Some(3)));
    assert_eq!(error(of(503, Some(9), "")), throttled(Some(9)));
    assert_eq!(error(of(400, None, r#"{"error":"temporarily_unavailable"}"#)), throttled(None));
    assert_eq!(throttled(Some(3)).to_string(), "Box asks to wait for 3 s before the next downscoped token");
    assert_eq!(throttled(None).to_string(), "Box asks to wait before the next downscoped token");
    for status in [500, 502, 503] {
        let unreachable = DownscopeError::Unreachable(format!("HTTP status {status}"));
        assert_eq!(error(of(status, None, "canary")), unreachable);
    }
    for exchange in [Exchange::NotSent("x".to_owned()), Exchange::Lost("x".to_owned())] {
        assert_eq!(error(read(&exchange)), DownscopeError::Unreachable("x".to_owned()));
    }
}
