//! The authorization endpoint (RFC 6749, section 4.1.1): what a request must bring, and what a user's answer gives.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use url::Url;

use super::client::{ClientId, Clients};
use super::code::Code;
use super::scope::Scopes;
use super::user::UserId;
use super::{Form, Provider, redirect};
use crate::base64url;

/// What the user says on the consent page; [`Answer::Ask`]: there is a page.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing before being asked.
    #[default]
    Ask,
    /// Yes.
    Grant,
    /// No.
    Deny,
}

/// A request that may be put before a user.
#[derive(Clone, Debug)]
pub struct Request {
    client: ClientId,
    redirect_uri: Url,
    /// As sent; only then the exchange may name it, and has to name the same.
    given_uri: Option<String>,
    state: Option<String>,
    scope: Scopes,
    challenge: Option<Challenge>,
}

/// Why a request is not put before a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Shown on a page: there is nowhere that one could safely be sent.
    Page {
        /// Box's name for it.
        error: &'static str,
        /// For people.
        description: String,
    },
    /// Sent to the app.
    Redirect(Url),
}

/// SHA-256 of a PKCE verifier (RFC 7636, section 4.2).
#[derive(Clone, Debug)]
pub(super) struct Challenge(Vec<u8>);

impl Challenge {
    /// Without a method it is S256 too: Box CLI sends it so.
    fn of(query: &Form) -> Result<Option<Self>, &'static str> {
        let Some(challenge) = query.get("code_challenge") else { return Ok(None) };
        if !matches!(query.get("code_challenge_method"), None | Some("S256")) {
            return Err("code_challenge_method must be S256");
        }
        let hash = base64url::decode(challenge).filter(|hash| hash.len() == SHA256.output_len());
        hash.map(|hash| Some(Self(hash))).ok_or("code_challenge is not a SHA-256 in base64url")
    }

    pub(super) fn is_met_by(&self, verifier: &str) -> bool {
        (43..=128).contains(&verifier.len()) && digest(&SHA256, verifier.as_bytes()).as_ref() == self.0
    }
}

pub(super) fn request(clients: &Clients, query: &Form) -> Result<Request, Refusal> {
    let page = |error, description: &str| Refusal::Page { error, description: description.to_owned() };
    let named = query.get("client_id").and_then(|id| clients.find(id));
    let id = named.ok_or_else(|| page("invalid_client", "There is no app with this client_id."))?;
    let client = clients.get(id);
    let given_uri = query.get("redirect_uri").map(str::to_owned);
    let redirect_uri = match (&given_uri, client.redirect_uris()) {
        (None, [only]) => only.clone(),
        (None, _) => {
            let text = "The app lists several redirect URIs, so that the request has to name one.";
            return Err(page("redirect_uri_missing", text));
        }
        (Some(given), registered) => {
            let asked = Url::parse(given).ok();
            let fits = asked.filter(|asked| registered.iter().any(|known| redirect::matches(known, asked)));
            let text = "The redirect URI of the request is none of those that the app lists.";
            fits.ok_or_else(|| page("redirect_uri_mismatch", text))?
        }
    };
    let state = query.get("state").map(str::to_owned);
    let back = |error, text: &str| Refusal::Redirect(refused(&redirect_uri, state.as_deref(), error, text));
    if query.get("response_type") != Some("code") {
        return Err(back("unsupported_response_type", "response_type must be code"));
    }
    let challenge = Challenge::of(query).map_err(|text| back("invalid_request", text))?;
    let scope = Scopes::parse(query.get("scope").unwrap_or_default());
    if let Some(scope) = client.scopes.first_missing(&scope) {
        return Err(back("invalid_scope", &format!("The requested scope is invalid: {scope}")));
    }
    Ok(Request { client: id, redirect_uri, given_uri, state, scope, challenge })
}

/// Where the browser goes with the user's answer.
pub(super) fn answer(provider: &mut Provider, now: i64, request: Request, user: Option<UserId>) -> Url {
    let Request { client, redirect_uri, given_uri, state, scope, challenge } = request;
    let Some(user) = user else {
        let text = "The user denied access to your application";
        return refused(&redirect_uri, state.as_deref(), "access_denied", text);
    };
    let holder = super::Holder { client, user, scope };
    let code = Code::issue(provider, now, holder, given_uri, challenge);
    let mut location = redirect_uri;
    location.query_pairs_mut().append_pair("code", &code).extend_pairs(state.map(|state| ("state", state)));
    location
}

fn refused(redirect_uri: &Url, state: Option<&str>, error: &str, description: &str) -> Url {
    let mut location = redirect_uri.clone();
    let mut pairs = location.query_pairs_mut();
    pairs.append_pair("error", error).append_pair("error_description", description);
    pairs.extend_pairs(state.map(|state| ("state", state)));
    drop(pairs);
    location
}
