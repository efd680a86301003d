//! A proxy on the loopback interface that leads every `CONNECT` to one place: for clients whose hosts are fixed.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// A proxy that ends with this process.
#[derive(Debug)]
pub struct Proxy {
    /// Its address, for `HTTPS_PROXY`.
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts one that leads to this port.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                // A client or sandbox that goes away is their matter.
                thread::spawn(move || drop(tunnel(&stream, port, &seen)));
            }
        });
        Self { url, asked }
    }

    /// The places that clients wanted to go to: `HOST:PORT`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn tunnel(mut client: &TcpStream, port: u16, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = BufReader::new(client.try_clone()?);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let place = line.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(place.unwrap_or_default().to_owned());
    while line.trim_end() != "" {
        line.clear();
        head.read_line(&mut line)?;
    }
    let server = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut up, mut down) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        // It speaks only once it is answered, so nothing was read too far.
        drop(io::copy(&mut head, &mut up));
        drop(up.shutdown(Shutdown::Write));
    });
    io::copy(&mut &server, &mut down)?;
    client.shutdown(Shutdown::Both)
}
