//! `grant_type=refresh_token` (RFC 6749, section 6, with Box's rotation).

use super::answer::TokenAnswer;
use super::error::OAuthError;
use super::form::Form;
use super::grant::Presented;
use super::grant_type::{GrantType, Origin};
use super::id::ClientId;
use super::provider::{Owner, Provider};

pub(super) fn issue(
    provider: &mut Provider,
    now: i64,
    form: &Form,
    client: ClientId,
) -> Result<TokenAnswer, OAuthError> {
    let refresh_token = form.get("refresh_token").ok_or(OAuthError::NO_REFRESH_TOKEN)?;
    let Some(Owner::Refresh(id)) = provider.owners.get(refresh_token).copied() else {
        return Err(OAuthError::DEAD_REFRESH_TOKEN);
    };
    let mood = provider.mood;
    let grant = provider.grants.get_mut(&id).filter(|grant| grant.holder.client == client);
    let grant = grant.ok_or(OAuthError::DEAD_REFRESH_TOKEN)?;
    let holder = grant.holder.clone();
    let presented = grant.presented(refresh_token, now, mood);
    let pair = match presented {
        Presented::Dead | Presented::Expired => {
            grant.rejections += 1;
            return Err(match presented {
                Presented::Expired => OAuthError::EXPIRED_REFRESH_TOKEN,
                _ => OAuthError::DEAD_REFRESH_TOKEN,
            });
        }
        Presented::Replayed => grant.replay(&mut |change| provider.journal.record(now, change.of(id))),
        Presented::Newest => {
            let origin = Origin::Grant(GrantType::RefreshToken);
            let refresh = provider.mint_refresh(now, id, origin, &holder);
            let access = provider.mint_access(now, id, origin, &holder);
            let grant = provider.grants.get_mut(&id).ok_or(OAuthError::DEAD_REFRESH_TOKEN)?;
            grant.rotate(refresh, access, mood, &mut |change| provider.journal.record(now, change.of(id)))
        }
    };
    let access = pair.access.as_ref().ok_or(OAuthError::DEAD_REFRESH_TOKEN)?;
    Ok(TokenAnswer::new(access, Some(&pair.refresh), now))
}
