//! Each state and transition of a session, one step at a time, through its public face.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod arrivals;
mod asking;
mod bench;
mod clocks;
mod doubt;
mod fixtures;
mod journal;
mod loading;
mod logout;
mod person;
mod promises;
mod rejecting;
mod replacing;
mod server;
mod spreading;
mod waking;
