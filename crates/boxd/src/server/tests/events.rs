//! Event streams over HTTP: heartbeats, slow readers, and ends.

use std::time::Duration;

use tokio::{io::AsyncBufReadExt as _, time::Instant};

use super::*;

fn watch(account: &str) -> Vec<u8> {
    format!("GET /v1/events?account={account} HTTP/1.1\r\nHost: boxd\r\n\r\n").into_bytes()
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_shows_every_fifteen_seconds_that_it_lives() {
    let rig = Rig::new(Fake::default());
    let (mut client, _task) = rig.connect();
    client.write_all(&watch("work")).await.unwrap();
    let begun = Instant::now();
    let mut lines = tokio::io::BufReader::new(client).lines();
    let mut heartbeats = Vec::new();
    while heartbeats.len() < 3 {
        let line = lines.next_line().await.unwrap().unwrap();
        if line == ": heartbeat" {
            heartbeats.push(begun.elapsed().as_secs());
        }
    }
    assert_eq!(heartbeats, [15, 30, 45]);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_leaves_is_seen_and_is_no_fault() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    client.write_all(&watch("work")).await.unwrap();
    client.read_u8().await.unwrap();
    let begun = Instant::now();
    drop(client);
    task.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!((rig.server.counters.faults.get(), rig.server.counters.active.get()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_does_not_read_is_dropped_after_ten_seconds() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect_as(OWNER, 1024);
    client.write_all(&watch("flood")).await.unwrap();
    let begun = Instant::now();
    task.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(rig.server.counters.faults.get(), 1);
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_missed_events_is_told_so_and_may_go_on() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    client.write_all(&watch("dropped")).await.unwrap();
    client.write_all(b"GET /v1/token HTTP/1.1\r\nHost: boxd\r\nConnection: close\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(read_rest(&mut client).await).unwrap();
    let (events, token) = answer.split_once("\r\n0\r\n\r\n").unwrap();
    assert!(events.contains("event: dropped\nid: 1-1\ndata: {"), "{events}");
    assert!(token.starts_with("HTTP/1.1 200 OK\r\n"), "{token}");
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_once_when_the_server_does() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    client.write_all(&watch("work")).await.unwrap();
    client.read_u8().await.unwrap();
    let begun = Instant::now();
    rig.server.admission.end().await;
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(begun.elapsed(), Duration::ZERO);
}
