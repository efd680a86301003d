//! How far a connection is with its present request: what its deadlines and its seat go by.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use crate::server::Seat;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing has come of a next request: the client may take its time.
    Awaiting = 0,
    /// The head of a request has begun to come.
    Receiving = 1,
    /// A request is being answered.
    Answering = 2,
    /// The answer goes on for as long as the client likes.
    Streaming = 3,
    /// The answer is Box's: its client may be one that a person holds up.
    Passing = 5,
    /// The answer is made, but not yet with the system.
    Answered = 4,
    /// The same of an answer that is Box's.
    Passed = 6,
}

/// What the halves of one connection share: the transport below hyper and the answers above it.
#[derive(Debug)]
pub(super) struct Progress {
    seat: Seat,
    phase: AtomicU8,
}

/// One request that is being answered, until the body of the answer is dropped.
#[derive(Debug)]
pub(super) struct Answering(Arc<Progress>);

// === impl Progress ===

impl Progress {
    /// Of a connection whose first bytes are here.
    pub(super) fn new(seat: Seat) -> Arc<Self> {
        Arc::new(Self { seat, phase: AtomicU8::new(Phase::Receiving as u8) })
    }

    pub(super) fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Whether the client takes an answer of Box's, which a person may hold up.
    pub(super) fn is_passing(&self) -> bool {
        self.is(Phase::Passing) || self.is(Phase::Passed)
    }

    pub(super) fn is(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Relaxed) == phase as u8
    }

    /// The first byte of a request is here.
    pub(super) fn receiving(&self) {
        self.set(Phase::Receiving);
    }

    /// The head of a request is here.
    pub(super) fn answering(self: &Arc<Self>) -> Answering {
        self.set(Phase::Answering);
        self.seat.busy();
        Answering(Arc::clone(self))
    }

    /// The answer is with the system.
    pub(super) fn awaiting(&self) {
        self.set(Phase::Awaiting);
        self.seat.idle();
    }

    fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }
}

// === impl Answering ===

impl Answering {
    /// The answer is Box's.
    pub(super) fn passes(&self) {
        self.0.set(Phase::Passing);
    }

    /// The answer goes on for as long as the client likes: when the server ends, or needs the room, it may go.
    pub(super) fn may_go(&self) {
        self.0.set(Phase::Streaming);
        self.0.seat.idle();
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.set(if self.0.is(Phase::Passing) { Phase::Passed } else { Phase::Answered });
    }
}
