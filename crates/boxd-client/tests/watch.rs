//! A watch against daemons that restart, refuse, stall and drop it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails by panicking")]

mod fake;

use std::{io::Write as _, os::unix::net::UnixStream, sync::mpsc, thread, time::Duration};

use boxd_client::{Code, Event, EventKind, News, Problem, Watch};
use boxd_proto::{Request, Response};
use fake::{Fake, frame, greet, request};

fn event(id: Option<&str>, kind: EventKind) -> Response {
    let event =
        Event { id: id.map(str::to_owned), kind, account: Some("work".into()), status: None, detail: None };
    Response::Event(Box::new(event))
}

fn refusal(code: Code) -> Response {
    Response::Error(Problem {
        code,
        detail: "d".into(),
        account: None,
        next_step: "n".into(),
        retry_after_seconds: None,
    })
}

fn say(stream: &mut UnixStream, responses: &[Response]) {
    stream.write_all(&responses.iter().flat_map(frame).collect::<Vec<_>>()).unwrap();
}

fn watch(fake: &Fake) -> Watch {
    Watch::connect_to(fake.socket(), Some("work")).unwrap()
}

/// The id after which a client asks.
fn after(stream: &mut UnixStream) -> Option<String> {
    match request(stream) {
        Some(Request::Watch { account, after }) => {
            assert_eq!(account.as_deref(), Some("work"));
            after
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_restarted_daemon_is_asked_for_what_came_after_the_last_event() {
    let fake = Fake::new(|count, mut stream| {
        greet(&mut stream);
        let asked = after(&mut stream);
        match count {
            0 => {
                assert_eq!(asked, None);
                say(&mut stream, &[event(None, EventKind::Present), event(Some("7-1"), EventKind::Complete)]);
                say(&mut stream, &[Response::Heartbeat, event(Some("7-2"), EventKind::Token)]);
                // In the middle of a frame.
                stream.write_all(&[200, 0, 0, 0, 1]).unwrap();
            }
            // Ends without a word, as one that starts.
            1 => {}
            _ => {
                assert_eq!(asked.as_deref(), Some("7-2"));
                say(&mut stream, &[event(Some("7-3"), EventKind::State)]);
            }
        }
    });
    let kinds: Vec<EventKind> = watch(&fake).take(4).map(|event| event.unwrap().kind).collect();
    assert_eq!(kinds, [EventKind::Present, EventKind::Complete, EventKind::Token, EventKind::State]);
}

#[test]
fn what_waiting_cannot_help_ends_the_watch() {
    let fake = Fake::new(|count, mut stream| {
        if count == 0 {
            // The client's own connection, on which nothing was asked.
            return;
        }
        greet(&mut stream);
        after(&mut stream);
        say(&mut stream, &[refusal(Code::UnknownAccount)]);
    });
    let client = fake.client();
    let mut watch = client.watch(Some("work")).unwrap();
    assert_eq!(watch.next().unwrap().unwrap_err().code(), Code::UnknownAccount);
    assert!(watch.next().is_none());
    assert_eq!(watch.next_within(Duration::ZERO).unwrap(), News::Over);
}

#[test]
fn a_daemon_without_room_is_asked_again() {
    let fake = Fake::new(|count, mut stream| {
        greet(&mut stream);
        after(&mut stream);
        let crowded = refusal(Code::TooManyConnections);
        say(&mut stream, &[if count < 3 { crowded } else { event(Some("1-1"), EventKind::Complete) }]);
    });
    let mut watch = watch(&fake);
    let mut reasons = Vec::new();
    while watch.next_within(Duration::from_millis(5)).unwrap() == News::Nothing {
        reasons.extend(watch.outage().map(|outage| outage.reason.clone()));
    }
    assert_eq!(watch.outage(), None);
    assert!(reasons.iter().any(|reason| reason == "d"), "{reasons:?}");
}

#[test]
fn a_wait_that_ends_inside_a_frame_loses_nothing() {
    let (go, wait) = mpsc::channel::<()>();
    let fake = Fake::new(move |_, mut stream| {
        greet(&mut stream);
        after(&mut stream);
        for byte in frame(&event(Some("1-1"), EventKind::Complete)) {
            wait.recv().unwrap();
            stream.write_all(&[byte]).unwrap();
        }
        wait.recv().unwrap();
    });
    let mut watch = watch(&fake);
    let event = loop {
        match watch.next_within(Duration::from_millis(1)).unwrap() {
            News::Nothing => go.send(()).unwrap(),
            News::Event(event) => break event,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(event.id.as_deref(), Some("1-1"));
    assert_eq!(watch.outage(), None);
}

#[test]
fn a_client_that_was_dropped_begins_anew_on_the_same_connection() {
    let fake = Fake::new(|count, mut stream| {
        assert_eq!(count, 0);
        greet(&mut stream);
        after(&mut stream);
        say(&mut stream, &[event(Some("1-1"), EventKind::Complete), event(None, EventKind::Dropped)]);
        assert_eq!(after(&mut stream).as_deref(), Some("1-1"));
        say(&mut stream, &[event(None, EventKind::Present)]);
        drop(request(&mut stream));
    });
    let kinds: Vec<EventKind> = watch(&fake).take(3).map(|event| event.unwrap().kind).collect();
    assert_eq!(kinds, [EventKind::Complete, EventKind::Dropped, EventKind::Present]);
}

#[test]
fn another_thread_can_end_it_and_the_daemon_sees_that() {
    let (gone, wait) = mpsc::channel();
    let fake = Fake::new(move |_, mut stream| {
        greet(&mut stream);
        after(&mut stream);
        say(&mut stream, &[event(Some("1-1"), EventKind::Complete)]);
        assert_eq!(request(&mut stream), None);
        gone.send(()).unwrap();
    });
    let mut watch = watch(&fake);
    let stopper = watch.stopper();
    assert!(watch.next().is_some());
    let reader = thread::spawn(move || watch.next().is_none());
    stopper.stop();
    assert!(reader.join().unwrap());
    wait.recv().unwrap();
}

#[test]
fn a_watch_that_is_let_go_ends_its_connection_though_a_stopper_is_left() {
    let (gone, wait) = mpsc::channel();
    let fake = Fake::new(move |_, mut stream| {
        greet(&mut stream);
        after(&mut stream);
        say(&mut stream, &[event(Some("1-1"), EventKind::Complete)]);
        assert_eq!(request(&mut stream), None);
        gone.send(()).unwrap();
    });
    let mut watch = watch(&fake);
    let stopper = watch.stopper();
    assert!(watch.next().is_some());
    drop(watch);
    wait.recv().unwrap();
    stopper.stop();
}
