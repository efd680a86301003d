//! The daemon that owns Box grants: it drives `boxd-engine` with a clock, a store, Box and a socket.
//!
//! `run` puts the parts together; `broker` drives the sessions; `store`, `box_api` and `server` are the
//! shells towards disk, Box and clients, `login` the one towards a person's browser, `token_endpoint` the one
//! towards programs that renew by OAuth, `passthrough` between clients and Box's API; `clock` is the one place
//! that reads the time; `service_manager` is what systemd hears and hands over.

pub mod access;
pub mod account_name;
pub mod alarm;
pub mod app_settings;
pub mod assertion;
pub mod audit;
pub mod box_api;
pub mod broker;
pub mod check;
pub mod clock;
pub mod config;
mod constant_time;
pub mod derived;
pub mod drift;
mod group;
pub mod hardening;
mod http;
pub mod logging;
pub mod login;
mod metrics;
pub mod notify;
pub mod passthrough;
pub mod peer;
pub mod platform;
pub mod pulse;
pub mod run;
pub mod server;
pub mod service_manager;
pub mod signals;
pub mod store;
pub mod token_endpoint;
