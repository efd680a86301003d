//! The binary as its users see it: over TCP, from its ready line on.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml exempts test functions, but not what they call"
)]

mod client;
mod console;
mod control;
mod errors;
mod exchange;
mod faults;
mod files;
mod jwt;
mod login;
mod moods;
mod server_grants;
mod start;
