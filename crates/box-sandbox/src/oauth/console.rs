//! What happens from Box's side: in its console, by its administrators, and as tests want it.

use url::Url;

use super::answer::TokenAnswer;
use super::bare::{BareView, Opening};
use super::client::{Client, Clients, Settings};
use super::grant::GrantView;
use super::grant_type::Origin;
use super::holder::Holder;
use super::id::{GrantId, UserId};
use super::journal::Cause;
use super::limit::Limits;
use super::provider::Provider;
use super::restriction::SharedLink;
use super::revoke;
use super::scope::Scopes;
use super::token::Token;
use super::user::{Directory, Sort, User};

/// Seconds that a developer token lives (Box: guides/authentication/tokens/developer-tokens).
const DEVELOPER_TOKEN: u64 = 60 * 60;

impl Provider {
    /// The first registered client.
    pub fn client(&self) -> &Client {
        self.clients.get(Clients::FIRST)
    }

    /// The client with this id.
    pub fn client_with(&self, client_id: &str) -> Option<&Client> {
        self.clients.find(client_id).map(|id| self.clients.get(id))
    }

    /// All of them, the first one first.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.iter()
    }

    /// Registers one more client.
    ///
    /// # Errors
    /// A text that says which setting is wrong; nothing is registered then.
    pub fn add_client(&mut self, settings: Settings) -> Result<&Client, String> {
        let mut client = Client::new(&mut self.mint);
        client.change(settings)?;
        let id = self.clients.add(client);
        self.directory.service_account(id);
        Ok(self.clients.get(id))
    }

    /// Changes the client that the settings name, else the first one. Tokens and grants are left as they are.
    ///
    /// # Errors
    /// A text that says which setting is wrong; nothing is changed then.
    pub fn change_client(&mut self, settings: Settings) -> Result<&Client, String> {
        let id = match &settings.client_id {
            Some(name) => self.clients.find(name).ok_or_else(|| format!("no client {name}"))?,
            None => Clients::FIRST,
        };
        self.clients.get_mut(id).change(settings)?;
        Ok(self.clients.get(id))
    }

    /// Replaces the first client's secret, as a reset in Box's console does. Tokens and grants are left as they are.
    pub fn set_client_secret(&mut self, secret: String) {
        self.clients.get_mut(Clients::FIRST).set_secret(secret);
    }

    /// People who can log in.
    pub fn people(&self) -> impl Iterator<Item = &User> {
        self.directory.people()
    }

    /// Users that apps made.
    pub fn app_users(&self) -> impl Iterator<Item = &User> {
        self.directory.app_users()
    }

    /// Whom the first client acts for when it acts for its enterprise.
    pub fn service_account(&mut self) -> Option<&User> {
        let id = self.directory.service_account(Clients::FIRST);
        self.directory.get(id)
    }

    /// One more user.
    pub fn add_user(&mut self, sort: Sort, name: Option<String>, login: Option<String>) -> Option<&User> {
        let id = self.directory.add(sort, name, login);
        self.directory.get(id)
    }

    /// A user who can log in, by number or login.
    pub fn person(&self, id_or_login: &str) -> Option<UserId> {
        self.directory.find(id_or_login).filter(|id| Directory::is_person(*id))
    }

    /// Who logs in where nothing else is said.
    pub fn user_at_browser(&self) -> UserId {
        self.user_at_browser
    }

    /// Seats another person before the browser.
    pub fn seat(&mut self, user: UserId) {
        self.user_at_browser = user;
    }

    /// What a shared link leads to.
    pub fn set_shared_link(&mut self, link: SharedLink) {
        self.content.set_link(link);
    }

    /// Where the sandbox itself is reached, for the `resource` of an exchange.
    pub fn set_own_url(&mut self, url: Url) {
        self.content.own_url = Some(url);
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.gate.limits()
    }

    /// Replaces the limits; counting begins anew.
    pub fn set_limits(&mut self, limits: Limits) {
        self.gate.set(limits);
    }

    /// A new grant of a new user. Without its access token it is as if that had been thrown away.
    pub fn open_grant(&mut self, now: i64, with_access_token: bool) -> GrantView {
        let user = self.directory.person(GrantId::nth(self.grants.len()).get());
        let holder = Holder { client: Clients::FIRST, user, scope: Scopes::default() };
        self.open(now, holder, Origin::Control, with_access_token)
    }

    /// An access token without a grant, of the developer; it lives `life` seconds.
    pub fn open_bare(&mut self, now: i64, life: Option<u64>) -> TokenAnswer {
        let life = life.unwrap_or_else(|| self.lifetimes.next_access(&mut self.mint));
        let developer = self.directory.person(0);
        self.open_token(now, life, developer, Origin::Control)
    }

    /// A developer token: 60 minutes, for the developer unless another person is named.
    pub fn open_developer_token(&mut self, now: i64, user: Option<UserId>) -> TokenAnswer {
        let user = user.unwrap_or_else(|| self.directory.person(0));
        self.open_token(now, DEVELOPER_TOKEN, user, Origin::Developer)
    }

    fn open_token(&mut self, now: i64, life: u64, user: UserId, origin: Origin) -> TokenAnswer {
        let token = Token::new(self.mint.alphanumeric(32), now, life);
        let answer = TokenAnswer::new(&token, None, now);
        let holder = Holder { client: Clients::FIRST, user, scope: Scopes::default() };
        self.open_access(now, Opening { token, holder, origin, parent: None, restriction: None });
        answer
    }

    /// Ends a grant from Box's side, as an administrator can. False where there is no such grant.
    pub fn end_grant(&mut self, now: i64, id: GrantId) -> bool {
        let Some(grant) = self.grants.get_mut(&id) else { return false };
        grant.end(Cause::Ended, &mut |event| self.journal.record(now, event.of(id)));
        self.bury(now);
        true
    }

    /// Ends a token from Box's side, with its grant if it has one. False where there never was such a token.
    pub fn end_token(&mut self, now: i64, value: &str) -> bool {
        let known = revoke::kill(self, now, value, Cause::Ended);
        self.bury(now);
        known
    }

    /// What a grant looks like now.
    pub fn grant(&self, now: i64, id: GrantId) -> Option<GrantView> {
        self.grants.get(&id).map(|grant| grant.view(id, now))
    }

    /// What every grant looks like now.
    pub fn grants(&self, now: i64) -> Vec<GrantView> {
        self.grants.iter().map(|(id, grant)| grant.view(*id, now)).collect()
    }

    /// Every access token without a grant, those that end first first.
    pub fn bare_tokens(&self, now: i64) -> Vec<BareView> {
        self.bare.views(now, &self.clients)
    }
}
