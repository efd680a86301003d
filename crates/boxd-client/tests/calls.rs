//! The client against servers that answer, stall, drip, lie and go away.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking")]

mod fake;

use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use boxd_client::{Client, Code, Error, Problem, Secret, Token, TokenRequest};
use boxd_proto::{Hello, HelloReply, Request, Response, choose};

use fake::{Fake, frame, greet, request};

fn token() -> Token {
    Token {
        account: "work".into(),
        access_token: Secret::new("tok"),
        expires_in_seconds: 60,
        expires_at: 2,
        box_expires_at: 3,
        generation: 4,
    }
}

fn problem() -> Problem {
    Problem {
        code: Code::LoginRequired,
        detail: "d".into(),
        account: None,
        next_step: "n".into(),
        retry_after_seconds: None,
    }
}

/// A request whose answer is not waited for beyond the client's margin.
fn at_once() -> TokenRequest {
    TokenRequest { wait_millis: Some(0), ..TokenRequest::default() }
}

#[test]
fn many_calls_share_a_connection_also_after_a_problem() {
    let fake = Fake::new(|count, mut stream| {
        assert_eq!(count, 0, "one connection is enough");
        greet(&mut stream);
        while let Some(request) = request(&mut stream) {
            let answers = match request {
                Request::Token(_) => vec![Response::Token(token())],
                Request::Accounts => {
                    vec![Response::AccountName("a".into()), Response::AccountName("b".into()), Response::End]
                }
                Request::Reload => vec![Response::Done],
                Request::Metrics => {
                    vec![Response::Metrics("a 1\n".into()), Response::Metrics("b 2\n".into()), Response::End]
                }
                _ => vec![Response::Error(problem())],
            };
            stream.write_all(&answers.iter().flat_map(frame).collect::<Vec<_>>()).unwrap();
        }
    });
    let mut client = fake.client();
    assert_eq!(client.token(&at_once()).unwrap(), token());
    assert!(matches!(client.adopt("x"), Err(Error::Problem(told)) if told == problem()));
    assert_eq!(client.accounts().unwrap(), ["a", "b"]);
    assert!(matches!(client.status(None), Err(Error::Problem(_))));
    client.reload().unwrap();
    assert_eq!(client.metrics().unwrap(), "a 1\nb 2\n");
    assert_eq!(client.token(&at_once()).unwrap(), token());
}

#[test]
fn an_answer_in_single_bytes_is_put_together() {
    let fake = Fake::new(|_, mut stream| {
        let answer = [choose(Hello::CURRENT).to_bytes().to_vec(), frame(&Response::Token(token()))].concat();
        for byte in answer {
            stream.write_all(&[byte]).unwrap();
        }
        drop(request(&mut stream));
    });
    assert_eq!(fake.client().token(&at_once()).unwrap(), token());
}

#[test]
fn a_connection_that_ends_at_any_byte_is_unreachable_and_the_next_call_connects_anew() {
    let answer = [choose(Hello::CURRENT).to_bytes().to_vec(), frame(&Response::Token(token()))].concat();
    let length = answer.len();
    let fake = Fake::new(move |count, mut stream| {
        let mut all = [0; 64];
        drop(stream.read(&mut all));
        stream.write_all(&answer[..count.min(length)]).unwrap();
    });
    let mut client = fake.client();
    for end in 0..length {
        let error = client.token(&at_once()).unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "cut at {end}: {error}");
        assert_eq!(error.code(), Code::Unreachable);
    }
    assert_eq!(client.token(&at_once()).unwrap(), token());
}

#[test]
fn lies_are_named_for_what_they_are() {
    let hello = choose(Hello::CURRENT).to_bytes().to_vec();
    let old = HelloReply { chosen: 0, min: 2, max: 3 }.to_bytes().to_vec();
    let with_hello = |bytes: &[u8]| [&hello, bytes].concat();
    let cases: [(&str, Vec<u8>, Code, &str); 6] = [
        ("another version", old, Code::VersionMismatch, "versions 2 to 3"),
        ("a web server", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), Code::Internal, "does not speak"),
        ("a length beyond the limit", with_hello(&[0xFF; 4]), Code::Internal, "exceeds the limit"),
        ("garbage", with_hello(&[4, 0, 0, 0, 99, 0, 0, 0]), Code::Internal, "no message"),
        (
            "a message too long",
            with_hello(&[5, 0, 0, 0, 3, 0, 0, 0, 1]),
            Code::Internal,
            "follow the message",
        ),
        ("another answer", with_hello(&frame(&Response::Done)), Code::Internal, "answered with done"),
    ];
    for (what, bytes, code, text) in cases {
        let fake = Fake::new(move |_, mut stream| {
            let mut hello = [0; 64];
            drop(stream.read(&mut hello));
            stream.write_all(&bytes).unwrap();
            drop(stream.read(&mut hello));
        });
        let error = fake.client().token(&at_once()).unwrap_err();
        assert_eq!(error.code(), code, "{what}: {error}");
        assert!(error.to_string().contains(text), "{what}: {error}");
        assert!(!error.next_step().is_empty(), "{what}");
    }
}

