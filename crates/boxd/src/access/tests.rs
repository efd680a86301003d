//! Every request, every kind of peer.

mod table;
mod units;
