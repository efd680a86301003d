//! One connection of HTTP, from its first byte to its end.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use boxd_proto::Problem;
use hyper::{
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    dispatch,
    paced::{Paced, held},
    progress::{Phase, Progress},
    refusal::Refusal,
    rewound::Rewound,
};
use crate::peer::Caller;
use crate::server::{Input, Seat, Server, Service};

/// Longest head of a request, in bytes; a longer one is answered with 431.
const MOST_HEAD: usize = 16 * 1024;
/// What is gathered of an answer before it is written, and of a body before it is read.
const BUFFER: usize = 64 * 1024;

/// Serves one connection until the client ends it, breaks the rules, or the server ends. `begun` is what was read
/// of it already.
pub(crate) async fn serve<S: Service>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    begun: Input,
    caller: &Arc<Caller>,
    seat: Seat,
    server: &Server<S>,
) -> hyper::Result<()> {
    let progress = Progress::new(seat);
    let line = Arc::new(Mutex::new(Rewound::new(begun, stream)));
    let stream = Paced::new(line.clone(), progress.clone(), &server.limits);
    let service = service_fn(async |request| {
        let answering = progress.answering();
        // Boxed: hyper keeps the room of this future while a connection idles or streams.
        let answer = Box::pin(dispatch::answer(server, caller, request)).await;
        server.counters.served.up();
        let mut answer = answer.map(|body| body.ending(answering));
        if progress.seat().is_ending() {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok::<_, Infallible>(answer)
    });
    let mut connection = pin!(protocol().serve_connection(TokioIo::new(stream), service));
    let end = poll_fn(|context| {
        let end = connection.as_mut().poll(context);
        // hyper does not look at a client that has sent a next request already.
        let waits = end.is_pending() && (progress.is(Phase::Answering) || progress.is(Phase::Streaming));
        if waits && held(&line).poll_departure(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        end
    });
    match end.await {
        // There is no other way to end a stream of events.
        Err(error) if error.is_incomplete_message() && progress.is(Phase::Streaming) => Ok(()),
        end => end,
    }
}

/// Answers the first request of a client without a seat with why it is not served, and closes.
pub(crate) async fn refuse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    begun: Input,
    problem: &Problem,
) -> hyper::Result<()> {
    let service = service_fn(async |_| Ok::<_, Infallible>(Refusal::from(problem.clone()).into_answer()));
    let stream = TokioIo::new(Rewound::new(begun, stream));
    protocol().keep_alive(false).serve_connection(stream, service).await
}

fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    // Deadlines are kept below hyper: its own one for the head would also end connections between two requests.
    protocol.max_header_size(MOST_HEAD).max_buf_size(BUFFER);
    protocol
}
