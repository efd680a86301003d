//! stub: the specification comes from branch `proto`.
#![forbid(unsafe_code)]
#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::restriction)]
pub mod message;
pub mod error;
pub mod secret;
pub use message::*;
pub use error::*;
pub use secret::*;