#[test]
fn what_follows_an_unexpected_answer_is_never_taken_for_the_next_one() {
    let fake = Fake::new(|count, mut stream| {
        greet(&mut stream);
        drop(request(&mut stream));
        let stale = [Response::Done, Response::Token(Token { generation: 99, ..token() })];
        let answers = if count == 0 { stale.to_vec() } else { vec![Response::Token(token())] };
        drop(stream.write_all(&answers.iter().flat_map(frame).collect::<Vec<_>>()));
    });
    let mut client = fake.client();
    assert!(matches!(client.token(&at_once()), Err(Error::Protocol(_))));
    assert_eq!(client.token(&at_once()).unwrap().generation, 4);
}

#[test]
fn a_kept_connection_that_ended_is_replaced_whatever_is_asked() {
    let (ended, wait_for_end) = mpsc::channel();
    let fake = Fake::new(move |count, mut stream| {
        greet(&mut stream);
        // One answer for each connection, then the daemon is gone.
        assert!(request(&mut stream).is_some(), "connection {count} asks something");
        stream.write_all(&frame(&Response::Done)).unwrap();
        drop(stream);
        ended.send(()).unwrap();
    });
    let mut client = fake.client();
    for _ in 0..3 {
        client.reload().unwrap();
        wait_for_end.recv().unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_crowd_before_the_door_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("boxd.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let crowd = UnixStream::connect(&socket).unwrap();
    let path = socket.clone();
    let waiting = thread::spawn(move || Client::connect_to(path).map(drop));
    // No event tells that the client was turned away once; where it is late, this proves less but passes.
    thread::sleep(Duration::from_millis(100));
    listener.accept().unwrap();
    waiting.join().unwrap().unwrap();
    drop(crowd);
}

/// The margin of the client is 5 s; the test's own limit is far above.
fn must_time_out(serve: impl Fn(usize, UnixStream) + Send + 'static) {
    let fake = Fake::new(serve);
    let (sender, outcome) = mpsc::channel();
    let mut client = fake.client();
    thread::spawn(move || sender.send(client.token(&at_once())).unwrap());
    let error = outcome.recv_timeout(Duration::from_secs(20)).unwrap().unwrap_err();
    assert!(error.to_string().contains("did not answer in time"), "{error}");
    assert!(!error.is_nobody_there() && error.next_step().contains("log"), "{error}");
}

#[test]
fn a_server_that_stalls_hangs_nobody() {
    must_time_out(|_, stream| {
        thread::park();
        drop(stream);
    });
}

#[test]
fn a_server_that_drips_hangs_nobody() {
    must_time_out(|_, mut stream| {
        greet(&mut stream);
        let answer = frame(&Response::Error(Problem { detail: "x".repeat(60_000), ..problem() }));
        for byte in answer {
            thread::sleep(Duration::from_millis(200));
            if stream.write_all(&[byte]).is_err() {
                return;
            }
        }
    });
}

#[test]
fn a_request_too_large_for_a_frame_is_told_and_harms_nothing() {
    let fake = Fake::new(|_, mut stream| {
        greet(&mut stream);
        while request(&mut stream).is_some() {
            stream.write_all(&frame(&Response::Token(token()))).unwrap();
        }
    });
    let mut client = fake.client();
    assert_eq!(client.rename(&"x".repeat(70_000), "y").unwrap_err().code(), Code::BadRequest);
    assert_eq!(client.token(&at_once()).unwrap(), token());
}

#[test]
fn nobody_there_is_unreachable_and_a_late_daemon_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("boxd.sock");
    let error = Client::connect_within(&socket, Duration::from_millis(60)).unwrap_err();
    assert_eq!(error.code(), Code::Unreachable);
    assert!(error.to_string().contains("boxd.sock"), "{error}");
    assert!(error.is_nobody_there() && error.next_step().contains("start the daemon"), "{error}");
    let path = socket.clone();
    let waiting = thread::spawn(move || Client::connect_within(path, Duration::from_secs(20)).is_ok());
    let listener = UnixListener::bind(&socket).unwrap();
    assert!(waiting.join().unwrap());
    drop(listener);
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_of_somebody_else_gets_not_one_byte() {
    use rustix::{process::Uid, thread::set_thread_res_uid};
    if !rustix::process::geteuid().is_root() {
        // Only root can play somebody else.
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("boxd.sock");
    std::os::unix::fs::chown(dir.path(), Some(54321), None).unwrap();
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let path = socket.clone();
    // The credentials that a client sees are those of the thread that listens.
    let somebody_else = Uid::from_raw(54321);
    let listener = thread::spawn(move || {
        set_thread_res_uid(somebody_else, somebody_else, somebody_else).unwrap();
        UnixListener::bind(path).unwrap()
    });
    let listener = listener.join().unwrap();
    let error = Client::connect_to(&socket).unwrap_err();
    assert!(matches!(error, Error::Untrusted { uid: 54321, .. }), "{error}");
    assert_eq!(error.code(), Code::Denied);
    let mut received = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut received).unwrap();
    assert!(received.is_empty());
    // In a directory that only that user can write, the socket is that user's without doubt.
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    Client::connect_to(&socket).unwrap();
}
