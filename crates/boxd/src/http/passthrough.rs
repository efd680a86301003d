//! The seam to Box's API: everything below two prefixes is one handler's, with its body as it streams.

use hyper::{Response, body::Incoming, http::request::Parts};

use super::{ask::Ask, body::Body, dispatch, refusal::Refusal};
use crate::server::Service;

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

    /// What comes before the path at Box.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Api => "/v1/api/",
            Self::Upload => "/v1/upload/",
        }
    }
}

/// Answers a request below a prefix, whatever its method; where it came from is checked already. The body is not
/// read yet, and what is given back may stream ([`Body::stream`]); deadlines while it is read are the handler's.
#[expect(clippy::unused_async, reason = "passing a request on will wait for Box")]
pub(super) async fn answer<S: Service>(
    _ask: Ask<'_, S>,
    _upstream: Upstream,
    parts: Parts,
    _body: Incoming,
) -> Result<Response<Body>, Refusal> {
    Err(dispatch::not_found(parts.uri.path()))
}
