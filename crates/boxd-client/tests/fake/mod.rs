//! A server that does what a test wants.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    thread,
};

use boxd_client::Client;
use boxd_proto::{HELLO_LEN, Hello, Request, Response, choose, decode, encode};

/// A server whose connections `serve` handles, one after another.
pub(crate) struct Fake {
    dir: tempfile::TempDir,
}

impl Fake {
    pub(crate) fn new(serve: impl Fn(usize, UnixStream) + Send + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("boxd.sock")).unwrap();
        thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                serve(count, stream.unwrap());
            }
        });
        Self { dir }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("boxd.sock")
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect_to(self.socket()).unwrap()
    }
}

/// Reads the hello and answers it.
pub(crate) fn greet(stream: &mut UnixStream) {
    let mut hello = [0; HELLO_LEN];
    stream.read_exact(&mut hello).unwrap();
    stream.write_all(&choose(Hello::from_bytes(hello).unwrap()).to_bytes()).unwrap();
}

/// One request, unless the client has gone.
pub(crate) fn request(stream: &mut UnixStream) -> Option<Request> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).ok()?;
    let mut body = vec![0; u32::from_le_bytes(header) as usize];
    stream.read_exact(&mut body).ok()?;
    Some(decode(&body).unwrap())
}

pub(crate) fn frame(response: &Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(response, &mut bytes).unwrap();
    bytes
}
