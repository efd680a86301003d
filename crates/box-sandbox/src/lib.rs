//! An emulator of Box's OAuth 2.0 endpoints.

mod clock;
mod duration;
pub mod fault;
mod http;
pub mod journal;
pub mod oauth;
mod tls;

pub use clock::Clock;
pub use duration::parse_seconds;
pub use http::serve;
pub use oauth::{Lifetimes, Mint, Mood, OldToken, Provider, Replay};
pub use tls::Tls;
