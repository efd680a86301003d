//! A wrong clock: Box's own time mends it, with a new assertion each time, and not for ever.

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use boxd_engine::{ClientSecret, Exchange, WallTime};
use ring::rand::SystemRandom;
use serde_json::Value;

use super::{
    super::{JwtGrant, Present, Skew},
    SECRET, api, endpoint,
    fake::{Act, Fake, answer, each, form_of},
    grants::key,
    lost, reply,
};
use crate::assertion::{Algorithm, Subject};

/// This machine's clock, ten hours behind Box's.
const OURS: WallTime = WallTime(1_795_280_645_500);
const BOXS_DATE: &str = "Sun, 22 Nov 2026 03:04:05 GMT";
const BOXS_SECONDS: i64 = 1_795_316_645;

/// Sends with a clock that stands at [`OURS`].
async fn ask(server: &Fake, skew: &Skew) -> Exchange {
    let (secret, key) = (ClientSecret::new(SECRET), key());
    let subject = Subject::Enterprise("12345".to_owned());
    let grant = JwtGrant {
        client_id: "id",
        client_secret: &secret,
        key: &key,
        kid: "kid",
        algorithm: Algorithm::RS256,
        subject: &subject,
    };
    let (now, random) = (|| OURS, SystemRandom::new());
    let present = Present { now: &now, random: &random, skew };
    let (api, endpoint) = (api(), endpoint(&[("token_url", &server.url())]));
    let exchange = sendable(api.jwt(&endpoint, &grant, &present)).await.unwrap();
    let text = format!("{exchange:?} {grant:?} {skew:?}");
    assert!(!text.contains("canary") && !text.contains("eyJ"), "a secret in {text}");
    exchange
}

/// The daemon runs it in tasks.
fn sendable<F: Future + Send>(future: F) -> F {
    future
}

fn refusal(description: &str, date: &str) -> Act {
    let header = if date.is_empty() { String::new() } else { format!("date: {date}\r\n") };
    let body = serde_json::json!({ "error": "invalid_grant", "error_description": description });
    answer("400 Bad Request", &header, &body.to_string())
}

fn granted() -> Act {
    answer("200 OK", "date: Mon, 23 Nov 2026 00:00:00 GMT\r\n", "{}")
}

/// `exp` in seconds and `jti` of each assertion that came.
fn claims(server: &Fake) -> Vec<(i64, String)> {
    let claims = |request: &String| {
        let assertion = form_of(request).into_iter().find(|(name, _)| name == "assertion").unwrap().1;
        let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        (claims["exp"].as_i64().unwrap(), claims["jti"].as_str().unwrap().to_owned())
    };
    server.requests().iter().map(claims).collect()
}

#[tokio::test]
async fn boxs_time_mends_the_clock_and_the_next_assertion_starts_right() {
    // The words of Box for each claim, as people have reported them.
    for description in [
        "Current date/time MUST be before the expiration date/time listed in the 'exp' claim",
        "Current date/time MUST be after or equal to the not-before date/time  listed in the 'nbf' or 'iat' claim",
        "Please check the 'jti' claim. A unique 'jti' value is required.",
    ] {
        let server = Fake::plain(each([refusal(description, BOXS_DATE), granted(), granted()])).await;
        let skew = Skew::default();
        assert_eq!(reply(ask(&server, &skew).await).status, 200);
        assert_eq!(skew.millis(), BOXS_SECONDS * 1000 - OURS.0);
        assert_eq!(reply(ask(&server, &skew).await).status, 200);

        let claims = claims(&server);
        let ends: Vec<_> = claims.iter().map(|(exp, _)| *exp).collect();
        assert_eq!(ends, [OURS.unix_seconds() + 30, BOXS_SECONDS + 30, BOXS_SECONDS + 30]);
        let ids: HashSet<_> = claims.iter().map(|(_, jti)| jti).collect();
        assert_eq!(ids.len(), 3, "a jti was used again");
        assert!(ids.iter().all(|jti| (16..=128).contains(&jti.len())));
    }
}

#[tokio::test]
async fn a_skew_that_is_no_longer_true_is_measured_anew() {
    let exp = "Please check the 'exp' claim.";
    let ours = "Sat, 21 Nov 2026 17:04:05 GMT";
    let server = Fake::plain(each([refusal(exp, BOXS_DATE), granted(), refusal(exp, ours), granted()])).await;
    let skew = Skew::default();
    reply(ask(&server, &skew).await);
    reply(ask(&server, &skew).await);
    assert_eq!(skew.millis(), -500, "Date has whole seconds");
}

#[tokio::test]
async fn the_fifth_refusal_is_final() {
    let server = Fake::plain(refusal("Please check the 'exp' claim.", BOXS_DATE)).await;
    let refused = reply(ask(&server, &Skew::default()).await);
    assert_eq!(refused.status, 400);
    let ids: HashSet<_> = claims(&server).into_iter().map(|(_, jti)| jti).collect();
    assert_eq!((server.requests().len(), ids.len()), (5, 5));
}

#[tokio::test]
async fn nothing_else_is_tried_again() {
    let exp = "Please check the 'exp' claim.";
    let finals = [
        // Box's time is not known.
        refusal(exp, ""),
        refusal(exp, "yesterday"),
        // No clock mends these.
        refusal("Please check the 'sub' claim. The 'sub' specified is invalid.", BOXS_DATE),
        refusal("an unexpected expense", BOXS_DATE),
        refusal("", BOXS_DATE),
        answer(
            "400 Bad",
            &format!("date: {BOXS_DATE}\r\n"),
            r#"{"error":"invalid_client","error_description":"exp"}"#,
        ),
        answer("400 Bad", &format!("date: {BOXS_DATE}\r\n"), "'exp'"),
        answer(
            "401 No",
            &format!("date: {BOXS_DATE}\r\n"),
            r#"{"error":"invalid_grant","error_description":"exp"}"#,
        ),
        answer(
            "429 Slow",
            &format!("date: {BOXS_DATE}\r\n"),
            r#"{"error":"invalid_grant","error_description":"exp"}"#,
        ),
    ];
    for act in finals {
        let (server, skew) = (Fake::plain(act).await, Skew::default());
        reply(ask(&server, &skew).await);
        assert_eq!((server.requests().len(), skew.millis()), (1, 0), "{:?}", server.requests());
    }
    let server = Fake::plain(Act::Close).await;
    lost(ask(&server, &Skew::default()).await);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_after_a_correction_is_lost() {
    let server = Fake::plain(each([refusal("Please check the 'exp' claim.", BOXS_DATE), Act::Close])).await;
    let skew = Skew::default();
    lost(ask(&server, &skew).await);
    assert_eq!(server.connections(), 2);
    assert_ne!(skew.millis(), 0, "what was learnt stays");
}
