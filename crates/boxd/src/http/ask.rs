//! One request to the service, made for an HTTP client.

use std::sync::Arc;

use boxd_proto::{Request, Response};
use futures_util::Stream;

use super::refusal::Refusal;
use crate::peer::Caller;
use crate::server::{Reply, Server, Service};

/// Who asks whom.
#[derive(Debug)]
pub(super) struct Ask<'s, S> {
    pub(super) server: &'s Server<S>,
    pub(super) caller: &'s Arc<Caller>,
}

impl<S: Service> Ask<'_, S> {
    /// A request that has one answer.
    pub(super) async fn one(&self, request: Request) -> Result<Response, Refusal> {
        match self.server.call(self.caller, request).await {
            Reply::One(Response::Error(problem)) => Err(problem.into()),
            Reply::One(response) => Ok(response),
            Reply::Many(_) | Reply::Stream(_) | Reply::Exchange(_) => Err(Refusal::unexpected()),
        }
    }

    /// A request that is answered by a list, made item by item; what ends it early is not told.
    pub(super) async fn many(
        &self,
        request: Request,
    ) -> Result<Box<dyn Iterator<Item = Response> + Send>, Refusal> {
        match self.server.call(self.caller, request).await {
            Reply::One(Response::Error(problem)) => Err(problem.into()),
            Reply::Many(responses) => Ok(Box::new(
                responses.take_while(|response| !matches!(response, Response::End | Response::Error(_))),
            )),
            Reply::One(_) | Reply::Stream(_) | Reply::Exchange(_) => Err(Refusal::unexpected()),
        }
    }

    /// A request that is answered for as long as the client likes.
    pub(super) async fn stream(
        &self,
        request: Request,
    ) -> Result<impl Stream<Item = Response> + Send + Unpin + use<S>, Refusal> {
        match self.server.call(self.caller, request).await {
            Reply::One(Response::Error(problem)) => Err(problem.into()),
            Reply::Stream(responses) => Ok(responses),
            Reply::One(_) | Reply::Many(_) | Reply::Exchange(_) => Err(Refusal::unexpected()),
        }
    }
}
