//! Response bodies that can come slowly, end early or not seem to end.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::Sleep;

use super::App;
use crate::oauth::Flight;

/// The connection is cut here; hyper closes it when it meets this error.
#[derive(Debug)]
pub(super) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("cut by a fault")
    }
}

impl std::error::Error for Cut {}

/// Counts a spend as in flight for as long as it lives.
pub(super) struct InFlight {
    app: Rc<App>,
    flight: Option<Flight>,
}

impl InFlight {
    pub(super) fn new(app: Rc<App>, flight: Flight) -> Self {
        Self { app, flight: Some(flight) }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            self.app.with(|provider, _| provider.end_flight(flight));
        }
    }
}

enum Pace {
    Whole,
    /// After what is there, one pause so that it is flushed, then the cut.
    CutAfter {
        flushed: bool,
    },
    Pieces {
        size: usize,
        pause: Duration,
        sleep: Pin<Box<Sleep>>,
    },
    /// So many spaces first.
    Padded {
        spaces: u64,
    },
}

pub(super) struct Body {
    left: Bytes,
    pace: Pace,
    in_flight: Option<InFlight>,
}

impl Body {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { left: bytes, pace: Pace::Whole, in_flight: None }
    }

    pub(super) fn cut_after(bytes: Bytes) -> Self {
        Self { pace: Pace::CutAfter { flushed: false }, ..Self::whole(bytes) }
    }

    pub(super) fn in_pieces(bytes: Bytes, size: usize, pause: Duration) -> Self {
        let sleep = Box::pin(tokio::time::sleep(pause));
        Self { pace: Pace::Pieces { size: size.max(1), pause, sleep }, ..Self::whole(bytes) }
    }

    pub(super) fn padded(bytes: Bytes, spaces: u64) -> Self {
        Self { pace: Pace::Padded { spaces }, ..Self::whole(bytes) }
    }

    pub(super) fn hold(&mut self, in_flight: Option<InFlight>) {
        self.in_flight = in_flight;
    }

    fn rest(&mut self) -> Option<Bytes> {
        (!self.left.is_empty()).then(|| std::mem::take(&mut self.left))
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        /// Large enough to be quick, small enough not to matter.
        const SPACES: &[u8] = &[b' '; 16 * 1024];
        match &mut self.pace {
            Pace::CutAfter { flushed } => {
                if !self.left.is_empty() {
                    return Poll::Ready(self.rest().map(Ok));
                }
                if std::mem::replace(flushed, true) {
                    return Poll::Ready(Some(Err(Cut)));
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Pace::Pieces { size, pause, sleep } => {
                if self.left.is_empty() {
                    return Poll::Ready(None);
                }
                ready!(sleep.as_mut().poll(cx));
                let piece = self.left.split_to((*size).min(self.left.len()));
                sleep.set(tokio::time::sleep(*pause));
                Poll::Ready(Some(Ok(piece)))
            }
            Pace::Whole | Pace::Padded { spaces: 0 } => Poll::Ready(self.rest().map(Ok)),
            Pace::Padded { spaces } => {
                let length = usize::try_from(*spaces).unwrap_or(usize::MAX).min(SPACES.len());
                *spaces -= u64::try_from(length).unwrap_or(*spaces);
                Poll::Ready(Some(Ok(Bytes::from_static(SPACES.get(..length).unwrap_or(SPACES)))))
            }
        }
    }

    fn bytes_left(&self) -> Option<u64> {
        let left = u64::try_from(self.left.len()).ok()?;
        match self.pace {
            Pace::Whole | Pace::Pieces { .. } => Some(left),
            Pace::Padded { spaces } => spaces.checked_add(left),
            // Unknown on purpose: the header says what it wants.
            Pace::CutAfter { .. } => None,
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let body = self.get_mut();
        let next = ready!(body.poll_bytes(cx));
        // The spend is over before its last byte can be seen by the client, who may at once begin the next.
        if body.bytes_left().is_none_or(|left| left == 0) {
            body.in_flight = None;
        }
        Poll::Ready(next.map(|result| result.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes_left() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.bytes_left().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
