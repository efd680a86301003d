//! Revocation (RFC 7009; Box: guides/authentication/tokens/revoke): either token of a grant ends both, a token without
//! a grant ends alone.

use super::client::ClientId;
use super::{Form, OAuthError, Owner, Provider, bare};
use crate::journal::Cause;

pub(super) fn revoke(
    provider: &mut Provider,
    now: i64,
    form: &Form,
    client: ClientId,
) -> Result<(), OAuthError> {
    let value = form.get("token").ok_or(OAuthError::NO_TOKEN)?;
    // RFC 7009, sections 2.1 and 2.2: no token of this client is no error, for there is nothing left to do.
    if provider.holder_of(value).is_some_and(|holder| holder.client == client) {
        kill(provider, now, value, Cause::Revoked);
    }
    Ok(())
}

/// False where there is no such token.
pub(super) fn kill(provider: &mut Provider, now: i64, value: &str, cause: Cause) -> bool {
    match provider.owners.get(value).copied() {
        Some(Owner::Access(id) | Owner::Refresh(id)) => {
            if let Some(grant) = provider.grants.get_mut(&id)
                && grant.has_valid(value, now)
            {
                grant.end(cause, &mut |change| provider.journal.record(now, change.of(id)));
            }
        }
        Some(Owner::Bare) => bare::kill(provider, now, value, cause),
        None => return false,
    }
    true
}
