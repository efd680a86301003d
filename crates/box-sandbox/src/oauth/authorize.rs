//! Authorization requests (RFC 6749, section 4.1.1): what one must bring to be put before a user.

use serde::{Deserialize, Serialize};
use url::Url;

use super::challenge::Challenge;
use super::client::Clients;
use super::form::Form;
use super::id::ClientId;
use super::redirect;
use super::scope::Scopes;

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
    pub(super) client: ClientId,
    pub(super) redirect_uri: Url,
    /// As sent; only then the exchange may name it, and has to name the same.
    pub(super) given_uri: Option<String>,
    pub(super) state: Option<String>,
    pub(super) scope: Scopes,
    pub(super) challenge: Option<Challenge>,
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

/// The address that takes an error back to the app (RFC 6749, section 4.1.2.1).
pub(super) fn refused(redirect_uri: &Url, state: Option<&str>, error: &str, description: &str) -> Url {
    let mut location = redirect_uri.clone();
    let mut pairs = location.query_pairs_mut();
    pairs.append_pair("error", error).append_pair("error_description", description);
    pairs.extend_pairs(state.map(|state| ("state", state)));
    drop(pairs);
    location
}
