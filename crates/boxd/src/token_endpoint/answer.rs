//! What one request to an endpoint gets: the present token, or an error of RFC 6749 section 5.2.

use std::{
    convert::Infallible,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use boxd_engine::BootTime;
use boxd_proto::{Code, Problem, Token};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{
    Tokens,
    credentials::{Credentials, PATH},
    request::{self, Refused},
};

/// Longest body of a request, in bytes.
const MOST_BODY: usize = 8 * 1024;
/// For the body of a request.
const BODY_DEADLINE: Duration = Duration::from_secs(5);
/// Box is asked at most this often whether it refuses a token, in the long run.
pub(super) const CHECK_PAUSE: Duration = Duration::from_secs(30);
/// So many times at once: a program tries again when its first renewal did not help.
pub(super) const CHECKS_AT_ONCE: u32 = 4;
/// How long Box may take to say so: the program waits meanwhile, and the token may well be valid.
const CHECK_DEADLINE: Duration = Duration::from_secs(3);
/// Who does not know the secrets waits this long for the answer, and keeps one of few connections busy with it.
const PENALTY: Duration = Duration::from_millis(500);
/// Wrong attempts that are logged; any more would only fill the log.
const LOGGED: u32 = 5;
/// Marks of requests that a page in a browser makes.
const OF_A_BROWSER: [&str; 6] =
    ["origin", "referer", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user"];

/// What all requests to one endpoint share.
#[derive(Debug)]
pub(super) struct Desk<T> {
    tokens: T,
    credentials: Credentials,
    /// The one `Host` that names us.
    host: String,
    history: Mutex<History>,
    /// What Box said last of a token. Held while Box is asked: those that come together ask once.
    verdict: tokio::sync::Mutex<Verdict>,
    /// How many times Box was asked.
    asked: AtomicU64,
    wrong_attempts: AtomicU32,
}

/// What is known of the other end of a connection.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// It has shown the secrets: it is the program, or acts for it.
    is_program: AtomicBool,
}

impl Standing {
    pub(super) fn is_program(&self) -> bool {
        self.is_program.load(Ordering::Relaxed)
    }
}

/// What the program has.
#[derive(Debug)]
struct History {
    /// Number of the token that it was handed last.
    handed: Option<u64>,
    /// Until when the checks so far would have lasted, one each pause.
    checks_until: BootTime,
}

/// What Box said of a token when it was last asked.
#[derive(Clone, Copy, Debug, Default)]
struct Verdict {
    generation: u64,
    is_refused: bool,
}

/// Answers one request.
pub(super) async fn to<T: Tokens>(
    desk: &Desk<T>,
    standing: &Standing,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match desk.renew(standing, request).await {
        Ok(token) => response(StatusCode::OK, &desk.granted(&token)),
        Err(refused) => error(&refused),
    })
}

// === impl Desk ===

impl<T: Tokens> Desk<T> {
    /// An endpoint at this port; the program has the token `known` already.
    pub(super) fn new(tokens: T, credentials: Credentials, port: u16, known: Option<u64>) -> Self {
        Self {
            tokens,
            credentials,
            host: format!("127.0.0.1:{port}"),
            history: Mutex::new(History { handed: known, checks_until: BootTime::default() }),
            verdict: tokio::sync::Mutex::default(),
            asked: AtomicU64::new(0),
            wrong_attempts: AtomicU32::new(0),
        }
    }

    async fn renew(&self, standing: &Standing, request: Request<Incoming>) -> Result<Token, Refused> {
        self.admit(&request)?;
        let (head, body) = request.into_parts();
        let too_large =
            || Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the body is too large");
        let late =
            || Refused::new(StatusCode::REQUEST_TIMEOUT, "invalid_request", "the body came too slowly");
        let body = timeout(BODY_DEADLINE, Limited::new(body, MOST_BODY).collect()).await;
        let body = body.map_err(|_elapsed| late())?.map_err(|_too_large| too_large())?.to_bytes();
        let asked = match request::read(&head.headers, &body) {
            Err(refused) if refused.status == StatusCode::UNAUTHORIZED => {
                return Err(self.wrong(refused).await);
            }
            asked => asked?,
        };
        if !self.credentials.is_client(&asked.client_id, &asked.client_secret) {
            return Err(self.wrong(Refused::client(asked.by_basic)).await);
        }
        if !self.credentials.is_refresh_token(&asked.refresh_token) {
            let description = "that is not the refresh token of this endpoint: see BOX_REFRESH_TOKEN";
            return Err(self
                .wrong(Refused::new(StatusCode::BAD_REQUEST, "invalid_grant", description))
                .await);
        }
        standing.is_program.store(true, Ordering::Relaxed);
        self.present().await.map_err(|problem| of_problem(&problem))
    }

