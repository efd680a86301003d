//! The authorization server as a pure state machine: grants, tokens, moods; no clock, no I/O.
//!
//! Every operation takes `now` in Unix seconds and writes what happened to the [`Journal`]. One file per grant type:
//! a new one is a module with `fn issue(&mut Provider, now, &Form)` and an arm in [`Provider::token`].

mod answer;
mod client;
mod error;
mod form;
mod grant;
mod mint;
mod mood;
mod refresh;
mod resource;
mod revoke;

use std::collections::{BTreeMap, HashMap};

pub use self::answer::TokenAnswer;
pub use self::client::Client;
pub use self::error::OAuthError;
pub use self::form::Form;
pub use self::grant::{Flight, GrantId, GrantView};
pub use self::mint::Mint;
pub use self::mood::{Lifetimes, Mood, OldToken, Replay};
pub use self::resource::User;

use self::grant::{Grant, Token};
use crate::journal::{Cause, Event, Journal, Kind};

/// Whom a token value was issued to; kept after the token died, so that a used one is told from an unknown one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    /// Refresh token of a grant.
    Refresh(GrantId),
    /// Access token of a grant.
    Access(GrantId),
    /// An access token without a grant, such as a developer token.
    Bare,
}

/// Box's authorization server with one registered client.
#[derive(Debug)]
pub struct Provider {
    client: Client,
    /// How refresh tokens and old access tokens end; may be changed at any time.
    pub mood: Mood,
    /// How long new tokens live; may be changed at any time.
    pub lifetimes: Lifetimes,
    /// What happened so far.
    pub journal: Journal,
    mint: Mint,
    grants: BTreeMap<GrantId, Grant>,
    bare: HashMap<String, Token>,
    owners: HashMap<String, Owner>,
}

impl Provider {
    /// A server without grants, whose client and tokens are drawn from `mint`.
    pub fn new(mood: Mood, lifetimes: Lifetimes, mut mint: Mint) -> Self {
        let client = Client::new(mint.alphanumeric(32), mint.alphanumeric(32));
        Self {
            client,
            mood,
            lifetimes,
            journal: Journal::default(),
            mint,
            grants: BTreeMap::new(),
            bare: HashMap::new(),
            owners: HashMap::new(),
        }
    }

    /// The registered client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Replaces the client's secret, as a reset in Box's console does. Tokens and grants are left as they are.
    pub fn set_client_secret(&mut self, secret: String) {
        self.client.set_secret(secret);
    }

    /// The token endpoint. `authorization` is the value of that header: Box takes credentials in the body only.
    ///
    /// # Errors
    /// Exactly those that Box is known to give; the grant is untouched then.
    pub fn token(
        &mut self,
        now: i64,
        form: &Form,
        authorization: Option<&str>,
    ) -> Result<TokenAnswer, OAuthError> {
        match form.get("grant_type") {
            Some("refresh_token") => {
                self.client.authenticate(form, authorization)?;
                refresh::issue(self, now, form)
            }
            _ => Err(OAuthError::BAD_GRANT_TYPE),
        }
    }

    /// The revocation endpoint (RFC 7009): an access or refresh token ends its whole grant, an unknown one nothing.
    ///
    /// # Errors
    /// Wrong client credentials, or no token named.
    pub fn revoke(&mut self, now: i64, form: &Form, authorization: Option<&str>) -> Result<(), OAuthError> {
        self.client.authenticate(form, authorization)?;
        revoke::revoke(self, now, form)
    }

    /// The user that a valid access token stands for; this counts as a use of it. `None` where Box answers 401.
    pub fn user(&mut self, now: i64, access_token: &str) -> Option<User> {
        resource::user(self, now, access_token)
    }

    /// A new grant of a new user. Without its access token it is as if that had been thrown away.
    pub fn open_grant(&mut self, now: i64, with_access_token: bool) -> GrantView {
        let id = GrantId::nth(self.grants.len());
        let refresh = self.mint_refresh(now, id);
        let access = with_access_token.then(|| self.mint_access(now, id));
        self.grants.entry(id).or_insert_with(|| Grant::new(refresh, access)).view(id, now)
    }

    /// An access token without a grant, as Box's console gives developers; it lives `life` seconds.
    pub fn open_bare(&mut self, now: i64, life: Option<u64>) -> TokenAnswer {
        let life = life.unwrap_or_else(|| self.lifetimes.next_access(&mut self.mint));
        let token = Token::new(self.mint.alphanumeric(32), now, life);
        let answer = TokenAnswer::new(&token, None, now);
        self.owners.insert(token.value.clone(), Owner::Bare);
        self.journal.record(
            now,
            Event::Issued {
                grant: None,
                kind: Kind::Access,
                token: token.value.clone(),
                expires_at: token.expires_at,
            },
        );
        self.bare.insert(token.value.clone(), token);
        answer
    }

    /// Ends a grant from Box's side, as an administrator can. False where there is no such grant.
    pub fn end_grant(&mut self, now: i64, id: GrantId) -> bool {
        let Some(grant) = self.grants.get_mut(&id) else { return false };
        grant.end(Cause::Ended, &mut |event| self.journal.record(now, event.of(id)));
        true
    }

    /// What a grant looks like now.
    pub fn grant(&self, now: i64, id: GrantId) -> Option<GrantView> {
        self.grants.get(&id).map(|grant| grant.view(id, now))
    }

    /// What every grant looks like now.
    pub fn grants(&self, now: i64) -> Vec<GrantView> {
        self.grants.iter().map(|(id, grant)| grant.view(*id, now)).collect()
    }

    /// The grant that a token was issued for, dead or alive.
    pub fn grant_of(&self, token: &str) -> Option<GrantId> {
        match self.owners.get(token)? {
            Owner::Refresh(id) | Owner::Access(id) => Some(*id),
            Owner::Bare => None,
        }
    }

    /// Counts a spend of `grant` that begins. It must be given back with [`Provider::end_flight`].
    pub fn begin_flight(&mut self, grant: GrantId) -> Option<Flight> {
        self.grants.get_mut(&grant).map(|entry| entry.begin_flight(grant))
    }

    /// The answer to a spend is on its way, or its connection is gone.
    #[expect(clippy::needless_pass_by_value, reason = "a flight ends once")]
    pub fn end_flight(&mut self, flight: Flight) {
        if let Some(grant) = self.grants.get_mut(&flight.grant()) {
            grant.end_flight();
        }
    }

    /// A value for Box's request id header.
    pub fn request_id(&mut self) -> String {
        self.mint.alphanumeric(20)
    }

    fn mint_refresh(&mut self, now: i64, grant: GrantId) -> Token {
        let token = Token::new(self.mint.alphanumeric(64), now, self.lifetimes.refresh);
        self.register(now, grant, Kind::Refresh, &token);
        token
    }

    fn mint_access(&mut self, now: i64, grant: GrantId) -> Token {
        let life = self.lifetimes.next_access(&mut self.mint);
        let token = Token::new(self.mint.alphanumeric(32), now, life);
        self.register(now, grant, Kind::Access, &token);
        token
    }

    fn register(&mut self, now: i64, grant: GrantId, kind: Kind, token: &Token) {
        let owner = match kind {
            Kind::Access => Owner::Access(grant),
            Kind::Refresh => Owner::Refresh(grant),
        };
        self.owners.insert(token.value.clone(), owner);
        self.journal.record(
            now,
            Event::Issued {
                grant: Some(grant),
                kind,
                token: token.value.clone(),
                expires_at: token.expires_at,
            },
        );
    }
}

#[cfg(test)]
mod tests;
