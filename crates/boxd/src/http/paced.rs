//! A stream with deadlines: a client must finish the head that it began, and take the answers that it asked for.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use super::{
    progress::{Phase, Progress},
    rewound::Rewound,
};
use crate::{passthrough::LONGEST_STANDSTILL, server::Limits};

/// A stream that the connection itself can look at, too.
pub(super) type Line<IO> = Arc<Mutex<Rewound<IO>>>;

#[derive(Debug)]
pub(super) struct Paced<IO> {
    line: Line<IO>,
    progress: Arc<Progress>,
    receive: Deadline,
    send: Deadline,
    /// The client's end has been seen, and will be told at the next look.
    ended: bool,
}

/// A span that begins when it is first waited for, so that nearly every request does without a timer.
#[derive(Debug)]
struct Deadline {
    within: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Only the connection's own task takes this lock.
pub(super) fn held<IO>(line: &Mutex<Rewound<IO>>) -> MutexGuard<'_, Rewound<IO>> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl Deadline ===

impl Deadline {
    fn new(within: Duration) -> Self {
        Self { within, timer: None }
    }

    fn lift(&mut self) {
        self.timer = None;
    }

    /// What is waited for has not come: an error once it took too long.
    fn wait<T>(
        &mut self,
        at_least: Duration,
        context: &mut Context<'_>,
        what: &'static str,
    ) -> Poll<io::Result<T>> {
        let within = self.within.max(at_least);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(within)));
        timer.as_mut().poll(context).map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, what)))
    }
}

// === impl Paced ===

impl<IO> Paced<IO> {
    pub(super) fn new(line: Line<IO>, progress: Arc<Progress>, limits: &Limits) -> Self {
        let (receive, send) = (Deadline::new(limits.receive), Deadline::new(limits.send));
        Self { line, progress, receive, send, ended: false }
    }

    /// What became of a write: the client has the deadline for all that is gathered at a time.
    fn after_write(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            // A person may page through what Box sends.
            let at_least = if self.progress.is_passing() { LONGEST_STANDSTILL } else { Duration::ZERO };
            return self.send.wait(at_least, context, "the client did not take its answer in time");
        }
        written
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Paced<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.ended || this.progress.is(Phase::Awaiting) && this.progress.seat().is_ending() {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut *held(&this.line)).poll_read(context, buffer);
        if read.is_pending() {
            if this.progress.is(Phase::Receiving) {
                return this.receive.wait(
                    Duration::ZERO,
                    context,
                    "the client did not finish the head of a request in time",
                );
            }
            this.receive.lift();
            return Poll::Pending;
        }
        ready!(read)?;
        if buffer.filled().len() == before {
            // hyper gives a request up whose client has closed its half, as one that has gone away does. Told a
            // moment later, it sends what memory could answer at once (`printf … | nc -N`).
            this.ended = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.progress.is(Phase::Awaiting) {
            this.progress.receiving();
            this.receive.lift();
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Paced<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *held(&self.line)).poll_write(context, bytes);
        self.after_write(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *held(&self.line)).poll_write_vectored(context, slices);
        self.after_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        held(&self.line).is_write_vectored()
    }

    /// hyper flushes when all that it has gathered was written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut *held(&self.line)).poll_flush(context);
        ready!(flushed)?;
        self.send.lift();
        if self.progress.is(Phase::Answered) || self.progress.is(Phase::Passed) {
            self.progress.awaiting();
            if self.progress.seat().is_ending() || held(&self.line).has_begun() {
                // hyper looks for a next request only when something comes from the system.
                context.waker().wake_by_ref();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *held(&self.line)).poll_shutdown(context)
    }
}
