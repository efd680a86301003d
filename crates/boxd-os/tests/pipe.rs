//! The client's end of a named pipe: deadlines, both directions at once, and an end from outside.
#![cfg(windows)]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking")]

use std::{
    io::{self, Read as _, Write as _},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use boxd_os::windows::pipe::Connection;
use interprocess::local_socket::{
    GenericFilePath, Listener, ListenerOptions, Stream, ToFsName as _, prelude::*,
};

const SOON: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(20);

fn listening() -> (PathBuf, Listener) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = PathBuf::from(format!(r"\\.\pipe\boxd-os-{}-{number}", std::process::id()));
    let options = ListenerOptions::new().name(path.as_path().to_fs_name::<GenericFilePath>().unwrap());
    let listener = options.create_sync().unwrap();
    (path, listener)
}

fn connected() -> (Connection, Stream) {
    let (path, listener) = listening();
    let accepting = thread::spawn(move || listener.accept().unwrap());
    let client = Connection::to(&path, LONG).unwrap();
    (client, accepting.join().unwrap())
}

#[test]
fn bytes_go_both_ways_and_the_end_is_seen() {
    let (client, mut server) = connected();
    assert_eq!(client.server_process().unwrap(), std::process::id());
    assert_eq!(client.write(b"question", Some(LONG)).unwrap(), 8);
    let mut question = [0; 8];
    server.read_exact(&mut question).unwrap();
    assert_eq!(&question, b"question");
    server.write_all(b"answer").unwrap();
    let mut answer = [0; 64];
    assert_eq!(client.read(&mut answer, Some(LONG)).unwrap(), 6);
    drop(server);
    assert_eq!(client.read(&mut answer, Some(LONG)).unwrap(), 0);
    assert!(client.write(b"more", Some(LONG)).is_err());
}

#[test]
fn nothing_is_waited_for_longer_than_was_said() {
    let (client, mut server) = connected();
    let mut piece = [0; 4];
    assert_eq!(client.read(&mut piece, Some(SOON)).unwrap_err().kind(), io::ErrorKind::TimedOut);
    // Nothing was taken from what comes later.
    server.write_all(b"late").unwrap();
    assert_eq!(client.read(&mut piece, Some(LONG)).unwrap(), 4);
    assert_eq!(&piece, b"late");
    // A server that does not read: in the end its buffer is full.
    let large = vec![0; 1 << 20];
    let stuck = (0..8).find_map(|_| client.write(&large, Some(SOON)).err()).unwrap();
    assert_eq!(stuck.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn one_thread_writes_while_another_reads() {
    let (client, mut server) = connected();
    let reading = thread::spawn({
        let client = client.clone();
        move || {
            let mut piece = [0; 4];
            client.read(&mut piece, Some(LONG)).map(|_| piece)
        }
    });
    thread::sleep(SOON);
    assert_eq!(client.write(b"ping", Some(LONG)).unwrap(), 4);
    let mut ping = [0; 4];
    server.read_exact(&mut ping).unwrap();
    server.write_all(b"pong").unwrap();
    assert_eq!(&reading.join().unwrap().unwrap(), b"pong");
}

#[test]
fn a_cut_wakes_who_reads_and_stays() {
    let (client, _server) = connected();
    let reading = thread::spawn({
        let client = client.clone();
        move || client.read(&mut [0; 4], None).unwrap_err().kind()
    });
    thread::sleep(SOON);
    client.cut();
    assert_eq!(reading.join().unwrap(), io::ErrorKind::ConnectionAborted);
    assert_eq!(client.read(&mut [0; 4], None).unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
}

#[test]
fn a_server_that_is_not_there_or_takes_nobody_is_told_apart() {
    let nobody = Connection::to(&PathBuf::from(r"\\.\pipe\boxd-os-nobody"), SOON).unwrap_err();
    assert_eq!(nobody.kind(), io::ErrorKind::NotFound);
    let (path, _listener) = listening();
    // The one instance that there is.
    let _first = Connection::to(&path, LONG).unwrap();
    assert_eq!(Connection::to(&path, SOON).unwrap_err().kind(), io::ErrorKind::TimedOut);
}
