//! The authorization server as a pure state machine: grants, tokens, moods; no clock, no I/O.
//!
//! Every operation takes `now` in Unix seconds and writes what happened to the [`Journal`]. One file per grant type,
//! each with a function `issue`, called from [`Provider::token`].

mod answer;
mod assertion;
mod authorize;
mod bare;
mod client;
mod client_credentials;
mod code;
mod console;
mod error;
mod form;
mod grant;
mod grant_type;
mod jwt_bearer;
mod limit;
mod mint;
mod mood;
mod redirect;
mod refresh;
mod resource;
mod restriction;
mod revoke;
mod scope;
mod token_exchange;
mod user;

use std::collections::{BTreeMap, HashMap, HashSet};

pub use self::answer::TokenAnswer;
pub use self::authorize::{Answer, Refusal, Request};
pub use self::bare::BareView;
pub use self::client::{Client, Settings};
pub use self::error::OAuthError;
pub use self::form::Form;
pub use self::grant::{Flight, GrantId, GrantView};
pub use self::grant_type::{GrantType, Origin};
pub use self::limit::{Limit, Limits};
pub use self::mint::Mint;
pub use self::mood::{Lifetimes, Mood, OldToken, Replay};
pub use self::restriction::{Item, ItemKind, Restricted, SharedLink};
pub use self::scope::{APP_SCOPES, Scopes};
pub use self::user::{ENTERPRISE_ID, Sort, User, UserId};

use self::bare::Bare;
use self::client::{ClientId, Clients};
use self::code::Code;
use self::grant::{Grant, Token};
use self::limit::{Gate, Party};
use self::restriction::{Content, Restriction};
use self::user::Directory;
use crate::fault::Endpoint;
use crate::journal::{Event, Journal, Kind};

/// Whom a token value was issued to; kept after the token died, so that a used one is told from an unknown one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    /// Refresh token of a grant.
    Refresh(GrantId),
    /// Access token of a grant.
    Access(GrantId),
    /// An access token without a grant.
    Bare,
}

/// For whom a token speaks, to which app, and what it is narrowed to (nothing: all that the app has).
#[derive(Clone, Debug)]
struct Holder {
    client: ClientId,
    user: UserId,
    scope: Scopes,
}

/// A valid access token with what is known of it.
struct Live<'a> {
    token: &'a Token,
    holder: &'a Holder,
    restriction: Option<&'a Restriction>,
}

