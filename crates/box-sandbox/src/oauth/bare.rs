//! Access tokens without a refresh token: those of server grants, exchanges and developers.

use std::collections::HashMap;

use serde::Serialize;

use super::client::Clients;
use super::grant_type::Origin;
use super::holder::Holder;
use super::id::UserId;
use super::journal::{Cause, Event, Journal, Kind};
use super::restriction::Restriction;
use super::scope::Scopes;
use super::token::Token;

/// A token to be opened.
pub(super) struct Opening {
    pub(super) token: Token,
    pub(super) holder: Holder,
    pub(super) origin: Origin,
    /// Whose death is this token's too.
    pub(super) parent: Option<String>,
    pub(super) restriction: Option<Restriction>,
}

/// A token that was opened.
#[derive(Debug)]
pub(super) struct Bare {
    pub(super) token: Token,
    pub(super) holder: Holder,
    pub(super) restriction: Option<Restriction>,
    origin: Origin,
    parent: Option<String>,
    used: bool,
}

/// All of them by value. Each lives and dies on its own, except that an exchanged one dies with its parent.
#[derive(Debug, Default)]
pub(super) struct BareTokens {
    tokens: HashMap<String, Bare>,
    /// Exchanged tokens by the token they came from.
    children: HashMap<String, Vec<String>>,
    /// The journal's entry up to which the children of dead tokens are dead too.
    buried: u64,
}

impl BareTokens {
    pub(super) fn insert(&mut self, opening: Opening) {
        let Opening { token, holder, origin, parent, restriction } = opening;
        let value = token.value.clone();
        if let Some(parent) = &parent {
            self.children.entry(parent.clone()).or_default().push(value.clone());
        }
        self.tokens.insert(value, Bare { token, holder, restriction, origin, parent, used: false });
    }

    /// Dead or alive.
    pub(super) fn get(&self, value: &str) -> Option<&Bare> {
        self.tokens.get(value)
    }

    /// A call with a token; `None` where it is not valid.
    pub(super) fn use_access(&mut self, now: i64, value: &str, journal: &mut Journal) -> Option<&Bare> {
        let bare = self.tokens.get_mut(value).filter(|bare| bare.token.is_valid(now))?;
        let first = !std::mem::replace(&mut bare.used, true);
        let used = Event::Used { grant: None, kind: Kind::Access, token: value.to_owned(), first };
        journal.record(now, used);
        Some(bare)
    }

    pub(super) fn kill(&mut self, now: i64, value: &str, cause: Cause, journal: &mut Journal) {
        if let Some(bare) = self.tokens.get_mut(value).filter(|bare| bare.token.is_valid(now)) {
            bare.token.kill(Kind::Access, cause, &mut |change| journal.record(now, change.of_none()));
        }
    }

    /// Kills the children of every access token that died since the last call, and theirs in turn.
    pub(super) fn bury(&mut self, now: i64, journal: &mut Journal) {
        loop {
            let news = journal.since(self.buried);
            let orphans: Vec<String> = news
                .iter()
                .filter_map(|entry| match &entry.event {
                    Event::Killed { kind: Kind::Access, token, .. } => self.children.get(token),
                    _ => None,
                })
                .flatten()
                .cloned()
                .collect();
            self.buried = journal.last();
            if orphans.is_empty() {
                return;
            }
            for orphan in orphans {
                self.kill(now, &orphan, Cause::Parent, journal);
            }
        }
    }

    pub(super) fn views(&self, now: i64, clients: &Clients) -> Vec<BareView> {
        let mut views: Vec<BareView> = self
            .tokens
            .values()
            .map(|bare| BareView {
                token: bare.token.value.clone(),
                origin: bare.origin,
                user: bare.holder.user,
                client_id: clients.get(bare.holder.client).id().to_owned(),
                scope: bare.holder.scope.clone(),
                parent: bare.parent.clone(),
                expires_at: bare.token.expires_at,
                alive: bare.token.is_valid(now),
            })
            .collect();
        views.sort_by(|one, other| (one.expires_at, &one.token).cmp(&(other.expires_at, &other.token)));
        views
    }
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
