//! What a login is told for each answer to its code.

use std::time::Duration;

use boxd_engine::{Exchange, Reply};

use super::super::code::{CodeError, CodeTokens, read};

fn of(status: u16, body: &str) -> Result<CodeTokens, CodeError> {
    let retry_after = (status == 429).then_some(Duration::from_secs(7));
    read(&Exchange::Reply(Reply { status, retry_after, body: body.as_bytes().to_vec() }))
}

/// The error, which is printed on one line without secrets.
#[track_caller]
fn error(answer: Result<CodeTokens, CodeError>) -> CodeError {
    let error = answer.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("canary") && !text.contains(char::is_control), "{text}");
    error
}

#[test]
fn a_grant_is_read_leniently() {
    let body = r#"{"access_token":"a-canary","expires_in":4123,"restricted_to":[],"refresh_token":"r-canary","token_type":"bearer"}"#;
    let tokens = of(200, body).unwrap();
    assert_eq!((tokens.access.expose(), tokens.refresh.expose()), ("a-canary", "r-canary"));
    assert_eq!(tokens.expires_in, Duration::from_secs(4123));
    assert!(!format!("{tokens:?}").contains("canary"));

    for (expires_in, seconds) in
        [("\"3600\"", 3600), ("3599.9", 3599), ("-5", 0), ("null", 0), ("\"soon\"", 0), ("1e9", 31_536_000)]
    {
        let body = format!(r#"{{"access_token":"a","refresh_token":"r","expires_in":{expires_in}}}"#);
        assert_eq!(of(200, &body).unwrap().expires_in.as_secs(), seconds, "{expires_in}");
    }
}

#[test]
fn each_refusal_has_its_own_word() {
    let refused = |error: &str, description: &str| {
        let body = serde_json::json!({ "error": error, "error_description": description });
        self::error(of(400, &body.to_string()))
    };
    let described = refused("invalid_grant", "The authorization code has expired");
    assert_eq!(
        described,
        CodeError::InvalidCode("invalid_grant: The authorization code has expired".to_owned())
    );
    assert!(matches!(refused("invalid_client", "x"), CodeError::InvalidClient(_)));
    assert_eq!(refused("password_reset_required", "User needs to reset password"), CodeError::PasswordReset);
    assert_eq!(refused("terms_of_service_required", ""), CodeError::TermsOfService);
    assert!(matches!(refused("unauthorized_client", "x"), CodeError::Refused(_)));
    assert!(matches!(refused("redirect_uri_mismatch", ""), CodeError::Refused(_)));
    assert_eq!(refused("temporarily_unavailable", ""), CodeError::Throttled { retry_after: None });
    assert!(matches!(refused("server_error", "x"), CodeError::Lost(_)));

    let hostile = refused("invalid_grant", &format!("\u{1b}[31m\r\n\u{9b}{}", "x".repeat(1000)));
    assert!(hostile.to_string().len() < 400);
}

#[test]
fn what_box_did_not_say_is_not_taken_for_its_word() {
    let slow = error(of(429, "<canary>"));
    assert_eq!(slow.to_string(), "Box asks to wait for 7 s before the next login");
    for status in [500, 502, 503, 409] {
        assert_eq!(error(of(status, "canary")), CodeError::Lost(format!("HTTP status {status}")));
    }
    for status in [204, 302, 400, 401, 403, 404, 407] {
        assert!(matches!(error(of(status, "<html>canary")), CodeError::Unexpected(_)), "{status}");
    }
    // The code may have been spent on these.
    for body in [
        "",
        "<html>canary",
        r#"{"access_token":"canary"}"#,
        r#"{"access_token":"","refresh_token":"canary"}"#,
        r#"{"access_token":"canary","refresh_token":""}"#,
        r#"{"access_token":{"canary":1},"refresh_token":"canary"}"#,
    ] {
        assert!(matches!(error(of(200, body)), CodeError::Lost(_)), "{body}");
    }
    let unsent = read(&Exchange::NotSent("no route".to_owned()));
    assert_eq!(error(unsent), CodeError::Unreachable("no route".to_owned()));
    assert_eq!(error(read(&Exchange::Lost("reset".to_owned()))), CodeError::Lost("reset".to_owned()));
}
