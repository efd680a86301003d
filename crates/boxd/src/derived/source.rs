//! What derived tokens are made of: the seam to the accounts and to Box.

use std::time::Duration;

use boxd_engine::{AccessToken, BootTime, Generation, WallTime};
use boxd_proto::Problem;

use super::Restriction;
use crate::account_name::AccountName;

/// The token that a derived one is made from.
#[derive(Clone, Debug)]
pub struct Parent {
    /// The token.
    pub access: AccessToken,
    /// Its number.
    pub generation: Generation,
    /// Until when boxd promises it: what is derived from it may die with it.
    pub promised: BootTime,
}

/// A token that Box just made.
#[derive(Debug)]
pub struct Minted {
    /// The token.
    pub access: AccessToken,
    /// When it was asked for: its life counts from there.
    pub sent: BootTime,
    /// `expires_in` of Box's answer.
    pub life: Duration,
    /// `restricted_to` of Box's answer: a JSON array as text.
    pub restricted_to: Option<String>,
}

/// Why Box made none.
#[derive(Clone, Debug)]
pub enum Unminted {
    /// The parent is not valid (any more).
    ParentRejected,
    /// Box does not grant the scope; with what the caller is told.
    InvalidScope(Problem),
    /// Anything else.
    Failed(Problem),
}

/// Where parents and derived tokens come from.
pub trait Source: Clone + Send + Sync + 'static {
    /// The interval clock.
    fn boot(&self) -> BootTime;

    /// The date.
    fn wall(&self) -> WallTime;

    /// The number of the account's token that is published now.
    fn generation(&self, account: &AccountName) -> Option<Generation>;

    /// The account's own token, with at least this long to live, and not the one of generation `refused`.
    fn parent(
        &self,
        account: &AccountName,
        min_ttl: Duration,
        refused: Option<Generation>,
        until: BootTime,
    ) -> impl Future<Output = Result<Parent, Problem>> + Send;

    /// A token of another user of the account's app.
    fn mint_as(
        &self,
        account: &AccountName,
        user: &str,
    ) -> impl Future<Output = Result<Minted, Problem>> + Send;

    /// A downscoped token (RFC 8693).
    fn exchange(
        &self,
        account: &AccountName,
        parent: &AccessToken,
        restriction: &Restriction,
    ) -> impl Future<Output = Result<Minted, Unminted>> + Send;
}
