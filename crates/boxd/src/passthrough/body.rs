//! Bodies on their way through: piece by piece, at the pace of the slower side, and never whole in memory.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep_until};

use super::{
    progress::{LONGEST_STANDSTILL, Progress},
    ways::Place,
};
use crate::box_api::describe;

/// The body of a client's call, for Box. Trailers stay here: they are between two neighbours.
#[derive(Debug)]
pub(super) struct CallBody<B> {
    inner: B,
    progress: Progress,
}

/// The body of Box's answer, for the client. Where it is dropped early, the connection to Box ends.
#[derive(Debug)]
pub struct AnswerBody {
    inner: reqwest::Body,
    progress: Progress,
    /// Set when there was nothing to pass on for the first time.
    timer: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

/// The answer broke off: what has come of it is not all of it.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The connection ended.
    #[error("Box's answer broke off: {0}")]
    Lost(String),
    /// Nothing came for too long.
    #[error("nothing more of Box's answer came for {} s", LONGEST_STANDSTILL.as_secs())]
    Stalled,
}

impl<B> CallBody<B> {
    pub(super) fn new(inner: B, progress: Progress) -> Self {
        Self { inner, progress }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for CallBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        loop {
            match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                Some(Ok(frame)) if !frame.is_data() => {}
                next => {
                    this.progress.made();
                    return Poll::Ready(next);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl AnswerBody {
    pub(super) fn new(inner: reqwest::Body, progress: Progress, place: Place) -> Self {
        Self { inner, progress, timer: None, _place: place }
    }

    /// One that is here whole.
    #[cfg(test)]
    pub(crate) fn whole(bytes: Bytes, ways: &super::Ways, peer: crate::peer::Peer) -> Self {
        Self::new(bytes.into(), Progress::new(), ways.enter(peer).unwrap())
    }

    /// Whether nothing has moved for too long; wakes the task when that may be so.
    fn poll_standstill(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let progress = &self.progress;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(progress.end())));
        loop {
            ready!(timer.as_mut().poll(context));
            if self.progress.is_over() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(self.progress.end());
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = self.get_mut();
        loop {
            match Pin::new(&mut this.inner).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) if !frame.is_data() => {}
                Poll::Ready(Some(Ok(frame))) => {
                    this.progress.made();
                    return Poll::Ready(Some(Ok(frame)));
                }
                Poll::Ready(Some(Err(error))) => {
                    let broken = Broken::Lost(describe(error));
                    tracing::warn!("{broken}");
                    return Poll::Ready(Some(Err(broken)));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    ready!(this.poll_standstill(context));
                    return Poll::Ready(Some(Err(Broken::Stalled)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
