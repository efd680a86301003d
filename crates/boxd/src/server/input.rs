//! Bytes received and not yet understood: small while idle, never larger than what really came.

use std::{io, ops::Range};

use boxd_proto::{DecodeError, FRAME_HEADER, MAX_FRAME, frame_len};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use zeroize::Zeroize as _;

/// What a connection keeps while nothing happens; nearly every request fits.
const AT_REST: usize = 256;
/// Most bytes that are taken in advance of their turn.
const READ_AHEAD: usize = 4 * 1024;

/// A queue of bytes. Requests can hold secrets: what was taken out, or is dropped, is overwritten.
#[derive(Debug)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    /// Everything before is taken.
    start: usize,
    /// Frames of full size are expected: the room for one is kept.
    wide: bool,
}

// === impl Input ===

impl Input {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::with_capacity(AT_REST), start: 0, wide: false }
    }

    /// From now on room for a whole frame is kept, so that each is read in one go.
    pub(super) fn widen(&mut self) {
        self.wide = true;
    }

    /// Room is given back when nothing is pending.
    pub(super) fn narrow(&mut self) {
        if self.wide && self.is_empty() {
            self.bytes.zeroize();
        }
        self.wide = false;
        self.take(0);
    }

    /// What is here.
    pub(crate) fn pending(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending().is_empty()
    }

    /// The body of the first frame, if it is here whole; [`Input::take`] what is before and in it afterwards.
    /// A length that no frame may have is an error at once.
    pub(super) fn frame(&self) -> Result<Option<Range<usize>>, DecodeError> {
        let Some(header) = self.pending().first_chunk::<FRAME_HEADER>() else { return Ok(None) };
        let end = FRAME_HEADER + frame_len(*header)?;
        Ok((self.pending().len() >= end).then_some(FRAME_HEADER..end))
    }

    /// Forgets the first `count` bytes.
    pub(crate) fn take(&mut self, count: usize) {
        let end = (self.start + count).min(self.bytes.len());
        // Pieces of a body are overwritten by the next one, or at the end of all: each on its own would take longer
        // than to pass it on.
        if !self.wide {
            self.bytes.get_mut(self.start..end).unwrap_or_default().zeroize();
        }
        self.start = end;
        if self.is_empty() {
            self.bytes.clear();
            self.start = 0;
            if self.bytes.capacity() > READ_AHEAD && !self.wide {
                // All of it is overwritten already.
                self.bytes = Vec::with_capacity(AT_REST);
            }
        }
    }

    /// Reads once. Returns whether there was anything but the end. Cancelling loses nothing.
    pub(crate) async fn receive(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<bool> {
        self.make_space();
        Ok(stream.read_buf(&mut self.bytes).await? > 0)
    }

    /// Whether more may be read while a request is being answered.
    pub(crate) fn may_read_ahead(&self) -> bool {
        self.pending().len() < READ_AHEAD
    }

    /// Room for at least one more byte: what has come decides, not the length that a frame claims.
    fn make_space(&mut self) {
        const LARGEST: usize = FRAME_HEADER + MAX_FRAME + READ_AHEAD;
        let held = self.pending().len();
        if self.wide && self.bytes.capacity() >= LARGEST {
            // In place: what is left of a piece is moved to the front.
            self.bytes.drain(..self.start).for_each(drop);
            self.start = 0;
        }
        if self.bytes.len() < self.bytes.capacity() && (!self.wide || self.bytes.capacity() >= LARGEST) {
            return;
        }
        let size = if self.wide { LARGEST } else { (held * 2).clamp(AT_REST, LARGEST) }.max(held + 1);
        let mut larger = Vec::with_capacity(size);
        larger.extend_from_slice(self.pending());
        // Vec's own growth would leave a copy behind.
        self.bytes.zeroize();
        self.bytes = larger;
        self.start = 0;
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}
