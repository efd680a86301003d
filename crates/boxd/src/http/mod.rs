//! HTTP/1.1 with JSON on the same socket, for programs in any language.
//!
//! hyper reads and writes the messages; `paced` keeps the deadlines below it, `dispatch` answers above it. What is
//! served where is said once, in `routes`: dispatch, `Allow`, the parameters and the `OpenAPI` document go by it.
//! Requests are answered by the same [`Server::call`](crate::server) as those of the native protocol.

mod accept;
mod answer;
mod ask;
mod body;
mod connection;
mod counts;
mod dispatch;
mod document;
mod events;
mod health;
mod metrics;
mod paced;
mod passthrough;
mod payload;
mod progress;
mod provenance;
mod query;
mod refusal;
mod rewound;
mod routes;
mod status;
mod token;
mod wish;

pub(crate) use connection::{refuse, serve};
pub use counts::HttpCounts;
pub(crate) use events::LastTold;
