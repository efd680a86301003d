//! Access tokens of Box from `boxd`, the daemon that keeps them alive: a blocking client.
//!
//! - [`Client`]: a connection, one method for each thing that can be asked. [`Client::token`] gives a token that works.
//! - [`TokenCache`], by [`Client::cached`]: the token of one account for all threads of a program that runs long.
//! - [`Watch`], by [`Client::watch`]: new tokens and states as they come, also across restarts of the daemon.
//! - [`Error`]: why something failed, what to do about it, and whether to try again.
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
//! anything is sent. [`Secret`]s show nothing when they are printed, and are wiped from memory.
//!
//! # Compatibility
//! Enums that may grow are `#[non_exhaustive]`. The structs that come and go are the messages of the native protocol:
//! their fields never change within version 1 of it, and a new version of it is a new major version of this crate.
#![forbid(unsafe_code)]

mod api;
mod audit;
mod backoff;
mod boot;
mod cache;
mod client;
mod connection;
mod cutter;
mod deadline;
mod diagnosis;
mod error;
#[cfg(unix)]
mod identity;
mod key;
mod stopper;
mod token_endpoint;
mod transport;
mod watch;

pub use api::{ApiAnswer, Source};
pub use boxd_proto::{
    AccountStatus, ApiHead, ApiHeader, ApiRequest, ApiRequestBody, AuditOutcome, AuditQuery, AuditRecord,
    AuditWay, Auth, BeginLogin, Code, Endpoints, Event, EventKind, Fingerprints, GrantState, Holder, Import,
    ImportedCredential, Info, KeySource, KeyStatus, LoginNeeds, LoginPage, MissingKey, OpenTokenEndpoint,
    Piece, Problem, Protection, Reached, Rejected, Request, Response, ScopedToken, ScopedTokenRequest,
    Secret, Subject, Token, TokenEndpoint, TokenRequest, User,
    endpoint::{EndpointError, Environment, SYSTEM_SOCKET},
};
pub use cache::TokenCache;
pub use client::{Client, LoginStep, default_socket};
pub use error::Error;
pub use stopper::Stopper;
pub use token_endpoint::OpenEndpoint;
pub use watch::{News, Outage, Watch};

/// Compiles the README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
