//! Requests to Box: one for each grant, revoke, and who the user is.
//!
//! Each is sent at most once, but for an assertion that a wrong clock spoiled ([`BoxApi::jwt`]); what came of it is told apart as far as it can be known
//! ([`boxd_engine::Exchange`]), because sending a used refresh token and losing an unused one differ.

mod answer;
mod ca_file;
mod client;
pub mod code;
mod date;
pub mod downscope;
pub mod endpoint;
mod exchange;
mod grants;
mod jwt;
mod observed;
mod reach;
mod retry_after;
#[cfg(test)]
mod tests;

use std::time::Duration;

use boxd_engine::{AccessToken, ClientSecret, Exchange, Reply, User};
use bytes::Bytes;
use reqwest::{
    Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;
use zeroize::Zeroizing;

pub use ca_file::{UnusableCaFile, certificates_in};
use client::Keep;
pub use client::ProxyEnvironment;
pub(crate) use client::{Clients, Unbuilt};
pub use code::{CodeError, CodeTokens};
pub use downscope::{DownscopeError, DownscopedToken};
pub use endpoint::{BoxUrl, Endpoint, EndpointSettings, InvalidEndpoint, ProxyUrl};
use exchange::Answered;
pub(crate) use exchange::describe;
pub use grants::Target;
pub use jwt::{JwtGrant, Present, Skew};

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For name lookup, TCP, proxy and TLS together.
    pub connect: Duration,
    /// From the start until the answer is read whole; longer than `connect`.
    pub total: Duration,
}

impl Default for Deadlines {
    /// 10 s to connect, and 60 s in all: waiting is free while the old token lives, and an answer that is
    /// not awaited leaves the grant in doubt.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), total: Duration::from_mins(1) }
    }
}

/// The way to Box, shared by all accounts.
#[derive(Debug)]
pub struct BoxApi {
    clients: Clients,
    deadlines: Deadlines,
}

/// Why it is not known whose token it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeError {
    /// Box does not take the token (401).
    #[error("Box does not accept the access token")]
    Rejected,
    /// No answer.
    #[error("no answer from Box: {0}")]
    Unreachable(String),
    /// An answer that names no user.
    #[error("unexpected answer from Box: {0}")]
    Unexpected(String),
}

#[derive(Deserialize)]
struct Me {
    id: String,
    #[serde(default)]
    login: String,
    #[serde(default)]
    name: String,
}

impl BoxApi {
    /// Nothing is connected or read yet.
    pub fn new(deadlines: Deadlines, environment: ProxyEnvironment) -> Self {
        let clients = Clients::new(deadlines.connect, environment, Keep::Nothing);
        Self { clients, deadlines }
    }

    /// Clients for calls that are passed through: they have no deadline but the one to connect, take the same ways,
    /// and keep a connection for the next call for a moment.
    pub(crate) fn clients_for_calls(&self) -> Clients {
        self.clients.of_another_kind(Keep::AMoment)
    }

    /// Spends a refresh token (RFC 6749 section 6, with the credentials in the body: Box refuses HTTP
    /// Basic). The caller notes the time before it calls.
    pub async fn refresh(
        &self,
        endpoint: &Endpoint,
        client_id: &str,
        client_secret: &ClientSecret,
        refresh_token: &str,
    ) -> Exchange {
        let body = exchange::form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
        ]);
        self.post(endpoint, &endpoint.token_url, body).await.exchange
    }

    /// Revokes a token pair by either of its tokens (RFC 7009; Box: guide "Revoke token"). Box answers
    /// 200 with an empty body.
    pub async fn revoke(
        &self,
        endpoint: &Endpoint,
        client_id: &str,
        client_secret: &ClientSecret,
        token: &str,
    ) -> Exchange {
        let body = exchange::form(&[
            ("token", token),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
        ]);
        self.post(endpoint, &endpoint.revoke_url, body).await.exchange
    }

    /// The user that a token acts for (`GET /2.0/users/me`). At Box this first use of a new access token
    /// is what ends the pair before it.
    pub async fn me(&self, endpoint: &Endpoint, token: &AccessToken) -> Result<User, MeError> {
        let bearer = Zeroizing::new(format!("Bearer {}", token.expose()));
        let mut bearer = HeaderValue::from_str(&bearer)
            .map_err(|_invalid| MeError::Unexpected("a token that fits no header".to_owned()))?;
        bearer.set_sensitive(true);
        let mut request = Request::new(Method::GET, endpoint.api_url.below("2.0/users/me"));
        request.headers_mut().insert(AUTHORIZATION, bearer);
        match self.send(endpoint, &endpoint.api_url, request).await.exchange {
            Exchange::Reply(reply) => user(&reply),
            Exchange::Unprepared(reason) | Exchange::NotSent(reason) | Exchange::Lost(reason) => {
                Err(MeError::Unreachable(reason))
            }
        }
    }

    /// Reads trust store and `ca_file` anew for the next request: for a reload of the configuration.
    pub fn reload(&self) {
        self.clients.forget_all();
    }

    async fn post(&self, endpoint: &Endpoint, url: &BoxUrl, body: Bytes) -> Answered {
        let mut request = Request::new(Method::POST, url.as_url().clone());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        *request.body_mut() = Some(body.into());
        self.send(endpoint, url, request).await
    }

    async fn send(&self, endpoint: &Endpoint, url: &BoxUrl, mut request: Request) -> Answered {
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let client = match self.clients.get(endpoint, url).await {
            Ok(client) => client,
            // A person's matter, not the network's.
            Err(unbuilt @ client::Unbuilt::Anchor(_)) => {
                return Exchange::Unprepared(unbuilt.to_string()).into();
            }
            Err(unbuilt) => return Exchange::NotSent(unbuilt.to_string()).into(),
        };
        let answered = exchange::exchange(&client, request, self.deadlines.total).await;
        if matches!(answered.exchange, Exchange::NotSent(_)) {
            self.clients.forget(endpoint, url);
        }
        answered
    }
}

fn user(reply: &Reply) -> Result<User, MeError> {
    match reply.status {
        200 => serde_json::from_slice::<Me>(&reply.body)
            .map(|me| User { id: me.id, login: me.login, name: me.name })
            .map_err(|error| {
                MeError::Unexpected(format!("unreadable at line {}, column {}", error.line(), error.column()))
            }),
        401 => Err(MeError::Rejected),
        status => Err(MeError::Unexpected(format!("HTTP status {status}"))),
    }
}
