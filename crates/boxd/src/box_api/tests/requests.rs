//! What is on the wire, and what is made of the answers.

use std::sync::Arc;

use boxd_engine::{AccessToken, ClientSecret, User};

use super::{
    super::MeError,
    REFRESH, SECRET, api, endpoint,
    fake::{Act, Fake, answer},
    refresh, refresh_by, reply,
};

#[tokio::test]
async fn a_refresh_is_one_form_with_the_credentials_in_the_body() {
    let server = Fake::plain(answer("200 OK", "", "{}")).await;
    reply(refresh(&endpoint(&[("token_url", &server.url())])).await);
    let request = server.requests().concat();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    assert!(head.starts_with("post /token http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"), "{head}");
    assert!(head.contains(concat!("\r\nuser-agent: boxd/", env!("CARGO_PKG_VERSION"), "\r\n")), "{head}");
    assert!(!head.contains("authorization") && !head.contains("cookie"), "{head}");
    let form: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
    let expected = [
        ("grant_type", "refresh_token"),
        ("refresh_token", REFRESH),
        ("client_id", "id"),
        ("client_secret", SECRET),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.into(), value.into())));
}

#[tokio::test]
async fn a_revocation_names_the_token() {
    let server = Fake::plain(answer("200 OK", "", "")).await;
    let endpoint = endpoint(&[("revoke_url", &server.url())]);
    let exchange = api().revoke(&endpoint, "id", &ClientSecret::new(SECRET), REFRESH).await;
    let answer = reply(exchange);
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let request = server.requests().concat();
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "token=refresh%26token%2Bcanary&client_id=id&client_secret=client%2Fsecret%3Dcanary");
}

#[tokio::test]
async fn each_request_has_a_connection_of_its_own() {
    let server = Fake::plain(answer("200 OK", "connection: keep-alive\r\n", "{}")).await;
    let endpoint = endpoint(&[("token_url", &server.url())]);
    let api = Arc::new(api());
    for _ in 0..3 {
        reply(refresh_by(&api, &endpoint).await);
    }
    assert_eq!((server.connections(), server.requests().len()), (3, 3));
}

async fn me(act: Act) -> (Result<User, MeError>, Fake) {
    let server = Fake::plain(act).await;
    let endpoint = endpoint(&[("api_url", &format!("http://{}/base/", server.address))]);
    (api().me(&endpoint, &AccessToken::new("access-canary")).await, server)
}

#[tokio::test]
async fn the_user_of_a_token_is_asked_for() {
    let body = r#"{"type":"user","id":"42","name":"A B","login":"a@b.test","more":[1]}"#;
    let (user, server) = me(answer("200 OK", "", body)).await;
    assert_eq!(user.unwrap(), User { id: "42".into(), login: "a@b.test".into(), name: "A B".into() });
    let request = server.requests().concat().to_lowercase();
    assert!(request.starts_with("get /base/2.0/users/me http/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nauthorization: bearer access-canary\r\n"), "{request}");
}

#[tokio::test]
async fn an_answer_without_a_user_says_why() {
    assert_eq!(me(answer("401 Unauthorized", "", "")).await.0, Err(MeError::Rejected));
    assert!(matches!(me(answer("503 Down", "", "")).await.0, Err(MeError::Unexpected(_))));
    assert!(matches!(me(answer("200 OK", "", "<html>canary")).await.0, Err(MeError::Unexpected(_))));
    assert!(matches!(me(Act::Close).await.0, Err(MeError::Unreachable(_))));
    let unsendable = api().me(&endpoint(&[]), &AccessToken::new("a\nb")).await;
    assert!(matches!(unsendable, Err(MeError::Unexpected(_))));
}
