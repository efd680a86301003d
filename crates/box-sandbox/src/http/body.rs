//! Response bodies that can come slowly, end early or not seem to end.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::Sleep;

use super::app::App;
use crate::fault::Endpoint;
use crate::oauth::Flight;
use crate::oauth::journal::Event;

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
}

/// Notes in the journal that an answer was not taken to its end.
pub(super) struct Unfinished {
    app: Rc<App>,
    endpoint: Endpoint,
    finished: bool,
}

impl Unfinished {
    pub(super) fn new(app: Rc<App>, endpoint: Endpoint) -> Self {
        Self { app, endpoint, finished: false }
    }

    pub(super) fn finish(&mut self) {
        self.finished = true;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            let event = Event::Abandoned { endpoint: self.endpoint, grant: None };
            self.app.with(|provider, now| provider.journal.record(now, event));
        }
    }
}

pub(super) struct Body {
    /// So many of them come first.
    spaces: u64,
    left: Bytes,
    pace: Pace,
    in_flight: Option<InFlight>,
    unfinished: Option<Unfinished>,
}

impl Body {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { spaces: 0, left: bytes, pace: Pace::Whole, in_flight: None, unfinished: None }
    }

    pub(super) fn cut_after(bytes: Bytes, spaces: u64) -> Self {
        Self { pace: Pace::CutAfter { flushed: false }, spaces, ..Self::whole(bytes) }
    }

    pub(super) fn in_pieces(bytes: Bytes, size: usize, pause: Duration) -> Self {
        let sleep = Box::pin(tokio::time::sleep(pause));
        Self { pace: Pace::Pieces { size: size.max(1), pause, sleep }, ..Self::whole(bytes) }
    }

    pub(super) fn padded(bytes: Bytes, spaces: u64) -> Self {
        Self { spaces, ..Self::whole(bytes) }
    }

    pub(super) fn watch(&mut self, unfinished: Unfinished) {
        self.unfinished = Some(unfinished);
    }

    pub(super) fn hold(&mut self, in_flight: Option<InFlight>) {
        self.in_flight = in_flight;
    }

    fn rest(&mut self) -> Option<Bytes> {
        (!self.left.is_empty()).then(|| std::mem::take(&mut self.left))
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        /// Large enough to be quick, small enough not to matter.
        const SPACES: &[u8] = &[b' '; 64 * 1024];
        if self.spaces > 0 {
            let length = usize::try_from(self.spaces).unwrap_or(usize::MAX).min(SPACES.len());
            self.spaces -= u64::try_from(length).unwrap_or(self.spaces);
            return Poll::Ready(Some(Ok(Bytes::from_static(SPACES.get(..length).unwrap_or(SPACES)))));
        }
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
            Pace::Whole => Poll::Ready(self.rest().map(Ok)),
        }
    }

    fn bytes_left(&self) -> Option<u64> {
        let left = u64::try_from(self.left.len()).ok()?;
        match self.pace {
            Pace::Whole | Pace::Pieces { .. } => self.spaces.checked_add(left),
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
        let left = body.bytes_left();
        if left.is_none_or(|left| left == 0) {
            body.in_flight = None;
        }
        if left == Some(0) || matches!(next, Some(Err(_))) {
            body.unfinished.iter_mut().for_each(Unfinished::finish);
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
