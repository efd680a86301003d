//! What is sent, what comes back, and when it is given up.

use boxd_proto::Code;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, StatusCode, header::HeaderValue};

use super::{
    super::{AnswerBody, Payload, pass, progress::LONGEST_STANDSTILL},
    PEER, Tokens, Upstream, answer, call, code, ways,
};

async fn text(body: AnswerBody) -> String {
    String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn the_token_is_put_in_and_the_path_stays_as_it_was() {
    let mut upstream = Upstream::answering(vec![answer("200 OK", "hello")]).await;
    let mut call = call(Method::GET, Payload::Empty);
    call.headers.insert("authorization", HeaderValue::from_static("Bearer canary"));
    call.headers.insert("cookie", HeaderValue::from_static("canary"));
    call.headers.insert("connection", HeaderValue::from_static("x-canary"));
    call.headers.insert("x-canary", HeaderValue::from_static("canary"));
    call.headers.insert("if-match", HeaderValue::from_static("7"));
    let response = pass(&Tokens::of(&upstream), &ways(), &PEER, call).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(response.into_body()).await, "hello");
    let sent = upstream.request().await;
    assert!(sent.starts_with("GET /2.0/users/me?fields=id HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("authorization: Bearer token-1\r\n") && sent.contains("if-match: 7\r\n"), "{sent}");
    assert!(!sent.contains("canary") && !sent.contains("transfer-encoding"), "{sent}");
}

#[tokio::test]
async fn a_call_without_a_body_is_made_again_once() {
    let refused = answer("401 Unauthorized", "no");
    let mut upstream =
        Upstream::answering(vec![refused.clone(), answer("200 OK", "yes"), refused.clone(), refused]).await;
    let tokens = Tokens::of(&upstream);
    let response = pass(&tokens, &ways(), &PEER, call(Method::DELETE, Payload::Empty)).await.unwrap();
    assert_eq!(text(response.into_body()).await, "yes");
    assert!(upstream.request().await.contains("Bearer token-1\r\n"));
    assert!(upstream.request().await.contains("Bearer token-2\r\n"));
    let response = pass(&tokens, &ways(), &PEER, call(Method::GET, Payload::Empty)).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(text(response.into_body()).await, "no", "the second refusal is Box's own");
    assert_eq!(*tokens.reported.lock().unwrap(), [1, 2]);
}

#[tokio::test]
async fn what_is_streamed_is_sent_once_and_what_is_held_twice() {
    let refused = answer("401 Unauthorized", "no");
    let mut upstream =
        Upstream::answering(vec![refused.clone(), refused, answer("201 Created", "yes")]).await;
    let tokens = Tokens::of(&upstream);
    let streamed = Payload::Streamed(Full::new(Bytes::from_static(b"data")));
    let response = pass(&tokens, &ways(), &PEER, call(Method::POST, streamed)).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(*tokens.reported.lock().unwrap(), [1], "the next call has a new token");
    let held = Payload::Whole(Bytes::from_static(b"data"));
    let response = pass(&tokens, &ways(), &PEER, call(Method::POST, held)).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    upstream.request().await;
    for generation in [2, 3] {
        let sent = upstream.request().await;
        assert!(sent.contains(&format!("Bearer token-{generation}\r\n")), "{sent}");
        assert!(sent.contains("content-length: 4\r\n"), "{sent}");
    }
}

#[tokio::test]
async fn without_another_token_the_refusal_goes_back() {
    let upstream = Upstream::answering(vec![answer("401 Unauthorized", "no")]).await;
    let tokens = Tokens { renews: false, ..Tokens::of(&upstream) };
    let response = pass(&tokens, &ways(), &PEER, call(Method::GET, Payload::Empty)).await.unwrap();
    assert_eq!(text(response.into_body()).await, "no");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    let broken = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf#".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n#".to_vec();
    let upstream = Upstream::answering(vec![broken, chunked]).await;
    let tokens = Tokens::of(&upstream);
    for _ in 0..2 {
        let response = pass(&tokens, &ways(), &PEER, call(Method::GET, Payload::Empty)).await.unwrap();
        assert!(response.into_body().collect().await.is_err());
    }
}

#[tokio::test]
async fn what_box_says_to_its_neighbour_stays_here() {
    let head = b"HTTP/1.1 302 Found\r\nset-cookie: a=canary\r\nkeep-alive: timeout=5\r\nx-hop: canary\r\n\
        connection: x-hop\r\nlocation: https://dl.example/x\r\ncontent-length: 0\r\n\r\n";
    let upstream = Upstream::answering(vec![head.to_vec()]).await;
    let tokens = Tokens::of(&upstream);
    let response = pass(&tokens, &ways(), &PEER, call(Method::GET, Payload::Empty)).await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    let names: Vec<&str> = response.headers().keys().map(hyper::header::HeaderName::as_str).collect();
    assert_eq!(names, ["location", "content-length"]);
}

#[tokio::test]
async fn what_stands_still_is_given_up_before_and_after_the_head() {
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    let mut upstream = Upstream::answering(vec![begun]).await;
    let tokens = Tokens::of(&upstream);
    let ways = ways();
    let response = pass(&tokens, &ways, &PEER, call(Method::GET, Payload::Empty)).await.unwrap();
    upstream.request().await;
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    assert!(response.into_body().collect().await.is_err());
    assert!(start.elapsed() >= LONGEST_STANDSTILL);
    tokio::time::resume();

    for (method, expected) in [(Method::GET, Code::Unavailable), (Method::POST, Code::Internal)] {
        let (tokens, ways) = (tokens.clone(), ways.clone());
        let waiting =
            tokio::spawn(async move { pass(&tokens, &ways, &PEER, call(method, Payload::Empty)).await });
        upstream.request().await;
        tokio::time::pause();
        assert_eq!(code(waiting.await.unwrap()), expected);
        tokio::time::resume();
    }
}

#[tokio::test]
async fn nothing_is_sent_where_it_is_off_or_nobody_is_there() {
    let upstream = Upstream::answering(Vec::new()).await;
    let off = Tokens { enabled: false, ..Tokens::of(&upstream) };
    assert_eq!(code(pass(&off, &ways(), &PEER, call(Method::GET, Payload::Empty)).await), Code::Denied);
    let nobody = Tokens { url: "http://127.0.0.1:9".to_owned(), ..Tokens::of(&upstream) };
    let refused = pass(&nobody, &ways(), &PEER, call(Method::POST, Payload::Empty)).await;
    assert_eq!(code(refused), Code::Unavailable, "it was not sent, so it may be made again");
    let mut traced = call(Method::TRACE, Payload::Empty);
    traced.account = Some("work".into());
    let tokens = Tokens::of(&upstream);
    assert_eq!(code(pass(&tokens, &ways(), &PEER, traced).await), Code::MethodNotAllowed);
}
