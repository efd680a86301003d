//! Revocation (RFC 7009; Box: guides/authentication/tokens/revoke): either token ends both.

use super::{Form, OAuthError, Owner, Provider};
use crate::journal::{Cause, Event, Kind};

pub(super) fn revoke(provider: &mut Provider, now: i64, form: &Form) -> Result<(), OAuthError> {
    let value = form.get("token").ok_or(OAuthError::NO_TOKEN)?;
    match provider.owners.get(value).copied() {
        Some(Owner::Access(id) | Owner::Refresh(id)) => {
            if let Some(grant) = provider.grants.get_mut(&id)
                && grant.has_valid(value, now)
            {
                grant.end(Cause::Revoked, &mut |change| provider.journal.record(now, change.of(id)));
            }
        }
        Some(Owner::Bare) => {
            if let Some(token) = provider.bare.remove(value) {
                let killed = Event::Killed {
                    grant: None,
                    kind: Kind::Access,
                    token: token.value,
                    cause: Cause::Revoked,
                };
                provider.journal.record(now, killed);
            }
        }
        // RFC 7009, section 2.2: an invalid token is no error, for there is nothing left to do.
        None => {}
    }
    Ok(())
}
