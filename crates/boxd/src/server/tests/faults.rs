//! Clients that lie, stall, babble, do not read, or go away.

use std::time::Duration;

use boxd_proto::Code;
use tokio::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_stall_at_any_byte_ends_after_ten_seconds_except_between_requests() {
    let rig = Rig::new(Fake::default());
    let bytes = opening(&ask(None));
    for sent in 0..bytes.len() {
        let (mut client, task) = rig.connect();
        let begun = Instant::now();
        client.write_all(&bytes[..sent]).await.unwrap();
        if sent == HELLO_LEN {
            read_hello(&mut client).await;
            tokio::time::sleep(Duration::from_mins(10)).await;
            assert!(!task.is_finished(), "an idle connection was closed");
            continue;
        }
        let answered = read_rest(&mut client).await;
        assert_eq!(answered.len(), if sent < HELLO_LEN { 0 } else { HELLO_LEN }, "after {sent} bytes");
        assert_eq!(begun.elapsed().as_secs(), 10, "after {sent} bytes");
        task.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_trickle_does_not_prolong_the_deadline() {
    let rig = Rig::new(Fake::default());
    let (mut client, task) = rig.greeted().await;
    let begun = Instant::now();
    for byte in frame(&ask(Some(&"n".repeat(100)))) {
        if client.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(begun.elapsed() <= Duration::from_secs(12), "{:?}", begun.elapsed());
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lying_length_is_answered_and_costs_no_memory() {
    let rig = Rig::new(Fake::default());
    for length in [65_537_u32, 1 << 30, u32::MAX] {
        let (mut client, task) = rig.greeted().await;
        client.write_all(&length.to_le_bytes()).await.unwrap();
        assert_eq!(code_of(&read_response(&mut client).await), Some(Code::BadRequest));
        assert!(read_rest(&mut client).await.is_empty());
        task.await.unwrap();
    }
    assert_eq!(rig.server.counters.faults.get(), 3);
}

#[tokio::test(start_paused = true)]
async fn frames_that_are_no_request_are_answered_and_end_the_connection() {
    let unknown_variant = [8, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0];
    let empty = [0, 0, 0, 0];
    // A string that claims to be longer than its frame.
    let long_string = [12, 0, 0, 0, 1, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0];
    let mut trailing = frame(&Request::Accounts);
    trailing[0] += 1;
    trailing.push(0);
    for bad in [unknown_variant.as_slice(), &empty, &long_string, &trailing] {
        let rig = Rig::new(Fake::default());
        let (mut client, task) = rig.greeted().await;
        // What is asked before is answered; what comes after is not looked at.
        let bytes = [&frame(&ask(None)), bad, &frame(&ask(None))].concat();
        client.write_all(&bytes).await.unwrap();
        assert_eq!(read_response(&mut client).await, token("work"));
        assert_eq!(code_of(&read_response(&mut client).await), Some(Code::BadRequest), "{bad:?}");
        assert!(read_rest(&mut client).await.is_empty());
        task.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_begins_with_ascii_is_taken_for_http() {
    let rig = Rig::new(Fake::default());
    let begun = Instant::now();
    for start in ["\0", "SSH-2.0-x\r\n", "GARBAGE\r\n\r\n"] {
        let (mut client, task) = rig.connect();
        client.write_all(start.as_bytes()).await.unwrap();
        assert!(read_rest(&mut client).await.starts_with(b"HTTP/1.1 400 Bad Request\r\n"), "{start}");
        task.await.unwrap();
    }
    assert_eq!(rig.server.counters.http.get(), 3);
    assert_eq!(rig.server.counters.faults.get(), 3);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_magic_is_closed_at_its_first_wrong_byte() {
    let rig = Rig::new(Fake::default());
    let begun = Instant::now();
    let hello = Hello::CURRENT.to_bytes();
    for place in 0..4 {
        let mut bytes = hello[..=place].to_vec();
        bytes[place] ^= 0x01;
        let (mut client, task) = rig.connect();
        client.write_all(&bytes).await.unwrap();
        assert!(read_rest(&mut client).await.is_empty());
        task.await.unwrap();
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

/// Whatever follows a hello: the connection ends, and nothing but whole frames comes back.
#[tokio::test(start_paused = true)]
async fn babble_harms_nobody() {
    let rig = Rig::new(Fake::default());
    rig.server.service.gate.send_replace(true);
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..500 {
        let mut bytes = Hello::CURRENT.to_bytes().to_vec();
        for _ in 0..40 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // Mostly small numbers, so that lengths and variants are often valid.
            let word = u32::try_from(state >> 40).unwrap() >> (state % 24);
            bytes.extend(word.to_le_bytes());
        }
        let (mut client, task) = rig.connect();
        client.write_all(&bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let answers = read_rest(&mut client).await;
        let mut rest = &answers[HELLO_LEN..];
        while let Some(header) = rest.first_chunk::<FRAME_HEADER>() {
            let end = FRAME_HEADER + frame_len(*header).unwrap();
            decode::<Response>(&rest[FRAME_HEADER..end]).unwrap();
            rest = &rest[end..];
        }
        assert!(rest.is_empty());
        task.await.unwrap();
    }
    assert_eq!(rig.server.counters.active.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_dropped_after_ten_seconds() {
    let rig = Rig::new(Fake { names: 1000, ..Fake::default() });
    let (mut client, task) = rig.connect_as(OWNER, 64);
    let begun = Instant::now();
    client.write_all(&opening(&Request::Accounts)).await.unwrap();
    task.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(rig.server.counters.faults.get(), 1);
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_too_slowly_is_dropped_too() {
    let rig = Rig::new(Fake { names: 1000, ..Fake::default() });
    let (mut client, task) = rig.connect_as(OWNER, 64);
    client.write_all(&opening(&Request::Accounts)).await.unwrap();
    let begun = Instant::now();
    while tokio::io::AsyncReadExt::read_u8(&mut client).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(begun.elapsed() < Duration::from_mins(3), "{:?}", begun.elapsed());
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_it_waits_frees_its_task_at_once() {
    let rig = Rig::new(Fake::default());
    let (mut leaving, task) = rig.greeted().await;
    let (mut staying, _task) = rig.greeted().await;
    leaving.write_all(&frame(&ask(Some("slow")))).await.unwrap();
    staying.write_all(&frame(&ask(Some("slow")))).await.unwrap();
    tokio::task::yield_now().await;
    let begun = Instant::now();
    drop(leaving);
    task.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(rig.server.service.abandoned.load(Ordering::Relaxed), 1);
    rig.server.service.gate.send_replace(true);
    assert_eq!(read_response(&mut staying).await, token("slow"));
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_during_a_wait_is_bounded() {
    let rig = Rig::new(Fake::default());
    let (mut client, _task) = rig.connect_as(OWNER, 512);
    client.write_all(&opening(&ask(Some("slow")))).await.unwrap();
    read_hello(&mut client).await;
    let flood = frame(&ask(None)).repeat(10_000);
    let (mut reader, mut writer) = tokio::io::split(client);
    let writing = tokio::spawn(async move { writer.write_all(&flood).await });
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(!writing.is_finished(), "190 kB were taken in while the client was to wait");
    rig.server.service.gate.send_replace(true);
    assert_eq!(read_response(&mut reader).await, token("slow"));
    for _ in 0..10_000 {
        assert_eq!(read_response(&mut reader).await, token("work"));
    }
    writing.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn many_that_stall_keep_nobody_waiting() {
    let rig = Rig::new(Fake::default());
    let mut stalled = Vec::new();
    for number in 0..900_u32 {
        let peer = Peer { uid: 1000, pid: Some(number) };
        let (mut client, task) = rig.connect_as(peer, 64);
        let bytes = opening(&ask(Some("slow")));
        let sent = usize::try_from(number).unwrap() % bytes.len();
        client.write_all(&bytes[..sent.min(60)]).await.unwrap();
        stalled.push((client, task));
    }
    let begun = Instant::now();
    for _ in 0..100 {
        let (mut client, _task) = rig.connect();
        client.write_all(&opening(&ask(None))).await.unwrap();
        read_hello(&mut client).await;
        assert_eq!(read_response(&mut client).await, token("work"));
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
}
