//! The registered clients (apps), what Box's console says about each, and the check of their credentials.

use serde::{Deserialize, Serialize};
use url::Url;

use super::error::OAuthError;
use super::form::Form;
use super::grant_type::GrantType;
use super::id::ClientId;
use super::mint::Mint;
use super::redirect;
use super::scope::Scopes;
use crate::keys::PublicKey;

/// A client as Box's console shows it: id and secret of 32 characters each, and its settings.
#[derive(Clone, Debug, Serialize)]
pub struct Client {
    #[serde(rename = "client_id")]
    id: String,
    #[serde(rename = "client_secret")]
    secret: String,
    #[serde(serialize_with = "as_strings")]
    redirect_uris: Vec<Url>,
    pub(super) scopes: Scopes,
    pub(super) denied_scopes: Scopes,
    grant_types: Vec<GrantType>,
    pub(super) authorized: bool,
    pub(super) user_tokens: bool,
    pub(super) public_key_id: String,
    pub(super) public_key: PublicKey,
}

impl Client {
    /// Allowed everything, with redirect URIs for programs on the same machine.
    pub(super) fn new(mint: &mut Mint) -> Self {
        let loopback = ["http://127.0.0.1/callback", "http://localhost/callback", "http://[::1]/callback"];
        Self {
            id: mint.alphanumeric(32),
            secret: mint.alphanumeric(32),
            redirect_uris: loopback.iter().filter_map(|uri| uri.parse().ok()).collect(),
            scopes: Scopes::of_a_new_app(),
            denied_scopes: Scopes::default(),
            grant_types: GrantType::ALL.to_vec(),
            authorized: true,
            user_tokens: true,
            public_key_id: mint.alphanumeric(8).to_lowercase(),
            public_key: PublicKey::Own,
        }
    }

    /// The public identifier.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret that is valid now.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// `kid` of the key that it signs assertions with.
    pub fn public_key_id(&self) -> &str {
        &self.public_key_id
    }

    /// Where users may be sent after consent.
    pub fn redirect_uris(&self) -> &[Url] {
        &self.redirect_uris
    }

    pub(super) fn may_use(&self, grant_type: GrantType) -> Result<(), OAuthError> {
        if self.grant_types.contains(&grant_type) { Ok(()) } else { Err(OAuthError::GRANT_TYPE_UNAUTHORIZED) }
    }

    pub(super) fn set_secret(&mut self, secret: String) {
        self.secret = secret;
    }

    /// Applies what is given; all or nothing.
    pub(super) fn change(&mut self, settings: Settings) -> Result<(), String> {
        if let Some(uris) = settings.redirect_uris {
            self.redirect_uris = uris.iter().map(|uri| redirect::register(uri)).collect::<Result<_, _>>()?;
        }
        set(&mut self.secret, settings.client_secret);
        set(&mut self.scopes, settings.scopes);
        set(&mut self.denied_scopes, settings.denied_scopes);
        set(&mut self.grant_types, settings.grant_types);
        set(&mut self.authorized, settings.authorized);
        set(&mut self.user_tokens, settings.user_tokens);
        set(&mut self.public_key_id, settings.public_key_id);
        set(&mut self.public_key, settings.public_key);
        Ok(())
    }
}

fn as_strings<S: serde::Serializer>(uris: &[Url], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(uris.iter().map(Url::as_str))
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// What the control API changes of a client; what is absent stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which client; the first one if absent.
    pub client_id: Option<String>,
    client_secret: Option<String>,
    redirect_uris: Option<Vec<String>>,
    scopes: Option<Scopes>,
    denied_scopes: Option<Scopes>,
    grant_types: Option<Vec<GrantType>>,
    authorized: Option<bool>,
    user_tokens: Option<bool>,
    public_key_id: Option<String>,
    public_key: Option<PublicKey>,
}

/// At least one client, the one of the ready line.
#[derive(Debug)]
pub(super) struct Clients {
    first: Client,
    others: Vec<Client>,
}

impl Clients {
    pub(super) const FIRST: ClientId = ClientId(0);

    pub(super) fn new(first: Client) -> Self {
        Self { first, others: Vec::new() }
    }

    pub(super) fn add(&mut self, client: Client) -> ClientId {
        self.others.push(client);
        ClientId(self.others.len())
    }

    pub(super) fn get(&self, id: ClientId) -> &Client {
        id.0.checked_sub(1).and_then(|at| self.others.get(at)).unwrap_or(&self.first)
    }

    pub(super) fn get_mut(&mut self, id: ClientId) -> &mut Client {
        id.0.checked_sub(1).and_then(|at| self.others.get_mut(at)).unwrap_or(&mut self.first)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Client> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub(super) fn find(&self, client_id: &str) -> Option<ClientId> {
        self.iter().position(|client| client.id == client_id).map(ClientId)
    }

    /// Credentials count in the body only: Box refuses HTTP Basic (scribejava/scribejava#842), whatever else is sent.
    pub(super) fn authenticate(
        &self,
        form: &Form,
        authorization: Option<&str>,
    ) -> Result<ClientId, OAuthError> {
        let id = self.identify(form, authorization)?;
        let secret_fits = form.get("client_secret") == Some(self.get(id).secret());
        if secret_fits { Ok(id) } else { Err(OAuthError::BAD_CLIENT) }
    }

    /// Who a request says it comes from; its secret is not looked at.
    pub(super) fn identify(&self, form: &Form, authorization: Option<&str>) -> Result<ClientId, OAuthError> {
        let named = form.get("client_id").and_then(|id| self.find(id));
        named.filter(|_| authorization.is_none()).ok_or(OAuthError::BAD_CLIENT)
    }
}
