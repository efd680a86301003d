//! The numbers that grants, users and clients go by.

use serde::{Deserialize, Serialize};

/// Number of a grant, counted from 1.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct GrantId(u64);

impl GrantId {
    /// The id after `before` others.
    pub(super) fn nth(before: usize) -> Self {
        Self(u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

/// Number of a user; decimal, as a string, in JSON.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String")]
pub struct UserId(pub(super) u64);

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0.to_string()
    }
}

/// Place of a client in the order of registration.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct ClientId(pub(super) usize);

impl ClientId {
    /// Counted from 1.
    pub(super) fn number(self) -> u64 {
        u64::try_from(self.0).unwrap_or(u64::MAX).saturating_add(1)
    }
}
