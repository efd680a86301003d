//! A network that can be away: a port that leads to the sandbox, or to nobody.

use std::{
    io,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::Value;

/// A relay on the loopback interface.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    target: u16,
    open: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

impl Relay {
    /// An open one that leads to where the sandbox of this line listens.
    pub fn to(line: &Value) -> Self {
        let target = line["token_url"].as_str().and_then(port_of).expect("a port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let mut relay = Self { port, target, open: None };
        relay.serve(listener);
        relay
    }

    /// The sandbox's line, with all addresses leading through the relay.
    pub fn through(&self, line: &Value) -> String {
        line.to_string().replace(&format!(":{}", self.target), &format!(":{}", self.port))
    }

    /// From now on connections are refused: nothing that is sent reaches Box.
    pub fn close(&mut self) {
        let Some((closing, server)) = self.open.take() else { return };
        closing.store(true, Ordering::Relaxed);
        // It waits for a connection; this is its last one.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        server.join().expect("it ends");
    }

    /// The network is back.
    pub fn open(&mut self) {
        self.close();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).expect("the port is still free");
        self.serve(listener);
    }

    fn serve(&mut self, listener: TcpListener) {
        let closing = Arc::<AtomicBool>::default();
        let (seen, target) = (Arc::clone(&closing), self.target);
        let server = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if seen.load(Ordering::Relaxed) {
                    return;
                }
                // A client or sandbox that goes away is their matter.
                thread::spawn(move || drop(carry(&stream, target)));
            }
        });
        self.open = Some((closing, server));
    }
}

fn carry(client: &TcpStream, target: u16) -> io::Result<()> {
    let server = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, target)))?;
    let (mut from, mut up) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        drop(io::copy(&mut from, &mut up));
        drop(up.shutdown(Shutdown::Write));
    });
    io::copy(&mut &server, &mut &*client)?;
    client.shutdown(Shutdown::Both)
}

fn port_of(url: &str) -> Option<u16> {
    url.split("//").nth(1)?.split('/').next()?.rsplit(':').next()?.parse().ok()
}
