//! What clients, good and bad, see of the server; with a service that answers as told.

mod admission;
#[cfg(unix)]
mod bind;
mod events;
mod exchange;
mod faults;
mod http;
mod protocol;
#[cfg(unix)]
mod socket;

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use boxd_proto::{
    Event, EventKind, FRAME_HEADER, HELLO_LEN, Hello, HelloReply, Info, Problem, Request, Response, Secret,
    Token, TokenRequest, decode, encode, frame_len,
};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream},
    sync::{Notify, watch},
    task::JoinHandle,
};

use super::{
    Caller, Limits, Peer, Reply, Server, Service, admission::Admission, connection, counters::Counters,
};
use crate::{
    access::{Door, Facts},
    box_api::{BoxApi, Deadlines, ProxyEnvironment},
    passthrough::{self, AnswerBody, Call, Ways},
};

/// Answers tokens at once, except for the account `slow`, which waits until the gate opens.
#[derive(Clone, Debug)]
struct Fake {
    gate: watch::Sender<bool>,
    abandoned: Arc<AtomicUsize>,
    names: usize,
}

/// Counts calls that were dropped before their end.
struct Abandoned(Option<Arc<AtomicUsize>>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(count) = self.0.take() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Default for Fake {
    fn default() -> Self {
        Self { gate: watch::Sender::new(false), abandoned: Arc::default(), names: 3 }
    }
}

impl Service for Fake {
    async fn call(&self, _caller: &Arc<Caller>, request: Request) -> Reply {
        match request {
            Request::Token(TokenRequest { account, .. }) => {
                let account = account.unwrap_or_else(|| "work".into());
                if account == "slow" {
                    let mut abandoned = Abandoned(Some(Arc::clone(&self.abandoned)));
                    self.gate.subscribe().wait_for(|open| *open).await.unwrap();
                    abandoned.0 = None;
                }
                token(&account).into()
            }
            Request::Accounts => {
                let names = (0..self.names).map(|n| Response::AccountName(format!("account-{n}")));
                Reply::Many(Box::new(names.chain([Response::End])))
            }
            Request::Watch { account, .. } => Reply::Stream(events(account.as_deref())),
            // An answer that no frame can hold.
            Request::Info => Response::Info(Box::new(Info {
                version: "x".repeat(70_000),
                pid: 1,
                config_file: String::new(),
                state_dir: String::new(),
                socket: String::new(),
                key_source: String::new(),
            }))
            .into(),
            _ => Response::Done.into(),
        }
    }

    /// As if Box had answered with a small file, where one is asked for.
    async fn pass<B: passthrough::Stream>(
        &self,
        caller: &Arc<Caller>,
        call: Call<B>,
    ) -> Result<hyper::Response<AnswerBody>, Problem> {
        if call.method != hyper::Method::GET {
            return Err(passthrough::problems::off());
        }
        let clients = BoxApi::new(Deadlines::default(), ProxyEnvironment::default()).clients_for_calls();
        let body = AnswerBody::whole(vec![b'x'; 4096].into(), &Ways::new(clients), caller.peer);
        Ok(hyper::Response::new(body))
    }
}

/// One event, and then none for ever; `flood`: one after another; `dropped`: one that says so, and the end.
fn events(account: Option<&str>) -> Pin<Box<dyn Stream<Item = Response> + Send>> {
    let event = |kind| {
        let detail = Some("x".repeat(1000));
        Response::Event(Box::new(Event { id: Some("1-1".into()), kind, account: None, status: None, detail }))
    };
    match account {
        Some("flood") => Box::pin(stream::repeat(event(EventKind::State))),
        Some("dropped") => Box::pin(stream::iter([event(EventKind::Dropped)])),
        _ => Box::pin(stream::iter([event(EventKind::Complete)]).chain(stream::pending())),
    }
}

fn token(account: &str) -> Response {
    Response::Token(Token {
        account: account.into(),
        access_token: Secret::new("T".repeat(32)),
        expires_in_seconds: 3000,
        expires_at: 1_800_000_000,
        box_expires_at: 1_800_000_300,
        generation: 7,
    })
}

fn ask(account: Option<&str>) -> Request {
    Request::Token(TokenRequest { account: account.map(str::to_owned), ..plain() })
}

fn plain() -> TokenRequest {
    TokenRequest { account: None, min_ttl_seconds: 0, rejected: boxd_proto::Rejected::No, wait_millis: None }
}

fn frame(request: &Request) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(request, &mut bytes).unwrap();
    bytes
}

/// Hello and one request, as one segment.
fn opening(request: &Request) -> Vec<u8> {
    [Hello::CURRENT.to_bytes().as_slice(), &frame(request)].concat()
}

async fn read_hello(stream: &mut (impl AsyncRead + Unpin)) -> HelloReply {
    let mut bytes = [0; HELLO_LEN];
    stream.read_exact(&mut bytes).await.unwrap();
    HelloReply::from_bytes(bytes).unwrap()
}

async fn read_response(stream: &mut (impl AsyncRead + Unpin)) -> Response {
    let mut header = [0; FRAME_HEADER];
    stream.read_exact(&mut header).await.unwrap();
    let mut body = vec![0; frame_len(header).unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    decode(&body).unwrap()
}

/// Everything until the server closes.
async fn read_rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    rest
}

fn code_of(response: &Response) -> Option<boxd_proto::Code> {
    match response {
        Response::Error(problem) => Some(problem.code),
        _ => None,
    }
}

const OWNER: Peer = Peer { uid: 1000, pid: Some(42) };

/// A peer of which nothing more is known.
fn caller(peer: Peer) -> Arc<Caller> {
    let facts = Facts { uid: peer.uid, groups: None, unit: None, door: Door::Main };
    Arc::new(Caller::known(peer, facts))
}

/// A server without a socket: its connections are in memory.
struct Rig {
    server: Arc<Server<Fake>>,
}

impl Rig {
    fn new(service: Fake) -> Self {
        let limits = Limits::default();
        let counters = Arc::<Counters>::default();
        let admission = Admission::new(limits, Arc::clone(&counters));
        Self {
            server: Arc::new(Server {
                service,
                limits,
                owner: 1000,
                counters,
                last_told: Arc::default(),
                admission,
            }),
        }
    }

    fn connect(&self) -> (DuplexStream, JoinHandle<()>) {
        self.connect_as(OWNER, 64 * 1024)
    }

    /// A connection whose two directions hold `room` bytes each.
    fn connect_as(&self, peer: Peer, room: usize) -> (DuplexStream, JoinHandle<()>) {
        let (client, server_end) = tokio::io::duplex(room);
        (client, self.serve(server_end, peer))
    }

    fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
    ) -> JoinHandle<()> {
        let seat = self.server.admission.admit(peer).unwrap();
        let leash = seat.leash();
        let task = tokio::spawn(connection::serve(stream, caller(peer), seat, Arc::clone(&self.server)));
        leash.tie(task.abort_handle());
        task
    }

    /// A connection that has said hello.
    async fn greeted(&self) -> (DuplexStream, JoinHandle<()>) {
        let (mut client, task) = self.connect();
        client.write_all(&Hello::CURRENT.to_bytes()).await.unwrap();
        assert_eq!(read_hello(&mut client).await.chosen, 1);
        (client, task)
    }
}
