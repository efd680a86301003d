//! Requests that change nothing: foreign, malformed, too many, too slow.

use std::time::Duration;

use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::Instant};

use super::{Login, World, answer, plan};
use crate::login::listener::MOST_CONNECTIONS;

/// The login goes on, and nothing went to Box.
async fn still_waits(world: &World, login: &Login) {
    assert_eq!(world.begun(), 0);
    let (status, page) = login.get(&login.target("code=abc")).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("You are logged in"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn foreign_requests_change_nothing() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let port = login.page.port;
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let right = login.target("code=abc");
    let state = &login.state;
    let get = |target: &str| format!("GET {target}");
    for (request, headers, status) in [
        // Another place.
        (get("/"), host.clone(), 404),
        (get("/favicon.ico"), host.clone(), 404),
        (get(&right.replace("/callback", "/Callback")), host.clone(), 404),
        (get(&right.replace("/callback", "/callback/")), host.clone(), 404),
        (get(&right.replace("/callback", "//callback")), host.clone(), 404),
        // Another name: DNS rebinding, another port, none, two.
        (get(&right), format!("Host: evil.example:{port}\r\n"), 421),
        (get(&right), format!("Host: localhost:{port}\r\n"), 421),
        (get(&right), "Host: 127.0.0.1\r\n".into(), 421),
        (get(&right), "Host: 127.0.0.1:1\r\n".into(), 421),
        (get(&right), String::new(), 421),
        (get(&right), format!("{host}Host: evil.example\r\n"), 421),
        (get(&format!("http://evil.example{right}")), host.clone(), 421),
        // Another method, or a body.
        (format!("POST {right}"), format!("{host}Content-Length: 0\r\n"), 405),
        (format!("OPTIONS {right}"), host.clone(), 405),
        (format!("DELETE {right}"), host.clone(), 405),
        (get(&right), format!("{host}Content-Length: 5\r\n"), 413),
        (get(&right), format!("{host}Transfer-Encoding: chunked\r\n"), 413),
        // Another state, or none; other parameters.
        (get("/callback"), host.clone(), 400),
        (get("/callback?code=abc"), host.clone(), 400),
        (get("/callback?state=&code=abc"), host.clone(), 400),
        (get(&format!("/callback?state={state}x&code=abc")), host.clone(), 400),
        (get(&format!("/callback?state={}&code=abc", state.to_lowercase() + "_")), host.clone(), 400),
        (get("/callback?state=x&error=access_denied"), host.clone(), 400),
        (get(&format!("/callback?state={state}")), host.clone(), 400),
        (get(&format!("/callback?state={state}&state=x&code=abc")), host.clone(), 400),
        (get(&format!("/callback?state={state}&code=a&code=b")), host.clone(), 400),
        // No HTTP at all.
        ("\u{16}\u{3}\u{1}".into(), String::new(), 400),
        (get(&right), format!("{host}X: {}\r\n", "x".repeat(17 * 1024)), 431),
    ] {
        let (answered, text) = login.ask(&request, &headers).await;
        assert_eq!(answered, status, "{request:.80} {headers:.80} {text}");
        assert!(!text.contains("evil"), "{text}");
    }
    still_waits(&world, &login).await;
}

#[tokio::test(start_paused = true)]
async fn slow_clients_are_cut_off() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let begin = Instant::now();
    let mut silent = login.connect().await;
    let mut slow = login.connect().await;
    slow.write_all(b"GET /callback HTTP/1.1\r\nHost: 127").await.unwrap();
    let (_, _) = tokio::join!(answer(&mut silent), answer(&mut slow));
    assert!(begin.elapsed() <= Duration::from_secs(11), "{:?}", begin.elapsed());

    // One that drips cannot stretch the deadline.
    let begin = Instant::now();
    let mut dripping = login.connect().await;
    while dripping.write_all(b"G").await.is_ok() && begin.elapsed() < Duration::from_mins(1) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(begin.elapsed() <= Duration::from_secs(13), "{:?}", begin.elapsed());
    still_waits(&world, &login).await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_keeps_no_browser_out() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let mut flood: Vec<TcpStream> = Vec::new();
    for _ in 0..10 * MOST_CONNECTIONS {
        flood.push(login.connect().await);
        tokio::task::yield_now().await;
    }
    let begin = Instant::now();
    still_waits(&world, &login).await;
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    drop(flood);
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_cut_off_the_page_that_waits() {
    let world = World::new();
    world.fake.gate.send_replace(false);
    let login = world.begin(plan("work")).await;
    let target = login.target("code=abc");
    let flood = async {
        while world.begun() == 0 {
            tokio::task::yield_now().await;
        }
        let mut flood = Vec::new();
        for _ in 0..5 * MOST_CONNECTIONS {
            flood.push(login.connect().await);
            tokio::task::yield_now().await;
        }
        world.fake.gate.send_replace(true);
        flood
    };
    let ((status, page), flood) = tokio::join!(login.get(&target), flood);
    assert_eq!(status, 200, "{page}");
    drop(flood);
}

#[tokio::test(start_paused = true)]
async fn requests_after_the_first_of_a_connection_are_not_served() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let head = format!("Host: 127.0.0.1:{}\r\n\r\nGET {}", login.page.port, login.target("code=abc"));
    let (status, text) = login.ask(&format!("GET / HTTP/1.1\r\n{head}"), "Host: x\r\n").await;
    assert_eq!((status, text.matches("HTTP/1.1 ").count()), (404, 1), "{text}");
    still_waits(&world, &login).await;
}
