//! The holder of a token or grant.

use super::id::{ClientId, UserId};
use super::scope::Scopes;

/// For whom a token speaks, to which app, and what it is narrowed to (nothing: all that the app has).
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) client: ClientId,
    pub(super) user: UserId,
    pub(super) scope: Scopes,
}
