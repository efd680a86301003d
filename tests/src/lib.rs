//! Starts the real binaries for end-to-end tests and the demo.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a harness that cannot start its programs has nothing to return: it panics, and says where"
)]

pub mod binaries;
pub mod browser;
pub mod curl;
pub mod daemon;
#[cfg(unix)]
pub mod guest;
pub mod http;
pub mod keyring;
pub mod proxy;
pub mod relay;
pub mod sandbox;

pub use binaries::Binaries;
pub use browser::Browser;
pub use daemon::{Daemon, Outcome};
pub use keyring::Keyring;
pub use proxy::Proxy;
pub use relay::Relay;
pub use sandbox::Sandbox;
