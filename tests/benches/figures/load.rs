//! Requests per second against a bare echo, and latency while a renewal hangs.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use boxd_tests::Sandbox;
use tempfile::TempDir;

use crate::{median, programs::Programs, report};

/// Bytes that the echo server sends back.
const ECHO: usize = 200;
/// Length of one measurement; boxd and echo take turns.
const WINDOW: Duration = Duration::from_millis(700);
pub(crate) const ROUNDS: usize = 5;

/// What is sent and how long the answer is.
#[derive(Clone)]
pub(crate) struct Talk {
    pub(crate) socket: PathBuf,
    pub(crate) hello: Vec<u8>,
    pub(crate) request: Vec<u8>,
    pub(crate) hello_answer: usize,
    pub(crate) answer: usize,
}

pub(crate) fn measure(programs: &Programs) {
    let sandbox = Sandbox::start(&[]);
    let daemon = programs.with_grant(&sandbox);
    let boxd = to_boxd(&daemon.socket());
    let home = TempDir::new().expect("a directory");
    let socket = home.path().join("echo.sock");
    let mut server = Command::new(&programs.echo).arg(&socket).spawn().expect("echo starts");
    while UnixStream::connect(&socket).is_err() {
        thread::yield_now();
    }
    let echo = Talk { socket, hello: Vec::new(), request: vec![7; ECHO], hello_answer: 0, answer: ECHO };

    for clients in [1, 16, 64] {
        for kept in [true, false] {
            let mut ratios = Vec::new();
            let mut ours = Vec::new();
            for _ in 0..ROUNDS {
                let mine = per_second(&boxd, clients, kept);
                ratios.push(mine / per_second(&echo, clients, kept));
                ours.push(mine);
            }
            let connection = if kept { "kept" } else { "one for each request" };
            let figure = format!("requests/s, boxd / echo, {clients} clients, connection {connection}");
            report(&figure, &format!("{:.2}", median(ratios)), ">= 0.7");
            report("  boxd", &format!("{:.0}/s", median(ours)), "");
        }
    }

    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let at_rest = p99(&boxd);
        sandbox.control("DELETE", "faults", None);
        sandbox.hang_after_spending();
        let generation = daemon.client().status(None).expect("a status")[0].generation;
        let request = boxd_client::TokenRequest {
            rejected: boxd_client::Rejected::Generation(generation),
            wait_millis: Some(0),
            ..Default::default()
        };
        // The renewal hangs, so there is no token for this one.
        drop(daemon.client().token(&request));
        ratios.push(p99(&boxd) / at_rest);
        sandbox.control("POST", "release", None);
        thread::sleep(Duration::from_millis(200));
    }
    report("p99 while a renewal hangs / at rest", &format!("{:.2}", median(ratios)), "<= 1.2");
    server.kill().expect("echo ends");
    server.wait().expect("echo ends");
}

/// The conversation with boxd, and the length of its answer.
pub(crate) fn to_boxd(socket: &Path) -> Talk {
    let hello = vec![0xB0, b'X', b'D', 0x0D, 1, 1, 0, 0];
    let request = vec![14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut stream = UnixStream::connect(socket).expect("boxd listens");
    stream.write_all(&[hello.clone(), request.clone()].concat()).expect("boxd reads");
    let mut start = [0; 12];
    stream.read_exact(&mut start).expect("boxd answers");
    let [.., a, b, c, d] = start;
    let answer = 4 + usize::try_from(u32::from_le_bytes([a, b, c, d])).expect("a length");
    Talk { socket: socket.to_owned(), hello, request, hello_answer: 8, answer }
}

pub(crate) fn per_second(talk: &Talk, clients: usize, kept: bool) -> f64 {
    let threads: Vec<_> = (0..clients)
        .map(|_| {
            let talk = talk.clone();
            thread::spawn(move || count(&talk, kept))
        })
        .collect();
    let total: u32 = threads.into_iter().map(|thread| thread.join().expect("a client")).sum();
    f64::from(total) / WINDOW.as_secs_f64()
}

fn count(talk: &Talk, kept: bool) -> u32 {
    let end = Instant::now() + WINDOW;
    let mut done = 0;
    let mut stream = None;
    while Instant::now() < end {
        if !kept {
            stream = None;
        }
        done += u32::from(ask(talk, &mut stream));
    }
    done
}

/// One request; `false` where the server was too busy to accept a connection.
fn ask(talk: &Talk, stream: &mut Option<UnixStream>) -> bool {
    let (bytes, length) = if stream.is_some() {
        (talk.request.clone(), talk.answer)
    } else {
        let Ok(connected) = UnixStream::connect(&talk.socket) else { return false };
        *stream = Some(connected);
        ([talk.hello.clone(), talk.request.clone()].concat(), talk.hello_answer + talk.answer)
    };
    let mut answer = [0; 1024];
    let stream = stream.as_mut().expect("just connected");
    stream.write_all(&bytes).expect("the server reads");
    stream.read_exact(&mut answer[..length]).expect("the server answers");
    true
}

/// Latency that 99 of 100 requests stay below, in seconds.
fn p99(talk: &Talk) -> f64 {
    let end = Instant::now() + WINDOW;
    let mut stream = None;
    let mut samples = Vec::new();
    while Instant::now() < end {
        let began = Instant::now();
        ask(talk, &mut stream);
        samples.push(began.elapsed().as_secs_f64());
    }
    samples.sort_by(f64::total_cmp);
    samples[samples.len() * 99 / 100]
}
