//! Abuse over HTTP: an honest answer to that client, nothing to anyone else, and nothing left behind.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test fails by panicking")]

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    time::Duration,
};

use boxd_client::Client;
use boxd_tests::{Daemon, curl::curl};

fn connect(daemon: &Daemon) -> UnixStream {
    let stream = UnixStream::connect(daemon.socket()).expect("the daemon listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket takes a timeout");
    stream
}

/// What the daemon answers until it closes; a reset is as good an end as an orderly one.
fn answer(mut stream: UnixStream) -> String {
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn open_files(daemon: &Daemon) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).expect("it runs").count()
}

/// Waits until the daemon holds no more descriptors than that.
fn wait_for_open_files(daemon: &Daemon, most: usize) {
    for _ in 0..400 {
        if open_files(daemon) <= most {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the daemon held {most} descriptors, and now {}", open_files(daemon));
}

#[test]
fn what_is_no_http_gets_an_answer_and_its_end() {
    let daemon = Daemon::start();
    for noise in [
        "GARBAGE\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /v1/token HTTP/1.1\r\nHost: boxd\r\nContent-Length: nine\r\n\r\n",
        "POST /v1/token HTTP/1.1\r\nHost: boxd\r\nTransfer-Encoding: gzip\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let mut stream = connect(&daemon);
        stream.write_all(noise.as_bytes()).expect("sent");
        let text = answer(stream);
        assert!(text.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{noise:?}: {text}");
    }
    assert_eq!(curl(&daemon, "/healthz", &[]).status, 200);
}

#[test]
fn a_request_may_come_in_one_piece_or_in_many() {
    let daemon = Daemon::start();
    let head = "GET /healthz HTTP/1.1\r\nHost: boxd\r\n";
    let pipelined = format!("{head}\r\n").repeat(50) + head + "Connection: close\r\n\r\n";
    let mut stream = connect(&daemon);
    stream.write_all(pipelined.as_bytes()).expect("sent");
    assert_eq!(answer(stream).matches("HTTP/1.1 200 OK").count(), 51);

    let mut stream = connect(&daemon);
    for byte in format!("{head}Connection: close\r\n\r\n").bytes() {
        stream.write_all(&[byte]).expect("sent");
    }
    assert!(answer(stream).starts_with("HTTP/1.1 200 OK"));

    let mut stream = connect(&daemon);
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("sent");
    stream.shutdown(std::net::Shutdown::Write).expect("the other half stays");
    assert!(answer(stream).starts_with("HTTP/1.1 200 OK"), "as with `printf … | nc -N -U`");
}

#[test]
fn who_stalls_in_a_head_is_closed_after_ten_seconds() {
    let daemon = Daemon::start();
    let before = open_files(&daemon);
    let stalled: Vec<UnixStream> = (1..40)
        .map(|length| {
            let mut stream = connect(&daemon);
            let head = "GET /healthz HTTP/1.1\r\nHost: boxd\r\nX: ";
            stream.write_all(&head.as_bytes()[..length.min(head.len())]).expect("sent");
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(curl(&daemon, "/healthz", &[]).status, 200);
    }
    for stream in stalled {
        assert_eq!(answer(stream), "");
    }
    wait_for_open_files(&daemon, before);
}

#[test]
fn a_storm_of_bad_clients_leaves_nothing_behind() {
    let daemon = Daemon::start();
    let mut served = Client::connect_to(daemon.socket()).expect("connected");
    assert!(served.info().is_ok());
    let before = open_files(&daemon);
    let long = format!("GET /{} HTTP/1.1\r\nHost: boxd\r\n\r\n", "x".repeat(100_000));
    let deeds: [&str; 8] = [
        "",
        "G",
        "GET /v1/events HTTP/1.1\r\nHost: boxd\r\n\r\n",
        "GET /v1/token?wait=1h HTTP/1.1\r\nHost: boxd\r\n\r\n",
        "POST /v1/token HTTP/1.1\r\nHost: boxd\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{",
        "POST /v1/token HTTP/1.1\r\nHost: boxd\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost: boxd\r\n\r\nGET /openapi.json HTTP/1.1\r\nHost: boxd\r\n\r\n",
        &long,
    ];
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (daemon, deeds) = (&daemon, &deeds);
            scope.spawn(move || {
                for round in 0..250 {
                    // Where there is no room the daemon says so, or closes: both are an answer.
                    let Ok(mut stream) = UnixStream::connect(daemon.socket()) else { continue };
                    drop(stream.write_all(deeds[(round + worker) % deeds.len()].as_bytes()));
                    if round % 3 == 0 {
                        drop(stream.set_read_timeout(Some(Duration::from_millis(5))));
                        drop(stream.read(&mut [0; 100]));
                    }
                }
            });
        }
    });
    assert!(served.info().is_ok(), "a client that behaves is not disturbed");
    assert_eq!(curl(&daemon, "/healthz", &[]).status, 200);
    wait_for_open_files(&daemon, before);
    let metrics = curl(&daemon, "/metrics", &[]).body;
    assert!(metrics.contains("\nboxd_watchers 0\n"), "nobody watches any more: {metrics}");
    assert!(metrics.contains("\nboxd_connections 2\n"), "only these two are left: {metrics}");
}
