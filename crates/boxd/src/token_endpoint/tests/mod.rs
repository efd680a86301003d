//! What programs, good and hostile, get from an endpoint; over real sockets, in virtual time.

mod hostile;
mod renewing;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use boxd_engine::BootTime;
use boxd_proto::{Code, Problem, Secret, Token, TokenEndpoint};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{OpenEndpoint, Tokens};

/// An account of which a test says what Box thinks.
#[derive(Clone, Debug, Default)]
struct Account(Arc<State>);

#[derive(Debug, Default)]
struct State {
    generation: AtomicU64,
    refused: AtomicU64,
    checks: AtomicUsize,
    seconds: AtomicU64,
    /// Box does not say whether it refuses a token.
    is_silent: AtomicBool,
    /// A token is long in coming.
    is_slow: AtomicBool,
    problem: Mutex<Option<Problem>>,
}

impl Tokens for Account {
    async fn token(&self, refused: Option<u64>) -> Result<Token, Problem> {
        if let Some(problem) = self.0.problem.lock().unwrap().clone() {
            return Err(problem);
        }
        if refused == Some(self.generation()) {
            self.0.generation.fetch_add(1, Ordering::Relaxed);
        }
        if self.0.is_slow.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        let generation = self.generation();
        Ok(Token {
            account: "work".into(),
            access_token: Secret::new(format!("access-{generation}")),
            expires_in_seconds: 0,
            expires_at: 0,
            box_expires_at: 0,
            generation,
        })
    }

    async fn is_refused(&self, token: &Token) -> bool {
        self.0.checks.fetch_add(1, Ordering::Relaxed);
        if self.0.is_silent.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        token.generation == self.0.refused.load(Ordering::Relaxed)
    }

    fn boot(&self) -> BootTime {
        BootTime(0).after(Duration::from_secs(self.0.seconds.load(Ordering::Relaxed)))
    }
}

impl Account {
    /// With a token of generation 1.
    fn new() -> Self {
        let account = Self::default();
        account.0.generation.store(1, Ordering::Relaxed);
        account
    }

    fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Relaxed)
    }

    fn checks(&self) -> usize {
        self.0.checks.load(Ordering::Relaxed)
    }

    fn pass(&self, seconds: u64) {
        self.0.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    fn fail(&self, code: Code) {
        let problem = Problem {
            code,
            detail: "b\u{f6}x \"says\" no".into(),
            account: Some("work".into()),
            next_step: "wait".into(),
            retry_after_seconds: Some(7),
        };
        *self.0.problem.lock().unwrap() = Some(problem);
    }

    fn open(&self, known: Option<u64>) -> OpenEndpoint {
        OpenEndpoint::open(self.clone(), known, None).unwrap()
    }
}

/// An answer: status, head, JSON.
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }

    fn access(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["access_token"].as_str().unwrap()
    }
}

fn host(endpoint: &TokenEndpoint) -> &str {
    endpoint.url.strip_prefix("http://").unwrap().strip_suffix("/oauth2/token").unwrap()
}

/// What the program would send.
fn form(endpoint: &TokenEndpoint) -> String {
    let TokenEndpoint { client_id, client_secret, refresh_token, .. } = endpoint;
    let (secret, refresh) = (client_secret.expose(), refresh_token.expose());
    format!("grant_type=refresh_token&refresh_token={refresh}&client_id={client_id}&client_secret={secret}")
}

fn basic(id: &str, secret: &str) -> String {
    format!("Authorization: Basic {}\r\n", BASE64_STANDARD.encode(format!("{id}:{secret}")))
}

async fn post(endpoint: &TokenEndpoint, headers: &str, body: &str) -> Answer {
    let head = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n{headers}",
        host(endpoint)
    );
    exchange(endpoint, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).await
}

async fn exchange(endpoint: &TokenEndpoint, request: &str) -> Answer {
    let mut stream = TcpStream::connect(host(endpoint)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or_default() }
}
