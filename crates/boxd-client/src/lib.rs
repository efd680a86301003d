//! Blocking client of `boxd`, the daemon that keeps Box access tokens alive.
//!
//! ```no_run
//! use boxd_client::{Client, TokenRequest};
//!
//! let mut client = Client::connect()?;
//! let token = client.token(&TokenRequest::default())?;
//! println!("{} seconds left", token.expires_in_seconds);
//! # Ok::<(), boxd_client::Error>(())
//! ```
//!
//! No async runtime, no HTTP, no TLS. Every call has one deadline from its first byte to its last, so a daemon
//! that stalls or drips never hangs a caller, and the server's identity is checked by the kernel's word before
//! anything is sent.
#![forbid(unsafe_code)]

mod backoff;
mod client;
mod cutter;
mod deadline;
mod error;
mod identity;
mod transport;
mod watch;

pub use boxd_proto::{
    AccountStatus, Auth, BeginLogin, Code, Endpoints, Event, EventKind, GrantState, Import,
    ImportedCredential, Info, LoginNeeds, LoginPage, Problem, Rejected, Request, Response, ScopedToken,
    ScopedTokenRequest, Secret, Subject, Token, TokenRequest, User,
    endpoint::{EndpointError, Environment, SYSTEM_SOCKET},
};
pub use client::{Client, LoginStep};
pub use error::Error;
pub use watch::{News, Outage, Stopper, Watch};
