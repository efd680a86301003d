//! The seam between the socket and what answers requests.

use std::{fmt, pin::Pin};

use boxd_proto::{Request, Response};
use futures_util::Stream;

use super::peer::Peer;

/// What answers requests; each connection's task holds a clone.
///
/// The future of [`Service::call`] is polled by the connection's own task: a request that memory can answer is
/// answered in that first poll, without a switch of tasks. The future is dropped when its client goes away or
/// when the server ends, so it must hold nothing that may not be dropped at an await.
pub trait Service: Clone + Send + Sync + 'static {
    /// Answers one request of a peer that is allowed to make it.
    fn call(&self, peer: &Peer, request: Request) -> impl Future<Output = Reply> + Send;
}

/// The answer to one request.
pub enum Reply {
    /// One frame.
    One(Response),
    /// A sequence of frames, made and sent piece by piece. It ends with [`Response::End`], or with
    /// [`Response::Error`] in place of the rest.
    Many(Box<dyn Iterator<Item = Response> + Send>),
    /// Frames as they come, until the client goes away, the server ends, or the stream does.
    Stream(Pin<Box<dyn Stream<Item = Response> + Send>>),
}

// === impl Reply ===

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::One(response)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(response) => f.debug_tuple("One").field(response).finish(),
            Self::Many(_) => f.write_str("Many(..)"),
            Self::Stream(_) => f.write_str("Stream(..)"),
        }
    }
}
