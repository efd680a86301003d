//! A process that has no file descriptor left; alone in its binary, because the limit is the whole process's.
#![cfg(unix)]

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    sync::Arc,
    time::Duration,
};

use boxd::peer::Caller;
use boxd::server::{Limits, Listener, Reply, Service, run};
use boxd_proto::{Hello, Request, Response, encode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[derive(Clone)]
struct Done;

impl Service for Done {
    async fn call(&self, _caller: &Arc<Caller>, _request: Request) -> Reply {
        Response::Done.into()
    }
}

#[tokio::test(start_paused = true)]
async fn without_file_descriptors_the_server_waits_and_then_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("boxd.sock");
    let listener = Listener::bind(&socket).unwrap();
    let counters = listener.counters();
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..getrlimit(Resource::Nofile) }).unwrap();
    // They wait in the backlog, and leave nothing to accept them with.
    let mut clients: Vec<UnixStream> = std::iter::from_fn(|| UnixStream::connect(&socket).ok()).collect();
    assert!(clients.len() > 10);

    let server = tokio::spawn(run(listener, Done, std::future::pending(), Limits::default()));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let errors = counters.accept_errors.get();
    assert!((1..=20).contains(&errors), "{errors} attempts in ten seconds");
    assert_eq!(counters.accepted.get(), 0);

    // Whoever stays is served once there is room.
    clients.truncate(5);
    let mut bytes = Hello::CURRENT.to_bytes().to_vec();
    encode(&Request::Accounts, &mut bytes).unwrap();
    for client in &mut clients {
        client.write_all(&bytes).unwrap();
        client.set_nonblocking(true).unwrap();
    }
    for client in &mut clients {
        let mut answer = [0; 16];
        while client.read_exact(&mut answer).is_err() {
            assert!(!server.is_finished());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The hello's answer, then `Response::Done` in a frame of four bytes.
        assert_eq!(answer[8..], [4, 0, 0, 0, 4, 0, 0, 0]);
    }
}
