//! The HTTP interface: requests per second against the native protocol, and a thousand who watch.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

use boxd_tests::Sandbox;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime, task,
};

use crate::{
    load::{ROUNDS, Talk, per_second, to_boxd},
    median,
    programs::{Programs, Running},
    report,
};

const SUBSCRIBERS: u64 = 1_000;
const REQUEST: &str = "GET /v1/token HTTP/1.1\r\nHost: boxd\r\n\r\n";
const WATCH: &str = "GET /v1/events HTTP/1.1\r\nHost: boxd\r\n\r\n";

pub(crate) fn measure(programs: &Programs) {
    let sandbox = Sandbox::start(&[]);
    let daemon = programs.with_grant(&sandbox);
    throughput(&daemon);
    subscribers(&daemon);
}

fn throughput(daemon: &Running) {
    let (native, http) = (to_boxd(&daemon.socket()), over_http(&daemon.socket()));
    for clients in [1, 16, 64] {
        let ratios =
            (0..ROUNDS).map(|_| per_second(&http, clients, true) / per_second(&native, clients, true));
        let figure = format!("requests/s, HTTP / native, {clients} clients, connection kept");
        report(&figure, &format!("{:.2}", median(ratios.collect())), ">= 0.5");
    }
}

/// The conversation over HTTP, and the length of its answer.
fn over_http(socket: &Path) -> Talk {
    let mut stream = UnixStream::connect(socket).expect("boxd listens");
    stream.write_all(REQUEST.as_bytes()).expect("boxd reads");
    let mut answer = Vec::new();
    let length = loop {
        let mut chunk = [0; 1024];
        let read = stream.read(&mut chunk).expect("boxd answers");
        answer.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        let Some(head) = text.find("\r\n\r\n") else { continue };
        let (_, rest) = text.split_once("content-length: ").expect("a length");
        let body: usize = rest.split("\r\n").next().expect("a line").parse().expect("a number");
        break head + 4 + body;
    };
    let request = REQUEST.as_bytes().to_vec();
    Talk { socket: socket.to_owned(), hello: Vec::new(), request, hello_answer: 0, answer: length }
}

fn subscribers(daemon: &Running) {
    let before = daemon.kib("RssAnon");
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut watching = task::JoinSet::new();
        let (ready, mut readies) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..SUBSCRIBERS {
            let (socket, ready) = (daemon.socket(), ready.clone());
            watching.spawn(async move {
                let mut stream = connected(&socket).await;
                stream.write_all(WATCH.as_bytes()).await.expect("boxd reads");
                until(&mut stream, "event: complete").await;
                ready.send(()).expect("somebody counts");
                until(&mut stream, "event: token").await;
                Instant::now()
            });
        }
        for _ in 0..SUBSCRIBERS {
            readies.recv().await.expect("all come");
        }
        let each = 1024 * (daemon.kib("RssAnon") - before) / SUBSCRIBERS;
        let mut client = daemon.client();
        task::spawn_blocking(move || client.refresh(None, None).expect("a new token"))
            .await
            .expect("it ends");
        let mut told = watching.join_all().await;
        told.sort();
        let apart = *told.last().expect("some") - told[0];
        report(
            &format!("{SUBSCRIBERS} subscribers hear of a new token within"),
            &format!("{apart:.1?}"),
            "<= 50 ms",
        );
        report("  memory for each", &format!("{each} B"), "<= 20000 B");
    });
}

async fn connected(socket: &Path) -> tokio::net::UnixStream {
    loop {
        match tokio::net::UnixStream::connect(socket).await {
            Ok(stream) => return stream,
            // The backlog is full for a moment.
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

async fn until(stream: &mut tokio::net::UnixStream, text: &str) {
    let mut seen = String::new();
    while !seen.contains(text) {
        let mut chunk = [0; 1024];
        let read = stream.read(&mut chunk).await.expect("boxd answers");
        assert!(read > 0, "boxd closed: {seen}");
        seen.push_str(&String::from_utf8_lossy(&chunk[..read]));
    }
}
