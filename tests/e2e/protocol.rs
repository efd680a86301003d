//! Abuse of the socket: what one client does wrong is felt by no other.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    time::Duration,
};

use boxd_client::Client;
use boxd_proto::{Request, encode};
use boxd_tests::Daemon;

/// A native hello of version 1, as the protocol's specification has it.
const HELLO: [u8; 8] = [0xB0, 0x58, 0x44, 0x0D, 1, 1, 0, 0];

fn connect(daemon: &Daemon) -> UnixStream {
    let stream = UnixStream::connect(daemon.socket());
    assert!(stream.is_ok(), "{stream:?}");
    let Ok(stream) = stream else { unreachable!() };
    drop(stream.set_read_timeout(Some(Duration::from_secs(20))));
    stream
}

#[test]
fn versions_that_do_not_exist_get_an_answer() {
    let daemon = Daemon::start();
    let mut stream = connect(&daemon);
    stream.write_all(&[0xB0, 0x58, 0x44, 0x0D, 255, 255, 0, 0]).expect("sent");
    let mut reply = [0; 8];
    stream.read_exact(&mut reply).expect("answered");
    assert_eq!(reply, [0xB0, 0x58, 0x44, 0x0D, 0, 1, 1, 0], "no version in common; 1 is what it speaks");
}

#[test]
fn a_lying_length_ends_only_that_connection() {
    let daemon = Daemon::start();
    for length in [u32::MAX, 65_537, 0] {
        let mut stream = connect(&daemon);
        stream.write_all(&HELLO).expect("sent");
        stream.write_all(&length.to_le_bytes()).expect("sent");
        let mut rest = Vec::new();
        // A reset is as good an end as an orderly one.
        drop(stream.read_to_end(&mut rest));
        assert!(rest.len() < 4096);
    }
    assert!(Client::connect_to(daemon.socket()).and_then(|mut client| client.info()).is_ok());
}

#[test]
fn a_client_may_stall_at_any_byte() {
    let daemon = Daemon::start();
    let mut bytes = HELLO.to_vec();
    encode(&Request::Info, &mut bytes).expect("encoded");
    let stalled: Vec<UnixStream> = (0..bytes.len())
        .map(|length| {
            let mut stream = connect(&daemon);
            stream.write_all(&bytes[..length]).expect("sent");
            stream
        })
        .collect();
    for _ in 0..20 {
        let info = Client::connect_to(daemon.socket()).and_then(|mut client| client.info());
        assert!(info.is_ok(), "{info:?}");
    }
    drop(stalled);
}

#[test]
fn many_connections_do_not_disturb_one_that_is_served() {
    let daemon = Daemon::start();
    let mut served = Client::connect_to(daemon.socket()).expect("connected");
    assert!(served.info().is_ok());
    // As many as this process may have open; the daemon drops or refuses what is too much.
    let crowd: Vec<UnixStream> = (0..900).map_while(|_| UnixStream::connect(daemon.socket()).ok()).collect();
    assert!(crowd.len() > 100);
    for _ in 0..50 {
        let info = served.info();
        assert!(info.is_ok(), "{info:?}");
    }
    drop(crowd);
    assert!(Client::connect_within(daemon.socket(), Duration::from_secs(5)).is_ok());
}

#[test]
fn noise_is_answered_or_cut_off_but_never_fatal() {
    let daemon = Daemon::start();
    for noise in [&b"\0\0\0\0\0\0\0\0"[..], b"\xB0XD", b"GARBAGE\r\n\r\n", &vec![0xFF; 70_000]] {
        let mut stream = connect(&daemon);
        drop(stream.write_all(noise));
        drop(stream.shutdown(std::net::Shutdown::Write));
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest));
    }
    assert!(Client::connect_to(daemon.socket()).and_then(|mut client| client.info()).is_ok());
}
