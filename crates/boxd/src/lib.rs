//! The daemon that owns Box grants: it drives `boxd-engine` with a clock, a store, Box and a socket.
pub mod account_name;
pub mod box_api;
pub mod broker;
pub mod clock;
pub mod config;
pub mod server;
pub mod store;
