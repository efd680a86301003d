//! The local socket: accepts clients, keeps their limits, and speaks the native protocol.

mod counters;
mod limits;
mod peer;
mod service;

pub use counters::{Count, Counters};
pub use limits::Limits;
pub use peer::Peer;
pub use service::{Reply, Service};
