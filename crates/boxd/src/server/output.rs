//! Answers on their way out: gathered, then written in one go.

use std::{future::poll_fn, io, pin::Pin, task::Poll, time::Duration};

use boxd_proto::{Code, FRAME_HEADER, MAX_FRAME, Problem, Response, encode};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroize as _;

/// What a connection keeps while nothing happens; an answer with a token fits.
const AT_REST: usize = 512;
/// From this size on, what was gathered is written before more is added.
const ENOUGH: usize = 16 * 1024;
/// What was gathered before, and a frame of the largest size.
const WIDE: usize = ENOUGH + FRAME_HEADER + MAX_FRAME;

/// Frames to write. They hold tokens: what was written, or is dropped, is overwritten. Pieces of Box's answers are
/// not: overwriting takes longer than sending them.
#[derive(Debug)]
pub(super) struct Output {
    bytes: Vec<u8>,
    holds_ours: bool,
    /// Large frames come one after the other: the room for one is kept.
    is_wide: bool,
}

// === impl Output ===

impl Output {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), holds_ours: false, is_wide: false }
    }

    /// Adds bytes that are no frame.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.prepare();
        self.holds_ours = true;
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds one frame. One that is too large is replaced by the error that says so, and `false` is returned.
    pub(super) fn push_frame(&mut self, response: &Response) -> bool {
        self.prepare();
        self.holds_ours |= !matches!(response, Response::ApiBody(_));
        let Err(error) = encode(response, &mut self.bytes) else { return true };
        let problem = Problem {
            code: Code::Internal,
            detail: format!("the answer cannot be sent: {error}"),
            account: None,
            next_step: "report this as a fault of boxd".into(),
            retry_after_seconds: None,
        };
        if encode(&Response::Error(problem), &mut self.bytes).is_err() {
            tracing::error!("an error report of constant size does not fit into a frame");
        }
        false
    }

    /// Keeps room for the largest frame from now on.
    pub(super) fn widen(&mut self) {
        self.is_wide = true;
    }

    /// Ends what `widen` began.
    pub(super) fn narrow(&mut self) {
        self.is_wide = false;
    }

    /// Whether it is time to write.
    pub(super) fn is_enough(&self) -> bool {
        self.bytes.len() >= ENOUGH
    }

    /// Writes all of it; the client has `within` to take it.
    pub(super) async fn send(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        within: Duration,
    ) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        // Nearly always the system takes everything at once, and no timer is needed.
        let written = self.send_at_once(stream).await?;
        if let Some(rest) = self.bytes.get(written..).filter(|rest| !rest.is_empty()) {
            tokio::time::timeout(within, stream.write_all(rest)).await??;
        }
        self.clear();
        Ok(())
    }

    /// Writes what the system takes without waiting, and tells how much that was.
    pub(super) async fn send_at_once(&self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<usize> {
        poll_fn(|context| match Pin::new(&mut *stream).poll_write(context, &self.bytes) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => Poll::Ready(Ok(0)),
        })
        .await
    }

    /// Room for a usual answer from the beginning, so that no copy of a token stays where it grew out of.
    fn prepare(&mut self) {
        if self.bytes.is_empty() {
            self.bytes.reserve(if self.is_wide { WIDE } else { AT_REST });
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.holds_ours) {
            self.bytes.as_mut_slice().zeroize();
        }
        self.bytes.clear();
        if self.bytes.capacity() > ENOUGH && !self.is_wide {
            self.bytes = Vec::new();
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}
