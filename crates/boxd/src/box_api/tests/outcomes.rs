//! Not sent, lost, or answered: each fault of a network lands in the right one of the three.

use std::time::Duration;

use super::{
    api, endpoint,
    fake::{Act, Authority, Fake, answer},
    lost, not_sent, refresh, refresh_by, reply,
};

async fn of(act: Act) -> (boxd_engine::Exchange, Fake) {
    let server = Fake::plain(act).await;
    (refresh(&endpoint(&[("token_url", &server.url())])).await, server)
}

fn raw(text: &str) -> Act {
    Act::Answer(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let reason = not_sent(refresh(&endpoint(&[("token_url", &format!("http://{free}/"))])).await);
    assert!(reason.starts_with("127.0.0.1: ") && reason.contains("refused"), "{reason}");
}

#[tokio::test]
async fn an_unknown_host_got_nothing() {
    let reason = not_sent(refresh(&endpoint(&[("token_url", "https://box.invalid/")])).await);
    assert!(reason.starts_with("box.invalid: "), "{reason}");
}

#[tokio::test]
async fn a_failed_handshake_sent_nothing() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Fake::tls(answer("200 OK", "", "{}"), &authority).await;
    let url = format!("https://localhost:{}/", server.address.port());
    for ca_file in [stranger.ca_file(), authority.ca_file()] {
        let endpoint = endpoint(&[("token_url", &url), ("ca_file", ca_file.to_str().unwrap())]);
        let exchange = refresh(&endpoint).await;
        if ca_file == stranger.ca_file() {
            let reason = not_sent(exchange);
            assert!(reason.contains("certificate"), "{reason}");
        } else {
            assert_eq!(reply(exchange).status, 200);
        }
    }
    assert_eq!(server.requests().len(), 1, "the stranger's client sent nothing");

    // The right authority, but not for this name.
    let url = format!("https://127.0.0.1:{}/", server.address.port());
    let ca_file = authority.ca_file();
    let endpoint = endpoint(&[("token_url", &url), ("ca_file", ca_file.to_str().unwrap())]);
    not_sent(refresh(&endpoint).await);
}

#[tokio::test]
async fn a_mended_trust_anchor_is_noticed() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Fake::tls(answer("200 OK", "", "{}"), &authority).await;
    let (url, ca_file) = (format!("https://localhost:{}/", server.address.port()), stranger.ca_file());
    let endpoint = endpoint(&[("token_url", &url), ("ca_file", ca_file.to_str().unwrap())]);
    let api = api();
    not_sent(refresh_by(&api, &endpoint).await);
    std::fs::copy(authority.ca_file(), &ca_file).unwrap();
    reply(refresh_by(&api, &endpoint).await);

    std::fs::copy(Authority::new().ca_file(), &ca_file).unwrap();
    reply(refresh_by(&api, &endpoint).await);
    api.reload();
    not_sent(refresh_by(&api, &endpoint).await);
}

#[tokio::test]
async fn a_server_that_closes_or_is_mute_during_the_handshake_got_nothing() {
    for act in [Act::Close, Act::Mute] {
        let server = Fake::plain(act).await;
        let url = format!("https://localhost:{}/", server.address.port());
        not_sent(refresh(&endpoint(&[("token_url", &url)])).await);
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn an_unusable_trust_anchor_sends_nothing_and_is_a_persons_matter() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for file in [empty, directory.path().join("absent.pem")] {
        let settings = [("token_url", "https://localhost:1/"), ("ca_file", file.to_str().unwrap())];
        let exchange = refresh(&endpoint(&settings)).await;
        let boxd_engine::Exchange::Unprepared(reason) = exchange else { panic!("{exchange:?}") };
        assert!(reason.contains(file.to_str().unwrap()) && reason.contains("boxctl reload"), "{reason}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_doubt() {
    for act in [Act::Close, raw(""), raw("HTTP/1.1 200 OK\r\ncontent-le"), raw("no HTTP at all\r\n\r\n")] {
        let (exchange, server) = of(act).await;
        assert!(!lost(exchange).is_empty());
        assert_eq!(server.connections(), 1, "sent again by itself");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_doubt() {
    lost(of(raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":\"canary")).await.0);
    lost(of(raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ncanar")).await.0);
}

#[tokio::test]
async fn an_answer_that_never_ends_in_time_is_doubt() {
    for act in [Act::Hang, Act::Drip] {
        let started = tokio::time::Instant::now();
        let (exchange, server) = of(act).await;
        assert!(lost(exchange).contains("within"));
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_doubt() {
    let body = "x".repeat(64 * 1024 + 1);
    assert_eq!(lost(of(answer("200 OK", "", &body)).await.0), "answer too large");
    // Without a length only the bytes tell.
    assert_eq!(lost(of(raw(&format!("HTTP/1.1 200 OK\r\n\r\n{body}"))).await.0), "answer too large");
    let largest = &body[1..];
    assert_eq!(reply(of(answer("200 OK", "", largest)).await.0).body.len(), 64 * 1024);
}

#[tokio::test]
async fn answers_come_as_they_are() {
    let (exchange, _) = of(answer("429 Too Many", "retry-after: 7\r\n", "slow")).await;
    let slow = reply(exchange);
    assert_eq!((slow.status, slow.retry_after), (429, Some(Duration::from_secs(7))));
    assert_eq!(slow.body, b"slow");

    let conflict = reply(of(answer("409 Conflict", "", "")).await.0);
    assert_eq!((conflict.status, conflict.retry_after, conflict.body.len()), (409, None, 0));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let elsewhere = Fake::plain(answer("200 OK", "", "{}")).await;
    for status in ["302 Found", "307 Temporary", "308 Permanent"] {
        let (exchange, _) = of(answer(status, &format!("location: {}\r\n", elsewhere.url()), "")).await;
        assert_eq!(reply(exchange).status.to_string(), status[..3]);
    }
    assert_eq!(elsewhere.connections(), 0);
}
