//! The body of an answer: whole, made piece by piece, or as it comes.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::progress::Answering;
use crate::passthrough::AnswerBody;

/// Why a body that comes from elsewhere breaks off.
pub(crate) type BrokenOff = Box<dyn std::error::Error + Send + Sync>;

/// A body. Dropping it ends the answer.
pub(crate) struct Body {
    content: Content,
    answering: Option<Answering>,
    /// It goes on for as long as the client likes.
    is_endless: bool,
}

enum Content {
    Whole(Bytes),
    Pieces(Box<dyn Iterator<Item = Bytes> + Send>),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, BrokenOff>> + Send>>),
    /// Box's own.
    Passed(AnswerBody),
}

// === impl Body ===

impl Body {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::of(Content::Whole(bytes.into()))
    }

    /// None, as the answer to `HEAD`, where its length is not known.
    pub(super) fn unsent() -> Self {
        Self::pieces(std::iter::empty())
    }

    /// Made when the client has taken what is before.
    pub(crate) fn pieces(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        Self::of(Content::Pieces(Box::new(pieces)))
    }

    /// Sent as it comes.
    pub(crate) fn stream(stream: impl Stream<Item = Result<Bytes, BrokenOff>> + Send + 'static) -> Self {
        Self::of(Content::Stream(Box::pin(stream)))
    }

    /// Box's own, sent as it comes: as slowly as the client likes, if only it takes some of it.
    pub(super) fn passed(body: AnswerBody) -> Self {
        Self::of(Content::Passed(body))
    }

    /// Sent as it comes, for as long as the client likes: when the server ends, or needs the room, it may go.
    pub(super) fn endless(stream: impl Stream<Item = Result<Bytes, BrokenOff>> + Send + 'static) -> Self {
        Self { is_endless: true, ..Self::stream(stream) }
    }

    fn of(content: Content) -> Self {
        Self { content, answering: None, is_endless: false }
    }

    /// Ties the request to this body, whose end is its end.
    pub(super) fn ending(mut self, answering: Answering) -> Self {
        if self.is_endless {
            answering.may_go();
        } else if matches!(self.content, Content::Passed(_)) {
            answering.passes();
        }
        self.answering = Some(answering);
        self
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match &mut self.content {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Pieces(pieces) => Poll::Ready(pieces.next().map(|piece| Ok(Frame::data(piece)))),
            Content::Stream(stream) => {
                stream.as_mut().poll_next(context).map(|next| next.map(|piece| piece.map(Frame::data)))
            }
            Content::Passed(body) => {
                Pin::new(body).poll_frame(context).map(|next| next.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_empty(),
            Content::Passed(body) => body.is_end_stream(),
            Content::Pieces(_) | Content::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Passed(body) => body.size_hint(),
            Content::Pieces(_) | Content::Stream(_) => SizeHint::default(),
        }
    }
}
