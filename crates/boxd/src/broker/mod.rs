//! Drives the sessions of all accounts and answers requests about them.
