//! The resource server: whom an access token stands for (`GET /2.0/users/me`).

use super::change::Change;
use super::provider::{Owner, Provider};
use super::user::User;

pub(super) fn user(provider: &mut Provider, now: i64, access_token: &str) -> Option<User> {
    let id = match provider.owners.get(access_token).copied()? {
        Owner::Refresh(_) => return None,
        Owner::Access(id) => {
            let grant = provider.grants.get_mut(&id)?;
            let mut log = |change: Change| provider.journal.record(now, change.of(id));
            grant.use_access(access_token, now, &mut log).then_some(grant.holder.user)?
        }
        Owner::Bare => provider.bare.use_access(now, access_token, &mut provider.journal)?.holder.user,
    };
    provider.directory.get(id).cloned()
}
