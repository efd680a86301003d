//! Calls against a server that notes what comes and answers as told.

mod calls;
mod targets;

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use boxd_engine::Generation;
use boxd_proto::{Code, Problem};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Method, header::HeaderValue};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

use super::{Bearer, Bearers, Call, Host, Payload, Target, Ways};
use crate::{
    box_api::{BoxApi, Deadlines, EndpointSettings, ProxyEnvironment},
    peer::Peer,
};

/// A server of which each connection reads one request and is answered with the next of these bytes, or not at all.
struct Upstream {
    url: String,
    /// Requests as they came, up to the end of what could be read at once.
    seen: mpsc::UnboundedReceiver<String>,
}

impl Upstream {
    async fn answering(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, seen) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut answers = answers.into_iter();
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 64 * 1024];
                let length = stream.read(&mut request).await.unwrap_or(0);
                drop(sender.send(String::from_utf8_lossy(&request[..length]).into_owned()));
                match answers.next() {
                    // Closed after the answer.
                    Some(answer) if answer.ends_with(b"#") => {
                        stream.write_all(&answer[..answer.len() - 1]).await.unwrap();
                    }
                    Some(answer) => {
                        stream.write_all(&answer).await.unwrap();
                        held.push(stream);
                    }
                    None => held.push(stream),
                }
            }
        });
        Self { url, seen }
    }

    async fn request(&mut self) -> String {
        self.seen.recv().await.unwrap()
    }
}

/// Tokens `token-1`, `token-2` and so on, the next one for each that was refused.
#[derive(Clone)]
struct Tokens {
    url: String,
    generation: Arc<AtomicU64>,
    reported: Arc<Mutex<Vec<u64>>>,
    enabled: bool,
    renews: bool,
}

impl Tokens {
    fn of(upstream: &Upstream) -> Self {
        Self {
            url: upstream.url.clone(),
            generation: Arc::new(AtomicU64::new(1)),
            reported: Arc::default(),
            enabled: true,
            renews: true,
        }
    }

    fn present(&self) -> Bearer {
        let generation = self.generation.load(Ordering::SeqCst);
        let mut settings = EndpointSettings::default();
        settings.set("api_url", &self.url, Path::new("")).unwrap();
        settings.set("upload_url", &self.url, Path::new("")).unwrap();
        Bearer {
            account: "work".parse().unwrap(),
            endpoint: settings.resolve().unwrap(),
            authorization: HeaderValue::from_str(&format!("Bearer token-{generation}")).unwrap(),
            generation: Generation(generation),
            may_act_as: true,
        }
    }
}

impl Bearers for Tokens {
    fn is_enabled(&self) -> bool {
        self.enabled
    }

    async fn bearer(&self, _peer: &Peer, _account: Option<&str>) -> Result<Bearer, Problem> {
        Ok(self.present())
    }

    async fn bearer_after(&self, peer: &Peer, refused: &Bearer) -> Result<Bearer, Problem> {
        self.report(peer, refused).await;
        if self.renews { Ok(self.present()) } else { Err(super::problems::off()) }
    }

    async fn report(&self, _peer: &Peer, refused: &Bearer) {
        self.reported.lock().unwrap().push(refused.generation.0);
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

const PEER: Peer = Peer { uid: 1, pid: Some(2) };

fn ways() -> Ways {
    Ways::new(BoxApi::new(Deadlines::default(), ProxyEnvironment::default()).clients_for_calls())
}

fn call(method: Method, payload: Payload<Full<Bytes>>) -> Call<Full<Bytes>> {
    let target = Target::parse(Host::Api, "/2.0/users/me?fields=id").unwrap();
    Call { account: None, method, target, headers: HeaderMap::new(), payload }
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn code<T>(result: Result<T, Problem>) -> Code {
    match result {
        Ok(_) => panic!("it went through"),
        Err(problem) => problem.code,
    }
}
