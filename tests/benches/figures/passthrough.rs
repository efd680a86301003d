//! A body of 1 GiB through boxd, against the same body straight from and to the sandbox; and boxd's memory meanwhile.

use std::{
    io::{self, BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use boxd_client::{ApiRequest, ApiRequestBody, TokenRequest};
use boxd_tests::Sandbox;
use serde_json::json;

use crate::{
    median,
    programs::{Programs, Running},
    report,
};

/// Bytes of a body.
const LENGTH: u64 = 1024 * 1024 * 1024;
const ROUNDS: usize = 3;
/// What is written and read at a time.
const PIECE: usize = 64 * 1024;

pub(crate) fn measure(programs: &Programs) {
    let sandbox = Sandbox::start(&[]);
    let daemon = programs.with_grant(&sandbox);
    std::fs::write(daemon.home.path().join("config.toml"), "[api]\nenabled = true\n").expect("a config");
    daemon.client().reload().expect("the config is read");
    let token = daemon.client().token(&TokenRequest::default()).expect("a token");
    let bearer = format!("Authorization: Bearer {}\r\n", token.access_token.expose());

    let straight_down = || timed(|| download(direct(&sandbox), "/2.0/users/me", &bearer));
    let straight_up = || timed(|| upload(direct(&sandbox), "/api/2.0/files/content", &bearer));
    // The sandbox's API redirects to large files; a fault makes a small answer large.
    let large = || sandbox.fault(&json!({"fault": "oversized", "path": "api", "bytes": LENGTH}));
    let against = |figure: &str, straight: &dyn Fn() -> f64, through: &dyn Fn() -> f64| {
        let ratios = (0..ROUNDS).map(|_| straight() / through()).collect();
        report(figure, &format!("{:.2}", median(ratios)), ">= 0.5");
    };
    let straight_large = || {
        large();
        straight_down()
    };
    against("1 GiB down through boxd (HTTP) / direct, speed", &straight_large, &|| {
        large();
        timed(|| download(socket(&daemon), "/v1/api/2.0/users/me", ""))
    });
    against("1 GiB up through boxd (HTTP) / direct, speed", &straight_up, &|| {
        timed(|| upload(socket(&daemon), "/v1/upload/api/2.0/files/content", ""))
    });
    report("peak RSS of boxd", &format!("{} KiB", daemon.kib("VmHWM")), "<= 16 MB");
    against("1 GiB down through boxd (native) / direct, speed", &straight_large, &|| {
        large();
        timed(|| native_download(&daemon))
    });
    against("1 GiB up through boxd (native) / direct, speed", &straight_up, &|| {
        timed(|| native_upload(&daemon))
    });
    report("peak RSS of boxd", &format!("{} KiB", daemon.kib("VmHWM")), "<= 16 MB");
}

fn timed(transfer: impl FnOnce()) -> f64 {
    let start = Instant::now();
    transfer();
    start.elapsed().as_secs_f64()
}

fn direct(sandbox: &Sandbox) -> TcpStream {
    let url = sandbox.line["api_url"].as_str().expect("a URL");
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("the sandbox listens");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a socket option");
    stream
}

fn socket(daemon: &Running) -> UnixStream {
    let stream = UnixStream::connect(daemon.socket()).expect("boxd listens");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a socket option");
    stream
}

/// Reads a body of known or unknown length; both servers here close after it.
fn download(mut stream: impl Read + Write, path: &str, headers: &str) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: boxd\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut buffer = vec![0; PIECE];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer).expect("the server writes") {
            0 => break,
            read => total += read as u64,
        }
    }
    assert!(total > LENGTH, "{total} bytes came");
}

fn upload(mut stream: impl Read + Write, path: &str, headers: &str) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: boxd\r\nConnection: close\r\nContent-Length: {LENGTH}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    let piece = vec![b'x'; PIECE];
    for _ in 0..LENGTH / PIECE as u64 {
        stream.write_all(&piece).expect("the server reads");
    }
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status).expect("the server answers");
    assert!(status.starts_with("HTTP/1.1 201"), "{status}");
}

fn native_download(daemon: &Running) {
    let mut client = daemon.client();
    let mut answer = client.api(call("GET", "/2.0/users/me", ApiRequestBody::None), None).expect("an answer");
    let mut total = 0;
    while let Some(piece) = answer.next_piece().expect("all of it") {
        total += piece.len() as u64;
    }
    assert!(total > LENGTH, "{total} bytes came");
}

fn native_upload(daemon: &Running) {
    let mut client = daemon.client();
    let body = Box::new(io::repeat(b'x').take(LENGTH));
    let streamed = ApiRequestBody::Streamed { length: Some(LENGTH) };
    let answer = client.api(call("POST", "/api/2.0/files/content", streamed), Some(body)).expect("an answer");
    assert_eq!(answer.head().status, 201);
}

fn call(method: &str, path: &str, body: ApiRequestBody) -> ApiRequest {
    ApiRequest {
        account: None,
        upload: path.starts_with("/api/"),
        method: method.into(),
        path: path.into(),
        headers: Vec::new(),
        body,
        follow: true,
    }
}
