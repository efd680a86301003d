//! What the server has done so far, as numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::http::HttpCounts;

/// Counts since the start, except [`Counters::active`]. Read them at any time.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections open now.
    pub active: Count,
    /// Connections accepted and served.
    pub accepted: Count,
    /// Connections turned away because there were too many.
    pub refused: Count,
    /// Connections closed to make room for others.
    pub evicted: Count,
    /// Requests answered, in either protocol.
    pub served: Count,
    /// Connections that began as HTTP.
    pub http: Count,
    /// Requests answered over HTTP, by route and kind of answer.
    pub http_requests: HttpCounts,
    /// Connections ended because the client broke the protocol, stalled, or went away in the middle.
    pub faults: Count,
    /// Times that the system could not accept a connection.
    pub accept_errors: Count,
}

/// One number.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

// === impl Count ===

impl Count {
    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
