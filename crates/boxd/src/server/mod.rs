//! The local socket: accepts clients, keeps their limits, and speaks the native protocol.
