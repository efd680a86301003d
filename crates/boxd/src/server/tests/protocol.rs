//! Clients that keep to the protocol.

use std::{
    io,
    task::{Context, Poll},
    time::Duration,
};

use boxd_proto::Code;
use tokio::io::ReadBuf;

use super::*;

/// Counts the reads and writes that a socket would see.
struct Tally {
    stream: DuplexStream,
    reads: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Tally {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.reads.fetch_add(usize::from(result.is_ready()), Ordering::Relaxed);
        result
    }
}

impl AsyncWrite for Tally {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_costs_one_read_and_one_write_also_with_the_hello() {
    let rig = Rig::new(Fake::default());
    let (mut client, server_end) = tokio::io::duplex(4096);
    let (reads, writes) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let tally = Tally { stream: server_end, reads: Arc::clone(&reads), writes: Arc::clone(&writes) };
    let _task = rig.serve(tally, OWNER);

    client.write_all(&opening(&ask(None))).await.unwrap();
    assert_eq!(read_hello(&mut client).await.chosen, 1);
    assert_eq!(read_response(&mut client).await, token("work"));
    assert_eq!((reads.load(Ordering::Relaxed), writes.load(Ordering::Relaxed)), (1, 1));

    for count in 2..5 {
        client.write_all(&frame(&ask(None))).await.unwrap();
        assert_eq!(read_response(&mut client).await, token("work"));
        assert_eq!((reads.load(Ordering::Relaxed), writes.load(Ordering::Relaxed)), (count, count));
    }
    assert_eq!(rig.server.counters.served.get(), 4);
}

#[tokio::test(start_paused = true)]
async fn bytes_may_come_one_by_one() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    for byte in [opening(&ask(None)), frame(&ask(Some("other")))].concat() {
        client.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    read_hello(&mut client).await;
    assert_eq!(read_response(&mut client).await, token("work"));
    assert_eq!(read_response(&mut client).await, token("other"));
    drop(client);
    task.await.unwrap();
    assert_eq!(rig.server.counters.faults.get(), 0);
    assert_eq!(rig.server.counters.active.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order() {
    let rig = Rig::new(Fake::default());
    let (mut client, _task) = rig.greeted().await;
    let requests = ["a", "slow", "b"].map(|account| frame(&ask(Some(account)))).concat();
    client.write_all(&requests).await.unwrap();
    // The first does not wait for the second.
    assert_eq!(read_response(&mut client).await, token("a"));
    let nothing_yet = tokio::time::timeout(Duration::from_mins(1), read_response(&mut client)).await;
    assert!(nothing_yet.is_err(), "the third was answered before the second");
    rig.server.service.gate.send_replace(true);
    assert_eq!(read_response(&mut client).await, token("slow"));
    assert_eq!(read_response(&mut client).await, token("b"));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_requests_in_one_segment() {
    let rig = Rig::new(Fake::default());
    let (mut client, _task) = rig.greeted().await;
    client.write_all(&frame(&ask(None)).repeat(100)).await.unwrap();
    for _ in 0..100 {
        assert_eq!(read_response(&mut client).await, token("work"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_streamed_to_a_reader_with_little_room() {
    let rig = Rig::new(Fake { names: 10_000, ..Fake::default() });
    let (mut client, _task) = rig.connect_as(OWNER, 100);
    client.write_all(&opening(&Request::Accounts)).await.unwrap();
    read_hello(&mut client).await;
    for number in 0..10_000 {
        assert_eq!(read_response(&mut client).await, Response::AccountName(format!("account-{number}")));
    }
    assert_eq!(read_response(&mut client).await, Response::End);
}

#[tokio::test(start_paused = true)]
async fn a_large_request_is_received_whole() {
    let rig = Rig::new(Fake::default());
    let (mut client, _task) = rig.connect_as(OWNER, 777);
    let name = "n".repeat(60_000);
    let (mut reader, mut writer) = tokio::io::split(&mut client);
    let bytes = opening(&ask(Some(&name)));
    let (written, answer) = tokio::join!(writer.write_all(&bytes), async {
        read_hello(&mut reader).await;
        read_response(&mut reader).await
    });
    written.unwrap();
    assert_eq!(answer, token(&name));
}

#[tokio::test(start_paused = true)]
async fn an_answer_too_large_for_a_frame_is_an_internal_error_and_the_connection_lives_on() {
    let rig = Rig::new(Fake::default());
    let (mut client, _task) = rig.greeted().await;
    client.write_all(&frame(&Request::Info)).await.unwrap();
    assert_eq!(code_of(&read_response(&mut client).await), Some(Code::Internal));
    client.write_all(&frame(&ask(None))).await.unwrap();
    assert_eq!(read_response(&mut client).await, token("work"));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_lives_on() {
    let rig = Rig::new(Fake::default());
    let (mut client, _task) = rig.greeted().await;
    tokio::time::sleep(Duration::from_hours(48)).await;
    client.write_all(&frame(&ask(None))).await.unwrap();
    assert_eq!(read_response(&mut client).await, token("work"));
}

#[tokio::test(start_paused = true)]
async fn a_client_of_a_later_version_is_told_ours() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.connect();
    client.write_all(&Hello { min: 2, max: 9 }.to_bytes()).await.unwrap();
    let reply = read_hello(&mut client).await;
    assert_eq!((reply.chosen, reply.min, reply.max), (0, 1, 1));
    assert!(read_rest(&mut client).await.is_empty());
    task.await.unwrap();
}
