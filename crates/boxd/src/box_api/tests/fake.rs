//! A server that does with each connection what a test says, and counts connections and requests.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// What a server does with a connection.
#[derive(Clone)]
pub(super) enum Act {
    /// Closes it without reading.
    Close,
    /// Reads the whole request, writes this, and closes.
    Answer(Vec<u8>),
    /// Reads the request, and never answers.
    Hang,
    /// Reads the request, then writes one byte each 50 ms, for ever.
    Drip,
    /// As a proxy: reads a CONNECT and writes this; closes then.
    Tunnel(Vec<u8>),
    /// As a proxy: takes the CONNECT, then forwards to this address.
    Forward(SocketAddr),
    /// Accepts and says nothing, not even in TLS.
    Mute,
    /// One of these for each connection, in order; closes when none is left.
    Each(Arc<Mutex<VecDeque<Act>>>),
}

impl Act {
    fn next(&self) -> Self {
        match self {
            Self::Each(acts) => acts.lock().unwrap().pop_front().unwrap_or(Self::Close),
            act => act.clone(),
        }
    }
}

/// One for each connection, in order.
pub(super) fn each(acts: impl IntoIterator<Item = Act>) -> Act {
    Act::Each(Arc::new(Mutex::new(acts.into_iter().collect())))
}

pub(super) struct Fake {
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<AtomicUsize>,
    /// The requests as they came, head and body.
    pub(super) requests: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// A server without TLS.
    pub(super) async fn plain(act: Act) -> Self {
        Self::start(act, None).await
    }

    pub(super) async fn tls(act: Act, authority: &Authority) -> Self {
        Self::start(act, Some(authority.acceptor())).await
    }

    async fn start(act: Act, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fake = Self { address, connections: Arc::default(), requests: Arc::default() };
        let (connections, requests) = (fake.connections.clone(), fake.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (act, tls, requests) = (act.next(), tls.clone(), requests.clone());
                tokio::spawn(async move {
                    match (tls, act) {
                        (_, Act::Mute) => tokio::time::sleep(Duration::from_mins(1)).await,
                        (None, act) => serve(stream, act, &requests).await,
                        (Some(tls), act) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, act, &requests).await;
                            }
                        }
                    }
                });
            }
        });
        fake
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/token", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, act: Act, requests: &Mutex<Vec<String>>) {
    if matches!(act, Act::Close) {
        return;
    }
    let request = read_request(&mut stream).await;
    requests.lock().unwrap().push(request);
    match act {
        Act::Answer(bytes) | Act::Tunnel(bytes) => {
            stream.write_all(&bytes).await.ok();
            stream.shutdown().await.ok();
        }
        Act::Drip => {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".bytes().chain([b'x'; 1000]);
            for byte in head {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Act::Forward(address) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut onward = TcpStream::connect(address).await.unwrap();
            tokio::io::copy_bidirectional(&mut stream, &mut onward).await.ok();
        }
        Act::Hang | Act::Mute | Act::Close | Act::Each(_) => tokio::time::sleep(Duration::from_mins(1)).await,
    }
}

/// The fields of a form that a request carried.
pub(super) fn form_of(request: &str) -> Vec<(String, String)> {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

/// Reads a head, and a body of its `content-length`.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => bytes.push(byte),
            Err(_) => return String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    bytes.extend(body);
    String::from_utf8(bytes).unwrap()
}

/// An HTTP answer with a length.
pub(super) fn answer(status: &str, headers: &str, body: &str) -> Act {
    let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    Act::Answer(text.into_bytes())
}

/// A certificate authority of a test, and a server certificate for `box.test` and `localhost`.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: tempfile::TempDir,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, directory }
    }

    pub(super) fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    fn acceptor(&self) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let names = ["box.test".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}
