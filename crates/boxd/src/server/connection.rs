//! One connection of the native protocol, from its hello to its end; one that begins as HTTP is handed over.

mod exchange;

use std::{
    future::poll_fn,
    io,
    ops::Range,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use boxd_proto::{
    Code, DecodeError, HELLO_LEN, Hello, MAGIC, NotNative, Problem, Request, Response, choose, decode,
};
use futures_util::{Stream, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::error::Elapsed,
};

use super::{
    Server,
    admission::Seat,
    input::Input,
    output::Output,
    service::{Reply, Service},
};
use crate::{http, peer::Caller};

/// After so long without an event a stream shows that it lives, and learns whether its client does.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A client's end of a connection, with what came from it and what goes to it.
#[derive(Debug)]
struct Line<IO> {
    stream: IO,
    input: Input,
    output: Output,
}

/// Why a connection ended before its time.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("it began as HTTP")]
    Http,
    #[error("the client did not keep to HTTP, stalled, or went away in the middle: {0}")]
    InHttp(#[from] hyper::Error),
    #[error(transparent)]
    NotNative(#[from] NotNative),
    #[error("no protocol version in common: the client speaks {min} to {max}")]
    Version { min: u8, max: u8 },
    #[error("the client did not finish its hello or frame in time")]
    Stalled(#[from] Elapsed),
    #[error("the client sent a frame that is no request")]
    Malformed,
    #[error("the client went away in the middle")]
    Gone,
    #[error("the answer did not wait for the end of the request's body")]
    Unfinished,
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
}

/// Serves one connection until the client ends it, breaks the rules, or the server ends.
pub(super) async fn serve<S: Service>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    caller: Arc<Caller>,
    seat: Seat,
    server: Arc<Server<S>>,
) {
    let peer = caller.peer;
    let mut line = Line { stream, input: Input::new(), output: Output::new() };
    // Both boxed: a connection of one protocol need not have room for the other.
    let mut end = Box::pin(converse(&mut line, &caller, &seat, &server)).await;
    if let Err(Fault::Http) = end {
        server.counters.http.up();
        caller.found_to_speak_http();
        end =
            Box::pin(http::serve(line.stream, line.input, &caller, seat, &server)).await.map_err(Fault::from);
    }
    if let Err(fault) = end {
        match fault {
            // It was answered.
            Fault::Unfinished => server.counters.served.up(),
            _ => server.counters.faults.up(),
        }
        tracing::debug!(uid = peer.uid, pid = peer.pid, %fault, "a connection ended");
    }
}

/// Tells a client without a seat why it is not served.
pub(super) async fn refuse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    problem: Problem,
    within: Duration,
) -> Result<(), Fault> {
    let mut line = Line { stream, input: Input::new(), output: Output::new() };
    let refusal = async {
        // To answer a client before it has written would fail its write, and it would never read why.
        match line.greeting().await {
            Ok(()) => {}
            Err(Fault::Http) => return Ok(http::refuse(line.stream, line.input, &problem).await?),
            Err(fault) => return Err(fault),
        }
        line.output.push_frame(&Response::Error(problem));
        line.output.send_at_once(&mut line.stream).await?;
        Ok(())
    };
    tokio::time::timeout(within, refusal).await?
}

async fn converse<S: Service>(
    line: &mut Line<impl AsyncRead + AsyncWrite + Unpin>,
    caller: &Arc<Caller>,
    seat: &Seat,
    server: &Server<S>,
) -> Result<(), Fault> {
    let limits = &server.limits;
    let greeting = tokio::time::timeout(limits.receive, line.greeting()).await;
    if let Err(fault) = greeting.map_err(Fault::from).flatten() {
        // The answer to a hello in another version.
        line.output.send(&mut line.stream, limits.send).await?;
        return Err(fault);
    }
    while !server.admission.is_ending() {
        match line.input.frame().and_then(|frame| frame.map(|body| line.request(body)).transpose()) {
            Ok(Some(request)) => {
                seat.busy();
                line.answer(caller, seat, request, server).await?;
                server.counters.served.up();
                if line.output.is_enough() {
                    line.output.send(&mut line.stream, limits.send).await?;
                }
            }
            Ok(None) => {
                line.output.send(&mut line.stream, limits.send).await?;
                seat.idle();
                if !line.next_frame(limits.receive).await? {
                    return Ok(());
                }
            }
            Err(error) => {
                line.output.push_frame(&Response::Error(bad_request(&error)));
                line.output.send(&mut line.stream, limits.send).await?;
                return Err(Fault::Malformed);
            }
        }
    }
    Ok(line.output.send(&mut line.stream, limits.send).await?)
}

// === impl Line ===

impl<IO: AsyncRead + AsyncWrite + Unpin> Line<IO> {
    /// Takes the client's hello and prepares the answer to it.
    async fn greeting(&mut self) -> Result<(), Fault> {
        let hello = loop {
            let begun = self.input.pending();
            if begun.first().is_some_and(u8::is_ascii) {
                return Err(Fault::Http);
            }
            if begun.iter().zip(MAGIC).any(|(sent, expected)| *sent != expected) {
                return Err(NotNative.into());
            }
            if let Some(hello) = begun.first_chunk::<HELLO_LEN>() {
                break Hello::from_bytes(*hello)?;
            }
            if !self.input.receive(&mut self.stream).await? {
                return Err(Fault::Gone);
            }
        };
        self.input.take(HELLO_LEN);
        let reply = choose(hello);
        self.output.push(&reply.to_bytes());
        if reply.chosen == 0 {
            return Err(Fault::Version { min: hello.min, max: hello.max });
        }
        Ok(())
    }

    /// The request in the first frame, which is taken.
    fn request(&mut self, body: Range<usize>) -> Result<Request, DecodeError> {
        let end = body.end;
        let request = decode(self.input.pending().get(body).unwrap_or_default());
        self.input.take(end);
        request
    }

    /// Waits for a whole frame: for ever for its first byte, then as long as allowed. `false` at the end.
    async fn next_frame(&mut self, within: Duration) -> Result<bool, Fault> {
        if self.input.is_empty() && !self.input.receive(&mut self.stream).await? {
            return Ok(false);
        }
        if !matches!(self.input.frame(), Ok(None)) {
            return Ok(true);
        }
        let rest = async {
            while matches!(self.input.frame(), Ok(None)) {
                if !self.input.receive(&mut self.stream).await? {
                    return Err(Fault::Gone);
                }
            }
            Ok(true)
        };
        tokio::time::timeout(within, rest).await?
    }

    /// Answers one request into the output.
    async fn answer<S: Service>(
        &mut self,
        caller: &Arc<Caller>,
        seat: &Seat,
        request: Request,
        server: &Server<S>,
    ) -> Result<(), Fault> {
        let mut call = pin!(server.call(caller, request));
        let reply = if let Some(reply) = poll_once(call.as_mut()).await {
            reply
        } else {
            // Earlier answers must not wait for this one.
            self.output.send(&mut self.stream, server.limits.send).await?;
            tokio::select! {
                biased;
                reply = call => reply,
                fault = self.departure() => return Err(fault),
            }
        };
        match reply {
            Reply::One(response) => {
                self.output.push_frame(&response);
            }
            Reply::Many(responses) => {
                for response in responses {
                    if !self.output.push_frame(&response) {
                        break;
                    }
                    if self.output.is_enough() {
                        self.output.send(&mut self.stream, server.limits.send).await?;
                    }
                }
            }
            // Boxed: a connection that asks for tokens need not have room for a call.
            Reply::Exchange(exchange) => Box::pin(self.exchange(exchange)).await?,
            Reply::Stream(responses) => self.stream(seat, responses, server.limits.send).await?,
        }
        Ok(())
    }

    /// Sends what comes until there is no more of it. Meanwhile the connection counts as idle: when the server ends,
    /// or needs the room, it may go.
    async fn stream(
        &mut self,
        seat: &Seat,
        mut responses: Pin<Box<dyn Stream<Item = Response> + Send>>,
        within: Duration,
    ) -> Result<(), Fault> {
        loop {
            let next = if let Some(next) = poll_once(pin!(responses.next())).await {
                next
            } else {
                self.output.send(&mut self.stream, within).await?;
                seat.idle();
                tokio::select! {
                    biased;
                    next = responses.next() => next,
                    fault = self.departure() => return Err(fault),
                    () = tokio::time::sleep(HEARTBEAT) => Some(Response::Heartbeat),
                }
            };
            let Some(response) = next else { return Ok(()) };
            seat.busy();
            if !self.output.push_frame(&response) {
                return Ok(());
            }
            if self.output.is_enough() {
                self.output.send(&mut self.stream, within).await?;
            }
        }
    }

    /// Resolves when the client goes away; what it sends meanwhile is kept for its turn.
    async fn departure(&mut self) -> Fault {
        while self.input.may_read_ahead() {
            match self.input.receive(&mut self.stream).await {
                Ok(true) => {}
                Ok(false) => return Fault::Gone,
                Err(error) => return error.into(),
            }
        }
        // A client that has sent this much ahead is looked at again when its turn comes.
        std::future::pending().await
    }
}

/// The future's output, if it is ready at once.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn bad_request(error: &DecodeError) -> Problem {
    Problem {
        code: Code::BadRequest,
        detail: error.to_string(),
        account: None,
        next_step: "use a client of this daemon's version".into(),
        retry_after_seconds: None,
    }
}
