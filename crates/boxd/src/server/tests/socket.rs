//! The whole server on a real socket.

use std::{path::PathBuf, time::Duration};

use boxd_proto::Code;
use tempfile::TempDir;
use tokio::{net::UnixStream, sync::oneshot};

use super::*;
use crate::server::{Listener, run};

struct Running {
    socket: PathBuf,
    service: Fake,
    counters: Arc<Counters>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    _dir: TempDir,
}

fn start(limits: Limits) -> Running {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("boxd.sock");
    let listener = Listener::bind(&socket).unwrap();
    let counters = listener.counters();
    let (stop, stopped) = oneshot::channel();
    let service = Fake::default();
    let served = service.clone();
    let ended = tokio::spawn(run(listener, served, async move { stopped.await.unwrap() }, limits));
    Running { socket, service, counters, stop, ended, _dir: dir }
}

impl Running {
    async fn client(&self) -> UnixStream {
        let mut client = UnixStream::connect(&self.socket).await.unwrap();
        client.write_all(&Hello::CURRENT.to_bytes()).await.unwrap();
        read_hello(&mut client).await;
        client
    }
}

async fn served(client: &mut UnixStream) {
    client.write_all(&frame(&ask(None))).await.unwrap();
    assert_eq!(read_response(client).await, token("work"));
}

async fn is_closed(client: &mut UnixStream) -> bool {
    let mut byte = [0];
    !matches!(tokio::io::AsyncReadExt::read(client, &mut byte).await, Ok(1..))
}

#[tokio::test]
async fn twelve_hundred_kept_connections_are_all_served() {
    // This process holds both ends.
    if Limits::of_this_process().connections < 3000 {
        return;
    }
    let running = start(Limits::for_connections(8000));
    let mut clients = Vec::new();
    for _ in 0..1200 {
        clients.push(running.client().await);
    }
    for client in &mut clients {
        served(client).await;
    }
    assert_eq!(running.counters.active.get(), 1200);
    assert_eq!(running.counters.served.get(), 1200);
    drop(clients);
    while running.counters.active.get() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn too_many_connections_are_refused_in_words_and_harm_nobody() {
    let running = start(Limits::for_connections(40));
    let mut kept = Vec::new();
    for _ in 0..10 {
        kept.push(running.client().await);
    }
    for _ in 0..500 {
        let mut refused = UnixStream::connect(&running.socket).await.unwrap();
        refused.write_all(&opening(&ask(None))).await.unwrap();
        assert_eq!(read_hello(&mut refused).await.chosen, 1);
        assert_eq!(code_of(&read_response(&mut refused).await), Some(Code::TooManyConnections));
        assert!(is_closed(&mut refused).await);
    }
    for client in &mut kept {
        served(client).await;
    }
    assert_eq!(running.counters.refused.get(), 500);
    assert_eq!(running.counters.evicted.get(), 0);
}

#[tokio::test]
async fn ten_thousand_attempts_that_never_speak_harm_nobody() {
    let running = start(Limits::for_connections(400));
    let mut kept = running.client().await;
    let mut silent = std::collections::VecDeque::new();
    for number in 0..10_000 {
        silent.push_back(UnixStream::connect(&running.socket).await.unwrap());
        if silent.len() > 300 {
            silent.pop_front();
        }
        if number % 100 == 0 {
            served(&mut kept).await;
        }
    }
    served(&mut kept).await;
    drop(silent);
    // Places are free again.
    while running.counters.active.get() > 1 {
        tokio::task::yield_now().await;
    }
    served(&mut running.client().await).await;
}

#[tokio::test]
async fn the_end_closes_idle_connections_and_lets_answers_finish() {
    let running = start(Limits::default());
    let mut idle = running.client().await;
    let mut waiting = running.client().await;
    waiting.write_all(&frame(&ask(Some("slow"))).repeat(2)).await.unwrap();
    while running.service.gate.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    running.stop.send(()).unwrap();
    assert!(is_closed(&mut idle).await);
    assert!(!running.socket.exists());
    assert!(!running.ended.is_finished());
    running.service.gate.send_replace(true);
    assert_eq!(read_response(&mut waiting).await, token("slow"));
    // The second request was not begun.
    assert!(is_closed(&mut waiting).await);
    running.ended.await.unwrap();
    assert_eq!(running.counters.active.get(), 0);
}

#[tokio::test]
async fn the_end_waits_only_as_long_as_the_grace_lasts() {
    let running = start(Limits { grace: Duration::from_millis(20), ..Limits::default() });
    let mut waiting = running.client().await;
    waiting.write_all(&frame(&ask(Some("slow")))).await.unwrap();
    while running.service.gate.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    running.stop.send(()).unwrap();
    running.ended.await.unwrap();
    assert!(is_closed(&mut waiting).await);
    assert_eq!(running.service.abandoned.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_peer_is_known_by_the_kernel() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("boxd.sock");
    let listener = Listener::bind(&socket).unwrap();
    let (accepted, _client) = tokio::join!(listener.accept(), UnixStream::connect(&socket));
    let peer = Peer::of(&accepted.unwrap()).unwrap();
    assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
    if cfg!(target_os = "linux") {
        assert_eq!(peer.pid, Some(std::process::id()));
        assert_eq!(peer.to_string(), format!("uid {} pid {}", peer.uid, std::process::id()));
    }
}

#[tokio::test]
async fn the_owner_can_end_the_server_and_is_told_so() {
    let running = start(Limits::default());
    let mut idle = running.client().await;
    let mut client = running.client().await;
    client.write_all(&frame(&Request::Shutdown)).await.unwrap();
    assert_eq!(read_response(&mut client).await, Response::Done);
    running.ended.await.unwrap();
    assert!(is_closed(&mut client).await && is_closed(&mut idle).await);
    assert!(!running.socket.exists());
}
