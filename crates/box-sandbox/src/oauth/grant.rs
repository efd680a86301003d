//! One grant: its newest pair of tokens, the pair before it, and how a refresh, a use and an end change them.

use serde::Serialize;

use super::answer::TokenAnswer;
use super::change::{Change, Log};
use super::grant_type::Origin;
use super::holder::Holder;
use super::id::{GrantId, UserId};
use super::journal::{Cause, Kind};
use super::mood::{Mood, OldToken, Replay};
use super::scope::Scopes;
use super::token::Token;

#[derive(Debug)]
pub(super) struct Pair {
    pub(super) refresh: Token,
    /// Absent only in the first pair of a ready grant.
    pub(super) access: Option<Token>,
    /// Set by the first successful call with the access token.
    used: bool,
}

impl Pair {
    fn kill(mut self, cause: Cause, log: Log<'_>) {
        self.refresh.kill(Kind::Refresh, cause, log);
        if let Some(access) = &mut self.access {
            access.kill(Kind::Access, cause, log);
        }
    }
}

/// What presenting a refresh token amounts to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Presented {
    /// The newest one: it will be rotated.
    Newest,
    /// The one before, while nobody used the newest pair: the newest pair is due again.
    Replayed,
    /// Neither, or neither any more.
    Dead,
    /// Alive, but past its end.
    Expired,
}

/// At most two pairs are alive: the newest and the one it came from.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) holder: Holder,
    origin: Origin,
    newest: Pair,
    previous: Option<Pair>,
    refreshes: u64,
    replays: u64,
    pub(super) rejections: u64,
    in_flight: u64,
    max_in_flight: u64,
}

impl Grant {
    pub(super) fn new(holder: Holder, origin: Origin, refresh: Token, access: Option<Token>) -> Self {
        Self {
            holder,
            origin,
            newest: Pair { refresh, access, used: false },
            previous: None,
            refreshes: 0,
            replays: 0,
            rejections: 0,
            in_flight: 0,
            max_in_flight: 0,
        }
    }

    pub(super) fn presented(&self, refresh_token: &str, now: i64, mood: Mood) -> Presented {
        let (token, found) = match &self.previous {
            Some(pair) if pair.refresh.value == refresh_token => (&pair.refresh, Presented::Replayed),
            _ if self.newest.refresh.value == refresh_token => (&self.newest.refresh, Presented::Newest),
            _ => return Presented::Dead,
        };
        let too_late = found == Presented::Replayed && mood.replay == Replay::Strict;
        match (token.is_alive() && !too_late, now < token.expires_at) {
            (false, _) => Presented::Dead,
            (true, false) => Presented::Expired,
            (true, true) => found,
        }
    }

    /// Makes `refresh` and `access` the newest pair. The pair before the spent one ends here: a use of the newest
    /// refresh token closes its replay window.
    pub(super) fn rotate(&mut self, refresh: Token, access: Token, mood: Mood, log: Log<'_>) -> &Pair {
        self.refreshes += 1;
        log(Change::Used { kind: Kind::Refresh, token: self.newest.refresh.value.clone(), first: true });
        if let Some(pair) = self.previous.take() {
            pair.kill(Cause::Replaced, log);
        }
        let successor = Pair { refresh, access: Some(access), used: false };
        let mut spent = std::mem::replace(&mut self.newest, successor);
        if mood.replay == Replay::Strict {
            spent.refresh.kill(Kind::Refresh, Cause::Refreshed, log);
        }
        if let Some(old) = &mut spent.access
            && mood.old_token == OldToken::AtOnce
        {
            old.kill(Kind::Access, Cause::Refreshed, log);
        }
        self.previous = Some(spent);
        &self.newest
    }

    /// The newest pair once more, for the refresh token that it came from.
    pub(super) fn replay(&mut self, log: Log<'_>) -> &Pair {
        self.replays += 1;
        if let Some(pair) = &self.previous {
            log(Change::Used { kind: Kind::Refresh, token: pair.refresh.value.clone(), first: false });
        }
        &self.newest
    }

    /// A call with an access token of this grant; false where it is not valid. The first use of the newest one
    /// ends the pair before it.
    pub(super) fn use_access(&mut self, access_token: &str, now: i64, log: Log<'_>) -> bool {
        let valid = |pair: &Pair| {
            pair.access.as_ref().is_some_and(|token| token.value == access_token && token.is_valid(now))
        };
        if valid(&self.newest) {
            let first = !std::mem::replace(&mut self.newest.used, true);
            log(Change::Used { kind: Kind::Access, token: access_token.to_owned(), first });
            if let Some(pair) = self.previous.take() {
                pair.kill(Cause::Replaced, log);
            }
            return true;
        }
        let older = self.previous.as_mut().filter(|pair| valid(pair));
        older.is_some_and(|pair| {
            let first = !std::mem::replace(&mut pair.used, true);
            log(Change::Used { kind: Kind::Access, token: access_token.to_owned(), first });
            true
        })
    }

