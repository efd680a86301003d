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
    /// Met behind bytes that were handed on before it.
    error: Option<io::Error>,
}

impl<IO> Rewound<IO> {
    pub(super) fn new(begun: Input, stream: IO) -> Self {
        Self { begun, stream, error: None }
    }

    /// Whether something is here already, which no event of the stream will tell.
    pub(super) fn has_begun(&self) -> bool {
        !self.begun.is_empty() || self.error.is_some()
    }
}

impl<IO: AsyncRead + Unpin> Rewound<IO> {
    /// Ready once the client has gone; what it sends meanwhile is kept for its turn, up to a bound.
    pub(super) fn poll_departure(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.error.is_some() {
            return Poll::Ready(());
        }
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
        if let Some(error) = self.error.take() {
            return Poll::Ready(Err(error));
        }
        if self.begun.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let pending = self.begun.pending();
        let count = pending.len().min(buffer.remaining());
        buffer.put_slice(pending.get(..count).unwrap_or_default());
        self.begun.take(count);
        // A body comes on: read in small pieces, it would take several times as long.
        if buffer.remaining() > 0
            && let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_read(context, buffer)
        {
            self.error = Some(error);
        }
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A stream of which some bytes were read ahead, and its client's end.
    async fn read_ahead(sent: &[u8]) -> (Rewound<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (mut client, stream) = tokio::io::duplex(64 * 1024);
        client.write_all(sent).await.unwrap();
        let mut rewound = Rewound::new(Input::new(), stream);
        let departed = poll_fn(|context| Poll::Ready(rewound.poll_departure(context).is_ready())).await;
        assert!(!departed && rewound.has_begun());
        (rewound, client)
    }

    #[tokio::test]
    async fn what_was_read_ahead_does_not_make_reads_small() {
        let (mut rewound, mut client) = read_ahead(&[1; 3]).await;
        client.write_all(&[2; 5000]).await.unwrap();
        let mut buffer = [0; 8192];
        assert_eq!(rewound.read(&mut buffer).await.unwrap(), 5003);
        assert_eq!((buffer[2], buffer[3], buffer[5002]), (1, 2, 2));
    }

    #[tokio::test]
    async fn the_end_comes_after_what_was_read_ahead() {
        let (mut rewound, client) = read_ahead(&[1; 3]).await;
        drop(client);
        let mut buffer = [0; 8192];
        assert_eq!(rewound.read(&mut buffer).await.unwrap(), 3);
        assert_eq!(rewound.read(&mut buffer).await.unwrap(), 0);
    }
}
