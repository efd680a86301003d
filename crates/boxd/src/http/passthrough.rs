//! The seam to Box's API: everything below two prefixes is one handler's, with its body as it streams.

use hyper::{
    Method, Response,
    body::{Body as _, Incoming},
    http::request::Parts,
};
use serde_json::{Map, Value, json};

use super::{ask::Ask, body::Body, refusal::Refusal};
use crate::{
    passthrough::{Call, Host, METHODS, Payload, Target, problems},
    server::Service,
};

/// Names the account: the query is Box's own.
const ACCOUNT: &str = "boxd-account";

/// To which host of Box a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upstream {
    Api,
    Upload,
}

impl Upstream {
    /// The one whose prefix a path has.
    pub(super) fn of(path: &str) -> Option<Self> {
        [Self::Api, Self::Upload].into_iter().find(|upstream| path.starts_with(upstream.prefix()))
    }

    fn host(self) -> Host {
        match self {
            Self::Api => Host::Api,
            Self::Upload => Host::Upload,
        }
    }

    /// What comes before the path at Box.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Api => "/v1/api/",
            Self::Upload => "/v1/upload/",
        }
    }
}

/// Answers a request below a prefix, whatever its method; where it came from is checked already. Bodies stream both
/// ways, and redirects go back as they are.
pub(super) async fn answer<S: Service>(
    ask: Ask<'_, S>,
    upstream: Upstream,
    parts: Parts,
    body: Incoming,
) -> Result<Response<Body>, Refusal> {
    if !METHODS.contains(&parts.method) {
        return Err(Refusal::method(allow()));
    }
    let text = parts.uri.path_and_query().map_or("", |target| target.as_str());
    // The slash at its end begins the path at Box.
    let below = text.get(upstream.prefix().len() - 1..).unwrap_or_default();
    let target = Target::parse(upstream.host(), below).map_err(problems::bad_target)?;
    let account = match parts.headers.get(ACCOUNT) {
        None => None,
        Some(name) => Some(name.to_str().map_err(|_not_text| no_name())?.to_owned()),
    };
    let payload = if body.is_end_stream() { Payload::Empty } else { Payload::Streamed(body) };
    let call = Call { account, method: parts.method, target, headers: parts.headers, payload };
    // Boxed: a connection that asks for tokens need not have room for a call.
    let response = Box::pin(ask.server.pass(ask.caller, call)).await?;
    Ok(response.map(Body::passed))
}

fn no_name() -> Refusal {
    Refusal::bad_request("Boxd-Account is no account name", "see /v1/status for the names")
}

fn allow() -> String {
    METHODS.each_ref().map(Method::as_str).join(", ")
}

/// Both prefixes as `OpenAPI` has them: whatever Box answers is an answer.
pub(super) fn described() -> impl Iterator<Item = (String, Value)> {
    [Upstream::Api, Upstream::Upload].into_iter().map(|upstream| {
        let parameter = |name| json!({ "$ref": format!("#/components/parameters/{name}") });
        let mut item = Map::new();
        item.insert("parameters".into(), json!([parameter("boxPath"), parameter("boxdAccount")]));
        for method in METHODS {
            let (verb, prefix) = (method.as_str().to_ascii_lowercase(), upstream.host().prefix());
            let (name, summary) = match upstream {
                Upstream::Api => ("Api", format!("Passes a call on to Box's API, below {prefix}")),
                Upstream::Upload => {
                    ("Upload", format!("Passes a call on to Box's upload host, below {prefix}"))
                }
            };
            let operation = json!({
                "operationId": format!("{verb}Box{name}"),
                "summary": summary,
                "responses": { "default": { "description": "Box's own answer, or a problem." } },
            });
            item.insert(verb, operation);
        }
        (format!("{}{{path}}", upstream.prefix()), item.into())
    })
}