    /// The pair that the grant began with.
    pub(super) fn first_answer(&self, now: i64) -> Option<TokenAnswer> {
        let access = self.newest.access.as_ref()?;
        Some(TokenAnswer::new(access, Some(&self.newest.refresh), now))
    }

    /// A valid access token of this grant.
    pub(super) fn access(&self, value: &str, now: i64) -> Option<&Token> {
        let pairs = std::iter::once(&self.newest).chain(&self.previous);
        let mut tokens = pairs.filter_map(|pair| pair.access.as_ref());
        tokens.find(|token| token.value == value && token.is_valid(now))
    }

    /// True where `value` is a valid access or refresh token of this grant.
    pub(super) fn has_valid(&self, value: &str, now: i64) -> bool {
        let pairs = std::iter::once(&self.newest).chain(&self.previous);
        pairs
            .flat_map(|pair| std::iter::once(&pair.refresh).chain(&pair.access))
            .any(|token| token.value == value && token.is_valid(now))
    }

    /// Kills every token.
    pub(super) fn end(&mut self, cause: Cause, log: Log<'_>) {
        if let Some(pair) = self.previous.take() {
            pair.kill(cause, log);
        }
        self.newest.refresh.kill(Kind::Refresh, cause, log);
        if let Some(access) = &mut self.newest.access {
            access.kill(Kind::Access, cause, log);
        }
    }

    pub(super) fn begin_flight(&mut self, id: GrantId) -> Flight {
        self.in_flight += 1;
        self.max_in_flight = self.max_in_flight.max(self.in_flight);
        Flight(id)
    }

    pub(super) fn end_flight(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    pub(super) fn view(&self, id: GrantId, now: i64) -> GrantView {
        let pairs = || std::iter::once(&self.newest).chain(&self.previous);
        let values = |tokens: Vec<&Token>| {
            tokens.iter().filter(|token| token.is_valid(now)).map(|token| token.value.clone()).collect()
        };
        let newest = self.newest.access.as_ref().filter(|token| token.is_valid(now));
        GrantView {
            grant: id,
            user: self.holder.user,
            origin: self.origin,
            scope: self.holder.scope.clone(),
            alive: self.newest.refresh.is_valid(now),
            refresh_token: self.newest.refresh.value.clone(),
            refresh_expires_at: self.newest.refresh.expires_at,
            refresh_tokens: values(pairs().map(|pair| &pair.refresh).collect()),
            access_token: newest.map(|token| token.value.clone()),
            access_expires_at: newest.map(|token| token.expires_at),
            access_tokens: values(pairs().filter_map(|pair| pair.access.as_ref()).collect()),
            refreshes: self.refreshes,
            replays: self.replays,
            rejections: self.rejections,
            in_flight: self.in_flight,
            max_in_flight: self.max_in_flight,
        }
    }
}

/// A spend whose answer has not left yet.
#[derive(Debug)]
#[must_use = "a flight that is not ended counts as concurrent for ever"]
pub struct Flight(GrantId);

impl Flight {
    pub(super) fn grant(&self) -> GrantId {
        self.0
    }
}

/// A grant as the control API shows it; times are Unix seconds of the sandbox's clock.
#[derive(Clone, Debug, Serialize)]
pub struct GrantView {
    /// Its number.
    pub grant: GrantId,
    /// Whose it is.
    pub user: UserId,
    /// How it came into being.
    pub origin: Origin,
    /// What it is narrowed to; empty: whatever the app has.
    pub scope: Scopes,
    /// Its newest refresh token would be accepted.
    pub alive: bool,
    /// The newest refresh token, valid or not.
    pub refresh_token: String,
    /// When that ends if it is not used.
    pub refresh_expires_at: i64,
    /// Every refresh token that is neither killed nor expired, the newest first.
    pub refresh_tokens: Vec<String>,
    /// The newest access token if it is valid.
    pub access_token: Option<String>,
    /// When that ends.
    pub access_expires_at: Option<i64>,
    /// Every valid access token, the newest first.
    pub access_tokens: Vec<String>,
    /// Refreshes that made a new pair.
    pub refreshes: u64,
    /// Refreshes that were given the same pair again.
    pub replays: u64,
    /// Refreshes with a dead or expired refresh token of this grant.
    pub rejections: u64,
    /// Token requests for this grant that are not answered yet.
    pub in_flight: u64,
    /// The most of these that there ever were at a time.
    pub max_in_flight: u64,
}