/// Box's authorization server with its apps and users.
#[derive(Debug)]
pub struct Provider {
    clients: Clients,
    directory: Directory,
    content: Content,
    gate: Gate,
    /// How refresh tokens and old access tokens end; may be changed at any time.
    pub mood: Mood,
    /// How long new tokens live; may be changed at any time.
    pub lifetimes: Lifetimes,
    /// What happened so far.
    pub journal: Journal,
    /// Whether there is a consent page; may be changed at any time.
    pub answer: Answer,
    /// Who logs in unless the page says otherwise.
    user_at_browser: UserId,
    mint: Mint,
    grants: BTreeMap<GrantId, Grant>,
    codes: HashMap<String, Code>,
    bare: HashMap<String, Bare>,
    /// Exchanged tokens by the token they came from.
    children: HashMap<String, Vec<String>>,
    /// The journal's entry up to which the children of dead tokens are dead too.
    buried: u64,
    /// `jti` values that were used.
    assertions: HashSet<(ClientId, String)>,
    owners: HashMap<String, Owner>,
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
            bare: HashMap::new(),
            children: HashMap::new(),
            buried: 0,
            assertions: HashSet::new(),
            owners: HashMap::new(),
        }
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
        let grant_type = form.get("grant_type").and_then(GrantType::parse);
        let grant_type = grant_type.ok_or(OAuthError::BAD_GRANT_TYPE)?;
        let issue = match grant_type {
            GrantType::AuthorizationCode => code::issue,
            GrantType::RefreshToken => refresh::issue,
            GrantType::JwtBearer => jwt_bearer::issue,
            // These two see to the client's credentials in ways of their own.
            GrantType::ClientCredentials => return client_credentials::issue(self, now, form, authorization),
            GrantType::TokenExchange => return token_exchange::issue(self, now, form, authorization),
        };
        let client = self.clients.authenticate(form, authorization)?;
        self.clients.get(client).may_use(grant_type)?;
        let result = issue(self, now, form, client);
        bare::bury(self, now);
        result
    }

    /// The revocation endpoint (RFC 7009): an access or refresh token ends its whole grant, an unknown one nothing.
    ///
    /// # Errors
    /// Wrong client credentials, or no token named.
    pub fn revoke(&mut self, now: i64, form: &Form, authorization: Option<&str>) -> Result<(), OAuthError> {
        let client = self.clients.authenticate(form, authorization)?;
        let result = revoke::revoke(self, now, form, client);
        bare::bury(self, now);
        result
    }

    /// The user that a valid access token stands for; this counts as a use of it. `None` where Box answers 401.
    pub fn user(&mut self, now: i64, access_token: &str) -> Option<User> {
        let user = resource::user(self, now, access_token);
        bare::bury(self, now);
        user
    }

    /// The authorization endpoint's first half: may this be put before a user?
    ///
    /// # Errors
    /// A page or a redirect that says why not.
    pub fn authorize(&self, query: &Form) -> Result<Request, Refusal> {
        authorize::request(&self.clients, query)
    }

    /// The second half: where the browser goes with the user's answer; `None` denies.
    pub fn consent(&mut self, now: i64, request: Request, user: Option<UserId>) -> url::Url {
        authorize::answer(self, now, request, user)
    }

    /// Counts a request against the limits, or says for how many seconds it has to wait.
    ///
    /// # Errors
    /// Seconds for `retry-after`.
    pub fn pass(
        &mut self,
        now: i64,
        endpoint: Endpoint,
        form: &Form,
        bearer: Option<&str>,
    ) -> Result<(), u64> {
        if self.gate.is_open() {
            return Ok(());
        }
        let party = self.party(form, bearer);
        self.gate.pass(now, endpoint, party)
    }

    fn party(&self, form: &Form, bearer: Option<&str>) -> Party {
        let tokens =
            ["refresh_token", "subject_token", "token"].into_iter().filter_map(|name| form.get(name));
        let holder = bearer.into_iter().chain(tokens).find_map(|token| self.holder_of(token));
        let holder =
            holder.or_else(|| form.get("code").and_then(|code| self.codes.get(code)).map(Code::holder));
        let client = form.get("client_id").and_then(|id| self.clients.find(id));
        let assertion = form.get("assertion").and_then(assertion::Assertion::parse);
        let subject = assertion.as_ref().and_then(|assertion| assertion.text("sub"));
        let subject = subject.or(form.get("box_subject_id")).and_then(|id| self.directory.find(id));
        Party {
            client: client.or(holder.map(|holder| holder.client)),
            user: holder.map(|holder| holder.user).or(subject),
        }
    }

    /// The grant that a token was issued for, dead or alive.
    pub fn grant_of(&self, token: &str) -> Option<GrantId> {
        match self.owners.get(token)? {
            Owner::Refresh(id) | Owner::Access(id) => Some(*id),
            Owner::Bare => None,
        }
    }

    fn holder_of(&self, token: &str) -> Option<&Holder> {
        match self.owners.get(token)? {
            Owner::Refresh(id) | Owner::Access(id) => self.grants.get(id).map(|grant| &grant.holder),
            Owner::Bare => self.bare.get(token).map(|bare| &bare.holder),
        }
    }

    fn live_access(&self, now: i64, value: &str) -> Option<Live<'_>> {
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
    fn open(&mut self, now: i64, holder: Holder, origin: Origin, with_access_token: bool) -> GrantView {
        let id = GrantId::nth(self.grants.len());
        let refresh = self.mint_refresh(now, id, origin, &holder);
        let access = with_access_token.then(|| self.mint_access(now, id, origin, &holder));
        let grant = || Grant::new(holder, origin, refresh, access);
        self.grants.entry(id).or_insert_with(grant).view(id, now)
    }

    fn mint_refresh(&mut self, now: i64, grant: GrantId, origin: Origin, holder: &Holder) -> Token {
        let token = Token::new(self.mint.alphanumeric(64), now, self.lifetimes.refresh);
        self.owners.insert(token.value.clone(), Owner::Refresh(grant));
        self.record_issue(now, Kind::Refresh, &token, Some(grant), origin, holder, None);
        token
    }

    fn mint_access(&mut self, now: i64, grant: GrantId, origin: Origin, holder: &Holder) -> Token {
        let life = self.lifetimes.next_access(&mut self.mint);
        let token = Token::new(self.mint.alphanumeric(32), now, life);
        self.owners.insert(token.value.clone(), Owner::Access(grant));
        self.record_issue(now, Kind::Access, &token, Some(grant), origin, holder, None);
        token
    }

    #[expect(clippy::too_many_arguments, reason = "the members of one journal entry")]
    fn record_issue(
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

#[cfg(test)]
mod tests;
