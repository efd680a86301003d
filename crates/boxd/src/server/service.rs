//! The seam between the socket and what answers requests.

use std::{fmt, pin::Pin, sync::Arc};

use boxd_proto::{Problem, Request, Response};
use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;

use crate::passthrough::{self, AnswerBody, Call};
use crate::peer::Caller;

/// What answers requests; each connection's task holds a clone.
///
/// The future of [`Service::call`] is polled by the connection's own task: a request that memory can answer is
/// answered in that first poll, without a switch of tasks. The future is dropped when its client goes away or
/// when the server ends, so it must hold nothing that may not be dropped at an await.
pub trait Service: Clone + Send + Sync + 'static {
    /// Answers one request, or denies it to a peer that may not make it.
    fn call(&self, caller: &Arc<Caller>, request: Request) -> impl Future<Output = Reply> + Send;

    /// Passes a call through to Box's API, or denies it likewise; the body of the answer may stream for long. Unless said
    /// otherwise none is.
    fn pass<B: passthrough::Stream>(
        &self,
        _caller: &Arc<Caller>,
        _call: Call<B>,
    ) -> impl Future<Output = Result<hyper::Response<AnswerBody>, Problem>> + Send {
        std::future::ready(Err(passthrough::problems::off()))
    }
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
    /// Frames both ways at the same time.
    Exchange(Exchange),
}

/// An answer that may begin before its request has ended.
pub struct Exchange {
    /// Takes the body that the client sends after its request; `None` where none follows. It is read no faster than
    /// it is taken, and what nobody takes any more is thrown away.
    pub incoming: Option<mpsc::Sender<Part>>,
    /// The answer. Where it ends before the body, the connection ends after it.
    pub responses: Pin<Box<dyn Stream<Item = Response> + Send>>,
}

/// A piece of a request's body.
#[derive(Debug)]
pub struct Part {
    /// The piece.
    pub bytes: Bytes,
    /// The body ends with it. Where the sender is dropped before, the body is not whole.
    pub last: bool,
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
            Self::Exchange(_) => f.write_str("Exchange(..)"),
            Self::Stream(_) => f.write_str("Stream(..)"),
        }
    }
}
