//! The state of the authorization server, and how grants and tokens come into it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::authorize::Answer;
use super::bare::{BareTokens, Opening};
use super::client::{Client, Clients};
use super::code::Code;
use super::grant::{Flight, Grant, GrantView};
use super::grant_type::Origin;
use super::holder::Holder;
use super::id::{ClientId, GrantId, UserId};
use super::journal::{Event, Journal, Kind};
use super::limit::Gate;
use super::mint::Mint;
use super::mood::{Lifetimes, Mood};
use super::restriction::{Content, Restriction};
use super::token::Token;
use super::user::Directory;

/// Whom a token value was issued to; kept after the token died, so that a used one is told from an unknown one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    /// Refresh token of a grant.
    Refresh(GrantId),
    /// Access token of a grant.
    Access(GrantId),
    /// An access token without a grant.
    Bare,
}

/// A valid access token with what is known of it.
pub(super) struct Live<'a> {
    pub(super) token: &'a Token,
    pub(super) holder: &'a Holder,
    pub(super) restriction: Option<&'a Restriction>,
}

/// Box's authorization server with its apps and users.
#[derive(Debug)]
pub struct Provider {
    pub(super) clients: Clients,
    pub(super) directory: Directory,
    pub(super) content: Content,
    pub(super) gate: Gate,
    /// How refresh tokens and old access tokens end; may be changed at any time.
    pub mood: Mood,
    /// How long new tokens live; may be changed at any time.
    pub lifetimes: Lifetimes,
    /// What happened so far.
    pub journal: Journal,
    /// Whether there is a consent page; may be changed at any time.
    pub answer: Answer,
    /// Who logs in unless the page says otherwise.
    pub(super) user_at_browser: UserId,
    pub(super) mint: Mint,
    pub(super) grants: BTreeMap<GrantId, Grant>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) bare: BareTokens,
    /// `jti` values that were used.
    pub(super) assertions: HashSet<(ClientId, String)>,
    pub(super) owners: HashMap<String, Owner>,
}

impl Provider {
    /// A server without grants, whose client and tokens are drawn from `mint`, and where `people` can log in (at
    /// least one can).
    pub fn new(mood: Mood, lifetimes: Lifetimes, people: u64, mut mint: Mint) -> Self {
        let mut directory = Directory::with(people);
        let user_at_browser = directory.person(1);
        let clients = Clients::new(Client::new(&mut mint));
        directory.service_account(Clients::FIRST);
        Self {
            clients,
            directory,
            content: Content::default(),
            gate: Gate::default(),
            mood,
            lifetimes,
            journal: Journal::default(),
            answer: Answer::default(),
            user_at_browser,
            mint,
            grants: BTreeMap::new(),
            codes: HashMap::new(),
            bare: BareTokens::default(),
            assertions: HashSet::new(),
            owners: HashMap::new(),
        }
    }

    /// The grant that a token was issued for, dead or alive.
    pub fn grant_of(&self, token: &str) -> Option<GrantId> {
        match self.owners.get(token)? {
            Owner::Refresh(id) | Owner::Access(id) => Some(*id),
            Owner::Bare => None,
        }
    }

    pub(super) fn holder_of(&self, token: &str) -> Option<&Holder> {
        match self.owners.get(token)? {
            Owner::Refresh(id) | Owner::Access(id) => self.grants.get(id).map(|grant| &grant.holder),
            Owner::Bare => self.bare.get(token).map(|bare| &bare.holder),
        }
    }

    pub(super) fn live_access(&self, now: i64, value: &str) -> Option<Live<'_>> {
        match self.owners.get(value)? {
            Owner::Refresh(_) => None,
            Owner::Access(id) => {
                let grant = self.grants.get(id)?;
                Some(Live { token: grant.access(value, now)?, holder: &grant.holder, restriction: None })
            }
            Owner::Bare => {
                let bare = self.bare.get(value).filter(|bare| bare.token.is_valid(now))?;
                Some(Live {
                    token: &bare.token,
                    holder: &bare.holder,
                    restriction: bare.restriction.as_ref(),
                })
            }
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

    /// A new grant. Without its access token it is as if that had been thrown away.
    pub(super) fn open(
        &mut self,
        now: i64,
        holder: Holder,
        origin: Origin,
        with_access_token: bool,
    ) -> GrantView {
        let id = GrantId::nth(self.grants.len());
        let refresh = self.mint_refresh(now, id, origin, &holder);
        let access = with_access_token.then(|| self.mint_access(now, id, origin, &holder));
        let grant = || Grant::new(holder, origin, refresh, access);
        self.grants.entry(id).or_insert_with(grant).view(id, now)
    }

    pub(super) fn mint_refresh(
        &mut self,
        now: i64,
        grant: GrantId,
        origin: Origin,
        holder: &Holder,
    ) -> Token {
        let token = Token::new(self.mint.alphanumeric(64), now, self.lifetimes.refresh);
        self.owners.insert(token.value.clone(), Owner::Refresh(grant));
        self.record_issue(now, Kind::Refresh, &token, Some(grant), origin, holder, None);
        token
    }

    pub(super) fn mint_access(&mut self, now: i64, grant: GrantId, origin: Origin, holder: &Holder) -> Token {
        let life = self.lifetimes.next_access(&mut self.mint);
        let token = Token::new(self.mint.alphanumeric(32), now, life);
        self.owners.insert(token.value.clone(), Owner::Access(grant));
        self.record_issue(now, Kind::Access, &token, Some(grant), origin, holder, None);
        token
    }

    /// A token that lives on its own.
    pub(super) fn open_access(&mut self, now: i64, opening: Opening) {
        let Opening { token, holder, origin, parent, .. } = &opening;
        self.owners.insert(token.value.clone(), Owner::Bare);
        self.record_issue(now, Kind::Access, token, None, *origin, holder, parent.as_deref());
        self.bare.insert(opening);
    }

    /// Kills what was exchanged for access tokens that are dead by now.
    pub(super) fn bury(&mut self, now: i64) {
        self.bare.bury(now, &mut self.journal);
    }

    #[expect(clippy::too_many_arguments, reason = "the members of one journal entry")]
    pub(super) fn record_issue(
        &mut self,
        now: i64,
        kind: Kind,
        token: &Token,
        grant: Option<GrantId>,
        origin: Origin,
        holder: &Holder,
        parent: Option<&str>,
    ) {
        let issued = Event::Issued {
            grant,
            kind,
            token: token.value.clone(),
            expires_at: token.expires_at,
            origin,
            user: holder.user,
            client_id: self.clients.get(holder.client).id().to_owned(),
            scope: holder.scope.clone(),
            parent: parent.map(str::to_owned),
        };
        self.journal.record(now, issued);
    }
}
