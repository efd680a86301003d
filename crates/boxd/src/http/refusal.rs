//! A request that is not fulfilled: RFC 9457's problem, as an answer.

use boxd_proto::{Code, Problem};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
};

use super::{answer, body::Body};

/// The media type of problems (RFC 9457).
pub(super) const PROBLEM: &str = "application/problem+json";
/// `Retry-After` where nothing better is known, in seconds.
const SOME_SECONDS: u32 = 5;

/// Why a request is not fulfilled.
#[derive(Clone, Debug)]
pub(super) struct Refusal(Box<Reason>);

#[derive(Clone, Debug)]
struct Reason {
    problem: Problem,
    status: StatusCode,
    /// The methods that the route has, where it has not this one.
    allow: Option<String>,
    /// More members of the problem.
    more: serde_json::Map<String, serde_json::Value>,
}

// === impl Refusal ===

impl Refusal {
    pub(super) fn bad_request(detail: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self::of(Code::BadRequest, detail, next_step)
    }

    pub(super) fn of(code: Code, detail: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self::from(Problem {
            code,
            detail: detail.into(),
            account: None,
            next_step: next_step.into(),
            retry_after_seconds: None,
        })
    }

    /// An answer of the service that does not belong to the request.
    pub(super) fn unexpected() -> Self {
        Self::of(
            Code::Internal,
            "the answer is not one to this request",
            "report this as a fault of boxd, with its log",
        )
    }

    /// There is such a route, but not with this method.
    pub(super) fn method(allow: String) -> Self {
        let detail = format!("this route has {allow}");
        let next_step = "use one of these methods; see /openapi.json";
        let mut refusal = Self::of(Code::MethodNotAllowed, detail, next_step);
        refusal.0.allow = Some(allow);
        refusal
    }

    /// With a more exact status than that of the code.
    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// With a further member.
    pub(super) fn with(mut self, name: &str, value: serde_json::Value) -> Self {
        self.0.more.insert(name.to_owned(), value);
        self
    }

    pub(super) fn into_answer(self) -> Response<Body> {
        let Reason { problem, status, allow, more } = *self.0;
        let retry_after = match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Some(problem.retry_after_seconds.unwrap_or(SOME_SECONDS))
            }
            _ => problem.retry_after_seconds,
        };
        let mut value = boxd_json::problem(&problem);
        if let Some(members) = value.as_object_mut() {
            members.insert("status".into(), status.as_u16().into());
            if let Some(reason) = status.canonical_reason() {
                // RFC 9457 section 4.2.1: with `about:blank` the title is that of the status.
                members.insert("title".into(), reason.into());
            }
            members.extend(more);
        }
        let mut answer = answer::text(PROBLEM, boxd_json::line(&value));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(allow) = allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            headers.insert(header::ALLOW, allow);
        }
        answer
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status = problem.code.http_status().and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self(Box::new(Reason { problem, status, allow: None, more: serde_json::Map::new() }))
    }
}
