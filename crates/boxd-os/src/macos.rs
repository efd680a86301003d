//! macOS: sockets of launchd, the process behind a socket, and this machine's id.
#![expect(unsafe_code, reason = "there is no safe interface for what stands here")]

mod launchd;
mod machine;
mod peer;

pub use launchd::{NotActivated, sockets};
pub use machine::host_uuid;
pub use peer::process_id;