    /// Whether the request is for us, and no page in a browser made it.
    fn admit(&self, request: &Request<Incoming>) -> Result<(), Refused> {
        let refused = |status, description: &str| Err(Refused::new(status, "invalid_request", description));
        let headers = request.headers();
        // A foreign name that was made to lead here (DNS rebinding) is in the request.
        if request.uri().authority().is_some() || !names(headers, &self.host) {
            return refused(StatusCode::MISDIRECTED_REQUEST, "use the very address of BOX_TOKEN_URL");
        }
        if OF_A_BROWSER.iter().any(|name| headers.contains_key(*name)) {
            return refused(StatusCode::FORBIDDEN, "not for pages in a browser");
        }
        if request.uri().path() != PATH {
            return refused(StatusCode::NOT_FOUND, "there is only /oauth2/token");
        }
        if request.method() != Method::POST {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "use POST");
        }
        Ok(())
    }

    /// The token that the program gets.
    async fn present(&self) -> Result<Token, Problem> {
        let asked_before = self.asked.load(Ordering::Relaxed);
        let mut token = self.tokens.token(None).await?;
        // It has this one: does it ask ahead of time, is it another process of it, or did Box refuse the token?
        let has_it = self.history().handed == Some(token.generation);
        if has_it && self.is_refused(&token, asked_before).await {
            token = self.tokens.token(Some(token.generation)).await?;
        }
        self.history().handed = Some(token.generation);
        Ok(token)
    }

    /// Whether Box refuses a token, as far as that can be learned soon. Who came while it was asked takes its word.
    async fn is_refused(&self, token: &Token, asked_before: u64) -> bool {
        let mut verdict = self.verdict.lock().await;
        let is_new = self.asked.load(Ordering::Relaxed) != asked_before;
        if is_new && verdict.generation == token.generation {
            return verdict.is_refused;
        }
        if !self.may_check() {
            return false;
        }
        let refused = timeout(CHECK_DEADLINE, self.tokens.is_refused(token)).await;
        *verdict = Verdict { generation: token.generation, is_refused: refused.unwrap_or(false) };
        self.asked.fetch_add(1, Ordering::Relaxed);
        verdict.is_refused
    }

    /// Held for a moment only.
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_check(&self) -> bool {
        let mut history = self.history();
        let now = self.tokens.boot();
        let until = history.checks_until.max(now).after(CHECK_PAUSE);
        let may = until.since(now) <= CHECK_PAUSE * CHECKS_AT_ONCE;
        if may {
            history.checks_until = until;
        }
        may
    }

    /// Makes guessing slow.
    async fn wrong(&self, refused: Refused) -> Refused {
        let before = self.wrong_attempts.fetch_add(1, Ordering::Relaxed);
        if before < LOGGED {
            tracing::warn!(
                host = self.host,
                error = refused.error,
                "a token endpoint was asked by a stranger"
            );
        }
        tokio::time::sleep(PENALTY).await;
        refused
    }

    /// The successful answer (RFC 6749 section 5.1).
    fn granted(&self, token: &Token) -> Value {
        json!({
            "access_token": token.access_token.expose(),
            "token_type": "bearer",
            // Go's oauth2 takes 0 for "never".
            "expires_in": token.expires_in_seconds.max(1),
            "refresh_token": self.credentials.refresh_token(),
        })
    }
}

/// Whether the request has one `Host`, and it is this one.
fn names(headers: &HeaderMap, expected: &str) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    matches!((hosts.next(), hosts.next()), (Some(host), None) if host.as_bytes() == expected.as_bytes())
}

/// What a program can make of a problem.
fn of_problem(problem: &Problem) -> Refused {
    let (status, error) = match problem.code {
        Code::LoginRequired | Code::ActionRequired | Code::UnknownAccount => {
            (StatusCode::BAD_REQUEST, "invalid_grant")
        }
        Code::InvalidScope => (StatusCode::BAD_REQUEST, "invalid_scope"),
        Code::Denied => (StatusCode::BAD_REQUEST, "unauthorized_client"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    };
    let description = format!("{problem}; next: {}", problem.next_step);
    Refused { retry_after: problem.retry_after_seconds, ..Refused::new(status, error, description) }
}

fn error(refused: &Refused) -> Response<Full<Bytes>> {
    let body = json!({ "error": refused.error, "error_description": fit(&refused.description) });
    let mut response = response(refused.status, &body);
    let headers = response.headers_mut();
    if refused.basic {
        let challenge = HeaderValue::from_static("Basic realm=\"boxd\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = refused.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if refused.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// The characters that a description may have (RFC 6749 section 5.2).
fn fit(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' => '\'',
            ' '..='~' if c != '\\' => c,
            _ => '?',
        })
        .collect()
}

/// An answer with the headers that keep it to itself (RFC 6749 section 5.1).
fn response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    const HEADERS: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let text = Zeroizing::new(body.to_string());
    let mut response = Response::new(Full::from(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
