//! The real boxctl against a fake daemon: verbs, formats, exit statuses, errors.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking")]

mod answers;
mod daemon;
mod exec;
mod exec_terminal;
mod failures;
mod handover;
mod login;
mod packaging;
#[cfg(target_os = "linux")]
mod service;
mod takeover;
mod terminal;
mod verbs;
mod watch;
