//! What one request to the listener gets: only a person's own browser moves the login on.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body as _, Incoming},
    header::{self, HeaderName, HeaderValue},
};
use tokio::time::timeout;

use super::{
    attempt::{Attempt, Outcome},
    callback::{self, Answer},
    consenting::Consenting,
    page::Page,
    plan::Redeem,
    problems,
};

/// How long a page waits for the outcome: longer than the deadlines of exchange and verification together.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(3);

/// Marks of requests that a browser makes before a person wants the page.
const AHEAD_OF_TIME: [&str; 3] = ["sec-purpose", "purpose", "x-moz"];

/// Answers one request. Everything that is not the redirect of this login changes nothing.
pub(super) async fn to<R: Redeem>(
    attempt: &Arc<Attempt<R>>,
    request: Request<Incoming>,
    consenting: &Consenting,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Err(status) = admissible(attempt, &request) {
        return Ok(response(&Page::refused(status)));
    }
    let answer = match callback::of_query(request.uri().query().unwrap_or_default(), &attempt.state) {
        Ok(answer) => answer,
        Err(foreign) => return Ok(response(&Page::foreign(foreign))),
    };
    consenting.set();
    accept(attempt, answer);
    let page = match timeout(LONGEST_WAIT, attempt.outcome()).await {
        Ok(outcome) => Page::of_outcome(&attempt.account, &outcome),
        Err(_elapsed) => Page::still_working(&attempt.account),
    };
    Ok(response(&page))
}

/// Moves the login on. Where it has moved on already the request is a reload: it shows the outcome again.
pub(super) fn accept<R: Redeem>(attempt: &Arc<Attempt<R>>, answer: Answer) {
    let account = &attempt.account;
    let moved = match answer {
        Answer::Code(code) => attempt.consent(code),
        Answer::Denied => attempt.end(Outcome::Denied(problems::denied(account))),
        Answer::Error { error, description } => {
            let problem = problems::refused_by_box(account, &error, description.as_deref());
            attempt.end(Outcome::Failed(problem))
        }
    };
    if moved.is_err() {
        tracing::debug!(%account, "the page of a login was loaded again");
    }
}

/// Whether it is a person's browser on its way from Box; else what it is told.
fn admissible<R: Redeem>(attempt: &Attempt<R>, request: &Request<Incoming>) -> Result<(), StatusCode> {
    let headers = request.headers();
    // A page of a foreign name that was made to lead here (DNS rebinding) names itself.
    if request.uri().authority().is_some() || !names_us(headers, attempt) {
        return Err(StatusCode::MISDIRECTED_REQUEST);
    }
    if request.uri().path() != attempt.redirect.path() {
        return Err(StatusCode::NOT_FOUND);
    }
    if request.method() != Method::GET {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    if !request.body().is_end_stream() {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    // The code is good once: it is not for a browser that only looks ahead, nor for a page's script or image.
    let ahead = AHEAD_OF_TIME.iter().any(|name| headers.contains_key(*name));
    let navigates = headers.get("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
    if ahead || !navigates {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(())
}

/// Whether the request has one `Host`, and it is ours.
fn names_us<R: Redeem>(headers: &HeaderMap, attempt: &Attempt<R>) -> bool {
    let expected = attempt.redirect.host().authority(attempt.port);
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.as_bytes().eq_ignore_ascii_case(expected.as_bytes()),
        _ => false,
    }
}

/// A page with the headers that keep it to itself.
fn response(page: &Page) -> Response<Full<Bytes>> {
    const HEADERS: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    let mut response = Response::new(Full::from(page.html()));
    *response.status_mut() = page.status;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::try_from(Page::policy()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if page.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
    }
    response
}
