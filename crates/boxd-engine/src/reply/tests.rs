//! Every documented and observed answer of Box's token endpoint, and what it must be taken for.

use std::time::Duration;

use super::{Exchange, Reply, Verdict, classify};
use crate::trouble::{Remedy, Trouble};

fn reply(status: u16, body: &str) -> Exchange {
    Exchange::Reply(Reply { status, retry_after: None, body: body.as_bytes().to_vec() })
}

fn told(status: u16, seconds: u64) -> Exchange {
    let retry_after = Some(Duration::from_secs(seconds));
    Exchange::Reply(Reply { status, retry_after, body: Vec::new() })
}

/// What a verdict amounts to, on one line.
fn kind(exchange: &Exchange) -> String {
    match classify(exchange) {
        Verdict::Granted(tokens) => format!("granted for {} s", tokens.expires_in.as_secs()),
        Verdict::Harmless { trouble: Trouble::Unreachable(_), .. } => "unreachable".into(),
        Verdict::Harmless { trouble, .. } => format!("harmless: {trouble:?}"),
        Verdict::Doubt { .. } => "doubt".into(),
        Verdict::InvalidGrant(said) => said,
        Verdict::Operator(trouble) => format!("{trouble:?}"),
    }
}

/// The bodies as Box sends them: compact JSON, here with each description that is known.
#[test]
fn invalid_grant_is_told_with_boxs_own_words() {
    for description in [
        "Refresh token has expired",
        "Invalid refresh token",
        "Auth code doesn't exist or is invalid for the client",
        "The authorization code has expired",
        "Grant credentials are invalid",
        "Please check the 'sub' claim. The 'sub' specified is invalid.",
        "Please check the 'iss' claim",
        "Please check the 'exp' claim.",
        "Please check the 'jti' claim. A unique 'jti' value is required.",
        r#"\"kid\" invalid, unable to lookup correct key"#,
        r#"Signature verification error. The public key identified by \"kid\" must correspond to the private key used for signing."#,
        r"Current date\/time MUST be before the expiration date\/time listed in the 'exp' claim",
        "Current date time must be before the expiration date time listed in the 'exp' claim",
        r"Current date\/time MUST be after or equal to the not-before date\/time  listed in the 'nbf' or 'iat' claim",
    ] {
        let body = format!(r#"{{"error":"invalid_grant","error_description":"{description}"}}"#);
        let words = description.replace(r"\/", "/").replace(r#"\""#, "\"");
        assert_eq!(kind(&reply(400, &body)), format!("invalid_grant: {words}"));
    }
}

#[test]
fn the_body_that_was_logged_in_the_field() {
    let body = r#"{"error":"invalid_grant","error_description":"Invalid refresh token"}"#;
    assert_eq!(body.len(), 69, "byte for byte");
    assert_eq!(kind(&reply(400, body)), "invalid_grant: Invalid refresh token");
}

#[test]
fn what_a_person_must_mend() {
    for (error, description, expected) in [
        (
            "invalid_client",
            "The client credentials are invalid",
            r#"InvalidClient("invalid_client: The client credentials are invalid")"#,
        ),
        (
            "unauthorized_client",
            "This app is not authorized by the enterprise admin",
            r#"UnauthorizedClient("unauthorized_client: This app is not authorized by the enterprise admin")"#,
        ),
        (
            "invalid_request",
            "The grant type is unauthorized for this client_id",
            r#"Refused("invalid_request: The grant type is unauthorized for this client_id")"#,
        ),
        (
            "invalid_request",
            "Invalid grant_type parameter or parameter missing",
            r#"Refused("invalid_request: Invalid grant_type parameter or parameter missing")"#,
        ),
        (
            "invalid_request",
            r#"No \"refresh_token\" parameter found"#,
            r#"Refused("invalid_request: No \"refresh_token\" parameter found")"#,
        ),
        (
            "invalid_request",
            "Cannot obtain user token based on the enterprise configuration for your app",
            r#"Refused("invalid_request: Cannot obtain user token based on the enterprise configuration for your app")"#,
        ),
        ("password_reset_required", "User needs to reset password", "PasswordReset"),
        ("terms_of_service_required", "User must accept the terms", "TermsOfService"),
        ("something_new", "Nobody knows", r#"Refused("something_new: Nobody knows")"#),
    ] {
        let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
        for status in [400, 401, 403] {
            assert_eq!(kind(&reply(status, &body)), expected);
        }
        let Verdict::Operator(trouble) = classify(&reply(400, &body)) else { panic!("{error}") };
        assert_eq!(trouble.remedy(), Remedy::Act);
    }
}

#[test]
fn a_description_is_optional_bounded_and_printable() {
    assert_eq!(kind(&reply(400, r#"{"error":"invalid_grant"}"#)), "invalid_grant");
    assert_eq!(kind(&reply(400, r#"{"error":"invalid_grant","error_description":null}"#)), "invalid_grant");
    let nasty =
        format!(r#"{{"error":"invalid_grant","error_description":"\u001b[2J\n{}"}}"#, "x".repeat(9000));
    let Verdict::InvalidGrant(said) = classify(&reply(400, &nasty)) else { panic!("a refusal") };
    assert!(said.chars().count() <= 200 && !said.chars().any(char::is_control), "{said:?}");
}

#[test]
fn a_pair_is_granted_however_its_life_is_written() {
    for (life, expected) in [
        ("3600", 3600),
        ("4123", 4123),
        ("4175", 4175),
        ("\"4123\"", 4123),
        ("3599.9", 3599),
        ("5", 5),
        ("0", 0),
        ("-1", 0),
        ("null", 0),
        ("\"soon\"", 0),
        ("\"NaN\"", 0),
        ("\"inf\"", 0),
        ("1e300", 0),
        ("[]", 0),
        ("99999999999", 365 * 86_400),
    ] {
        let body = format!(
            r#"{{"access_token":"A","expires_in":{life},"restricted_to":[],"refresh_token":"R","token_type":"bearer"}}"#
        );
        assert_eq!(kind(&reply(200, &body)), format!("granted for {expected} s"), "{life}");
    }
    let bare = r#"{"access_token":"A","refresh_token":"R"}"#;
    assert_eq!(kind(&reply(200, bare)), "granted for 0 s", "never assumed");
}

#[test]
fn the_pair_is_the_one_that_was_sent() {
    let long = format!("1!{}", "a".repeat(3000));
    let body = format!(r#"{{"access_token":"{long}","refresh_token":"R\u0041","expires_in":1}}"#);
    let Verdict::Granted(tokens) = classify(&reply(200, &body)) else { panic!("a pair") };
    assert_eq!((tokens.access.expose(), tokens.refresh.expose()), (long.as_str(), "RA"));
}

#[test]
fn whatever_is_not_certainly_an_answer_of_box_leaves_doubt() {
    for (status, body) in [
        (200, ""),
        (200, "<html>Please accept our terms</html>"),
        (200, r#"{"access_token":"A6","refresh_tok"#),
        (200, r#"{"access_token":"A6"}"#),
        (200, r#"{"access_token":"","refresh_token":"R"}"#),
        (200, r#"{"access_token":"A","refresh_token":""}"#),
        (200, r#"{"access_token":7,"refresh_token":"R"}"#),
        (200, "[]"),
        (201, r#"{"access_token":"A","refresh_token":"R","expires_in":1}"#),
        (202, ""),
        (204, ""),
        (302, ""),
        (400, ""),
        (400, "<html>Bad Request</html>"),
        (400, r#"{"message":"proxy says no"}"#),
        (400, r#"{"error":"server_error"}"#),
        (401, ""),
        (403, "<html>blocked by the firewall</html>"),
        (404, ""),
        (407, ""),
        (408, ""),
        (409, ""),
        (409, r#"{"error":"invalid_grant"}"#),
        (500, r#"{"error":"invalid_grant"}"#),
        (502, "<html>"),
        (503, ""),
        (504, ""),
        (507, ""),
        (999, ""),
    ] {
        assert_eq!(kind(&reply(status, body)), "doubt", "{status} {body}");
    }
    assert_eq!(kind(&Exchange::Lost("reset".into())), "doubt");
}

#[test]
fn a_request_to_wait_is_harmless_and_says_how_long() {
    let body = r#"{"type":"error","status":429,"code":"rate_limit_exceeded"}"#;
    assert_eq!(kind(&reply(429, body)), "harmless: Throttled");
    assert_eq!(kind(&reply(400, r#"{"error":"temporarily_unavailable"}"#)), "harmless: Throttled");
    assert_eq!(kind(&Exchange::NotSent("DNS".into())), "unreachable");
    let Verdict::Harmless { retry_after, .. } = classify(&told(429, 30)) else { panic!("harmless") };
    assert_eq!(retry_after, Some(Duration::from_secs(30)));
    let Verdict::Doubt { retry_after, .. } = classify(&told(503, 30)) else { panic!("doubt") };
    assert_eq!(retry_after, Some(Duration::from_secs(30)));
}

#[test]
fn no_secret_of_an_answer_is_ever_printed() {
    for body in [
        r#"{"access_token":"CANARY","refresh_token":"CANARY","expires_in":1}"#,
        r#"{"access_token":"CANARY","refresh_token":"CANARY"#,
        r#"{"access_token":"CANARY","refresh_token":7}"#,
    ] {
        let exchange = reply(200, body);
        let printed = format!("{exchange:?} {:?}", classify(&exchange));
        assert!(!printed.contains("CANARY"), "{printed}");
    }
}
