//! Revocation (RFC 7009; Box: guides/authentication/tokens/revoke): a token ends with its grant, or alone without one.

use super::error::OAuthError;
use super::form::Form;
use super::id::ClientId;
use super::journal::Cause;
use super::provider::{Owner, Provider};

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
        Some(Owner::Bare) => provider.bare.kill(now, value, cause, &mut provider.journal),
        None => return false,
    }
    true
}
