//! Access tokens without a refresh token: CCG, JWT, exchanged and developer tokens. Each lives and dies on its own,
//! except that an exchanged one dies with its parent.

use serde::Serialize;

use super::grant::Token;
use super::grant_type::Origin;
use super::restriction::Restriction;
use super::scope::Scopes;
use super::user::UserId;
use super::{Holder, Owner, Provider};
use crate::journal::{Cause, Event, Kind};

#[derive(Debug)]
pub(super) struct Bare {
    pub(super) token: Token,
    pub(super) holder: Holder,
    pub(super) restriction: Option<Restriction>,
    origin: Origin,
    parent: Option<String>,
    used: bool,
}

/// A token to be opened.
pub(super) struct Opening {
    pub(super) token: Token,
    pub(super) holder: Holder,
    pub(super) origin: Origin,
    /// Whose death is this token's too.
    pub(super) parent: Option<String>,
    pub(super) restriction: Option<Restriction>,
}

/// An access token without a grant, as the control API shows it.
#[derive(Debug, Serialize)]
pub struct BareView {
    token: String,
    origin: Origin,
    user: UserId,
    client_id: String,
    scope: Scopes,
    parent: Option<String>,
    expires_at: i64,
    alive: bool,
}

pub(super) fn open(provider: &mut Provider, now: i64, opening: Opening) {
    let Opening { token, holder, origin, parent, restriction } = opening;
    let value = token.value.clone();
    provider.owners.insert(value.clone(), Owner::Bare);
    provider.record_issue(now, Kind::Access, &token, None, origin, &holder, parent.as_deref());
    if let Some(parent) = &parent {
        provider.children.entry(parent.clone()).or_default().push(value.clone());
    }
    provider.bare.insert(value, Bare { token, holder, restriction, origin, parent, used: false });
}

/// A call with it; false where it is not valid.
pub(super) fn use_access(provider: &mut Provider, now: i64, value: &str) -> bool {
    let Some(bare) = provider.bare.get_mut(value).filter(|bare| bare.token.is_valid(now)) else {
        return false;
    };
    let first = !std::mem::replace(&mut bare.used, true);
    let used = Event::Used { grant: None, kind: Kind::Access, token: value.to_owned(), first };
    provider.journal.record(now, used);
    true
}

pub(super) fn kill(provider: &mut Provider, now: i64, value: &str, cause: Cause) {
    if let Some(bare) = provider.bare.get_mut(value).filter(|bare| bare.token.is_valid(now)) {
        bare.token.kill(Kind::Access, cause, &mut |change| {
            provider.journal.record(now, change.of_none());
        });
    }
}

/// Kills the children of every access token that died since the last call, and theirs in turn.
pub(super) fn bury(provider: &mut Provider, now: i64) {
    loop {
        let news = provider.journal.since(provider.buried);
        let orphans: Vec<String> = news
            .iter()
            .filter_map(|entry| match &entry.event {
                Event::Killed { kind: Kind::Access, token, .. } => provider.children.get(token),
                _ => None,
            })
            .flatten()
            .cloned()
            .collect();
        provider.buried = provider.journal.last();
        if orphans.is_empty() {
            return;
        }
        for orphan in orphans {
            kill(provider, now, &orphan, Cause::Parent);
        }
    }
}

pub(super) fn views(provider: &Provider, now: i64) -> Vec<BareView> {
    let mut views: Vec<BareView> = provider
        .bare
        .values()
        .map(|bare| BareView {
            token: bare.token.value.clone(),
            origin: bare.origin,
            user: bare.holder.user,
            client_id: provider.clients.get(bare.holder.client).id().to_owned(),
            scope: bare.holder.scope.clone(),
            parent: bare.parent.clone(),
            expires_at: bare.token.expires_at,
            alive: bare.token.is_valid(now),
        })
        .collect();
    views.sort_by(|one, other| (one.expires_at, &one.token).cmp(&(other.expires_at, &other.token)));
    views
}
