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

mod api;
mod client;
mod deadline;
mod error;
mod identity;
mod transport;
mod watch;

pub use api::{ApiAnswer, Source};
pub use boxd_proto::{
    AccountStatus, ApiHead, ApiHeader, ApiRequest, ApiRequestBody, Auth, BeginLogin, Code, Endpoints, Event,
    EventKind, GrantState, Import, ImportedCredential, Info, LoginNeeds, LoginPage, OpenTokenEndpoint, Piece,
    Problem, Rejected, Request, Response, ScopedToken, ScopedTokenRequest, Secret, Subject, Token,
    TokenEndpoint, TokenRequest, User,
    endpoint::{EndpointError, Environment, SYSTEM_SOCKET},
};
pub use client::{Client, LoginStep};
pub use error::Error;
pub use watch::{OpenEndpoint, Watch};
