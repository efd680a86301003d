//! `/metrics`: what Prometheus reads.

use boxd_proto::{Request, Response as Message};
use bytes::Bytes;
use hyper::Response;

use super::{answer, ask::Ask, body::Body, refusal::Refusal, routes::METRICS};
use crate::server::Service;

/// The text, made piece by piece.
pub(super) async fn answer<S: Service>(ask: &Ask<'_, S>) -> Result<Response<Body>, Refusal> {
    let pieces = ask.many(Request::Metrics).await?.filter_map(|response| match response {
        Message::Metrics(text) => Some(Bytes::from(text)),
        _ => None,
    });
    Ok(answer::with(METRICS, Body::pieces(pieces)))
}
