//! A stream of which some bytes were read before their turn: they come first.

use std::{
    io::{self, IoSlice},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::server::Input;

#[derive(Debug)]
pub(super) struct Rewound<IO> {
    begun: Input,
    stream: IO,
}

impl<IO> Rewound<IO> {
    pub(super) fn new(begun: Input, stream: IO) -> Self {
        Self { begun, stream }
    }

    /// Whether something is here already, which no event of the stream will tell.
    pub(super) fn has_begun(&self) -> bool {
        !self.begun.is_empty()
    }
}

impl<IO: AsyncRead + Unpin> Rewound<IO> {
    /// Ready once the client has gone; what it sends meanwhile is kept for its turn, up to a bound.
    pub(super) fn poll_departure(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.begun.may_read_ahead() {
            match ready!(pin!(self.begun.receive(&mut self.stream)).poll(context)) {
                Ok(true) => {}
                Ok(false) | Err(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Rewound<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.begun.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let pending = self.begun.pending();
        let count = pending.len().min(buffer.remaining());
        buffer.put_slice(pending.get(..count).unwrap_or_default());
        self.begun.take(count);
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Rewound<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
