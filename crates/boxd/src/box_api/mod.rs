//! Requests to Box: refresh, revoke, and who the user is.
