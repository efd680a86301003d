//! The answer to a request for a downscoped token (RFC 8693 section 2.2; Box: guide "Downscope a token").

use std::time::Duration;

use boxd_engine::{AccessToken, Exchange, Reply, reply};
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Refusal, unreadable, wait};

/// A token with fewer rights than its parent. It has no refresh token.
#[derive(Debug)]
pub struct DownscopedToken {
    /// The token.
    pub access: AccessToken,
    /// Its life, from when it was asked for; zero where Box did not tell.
    pub expires_in: Duration,
    /// What Box says it is restricted to: a JSON array of scopes with their objects, `[]` where it did not tell.
    pub restricted_to: String,
}

/// Why there is no downscoped token. Nothing was spent in any case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownscopeError {
    /// Box does not grant the scope, or not for this file, folder or link. With its description.
    #[error(
        "Box does not grant this scope or resource ({0}): ask for fewer scopes, or give the app more in Box's \
         developer console"
    )]
    InvalidScope(String),
    /// Box does not take the parent token (any more).
    #[error("Box does not accept the access token that was to be downscoped; renew it and ask again")]
    ParentRejected,
    /// Box asks to slow down.
    #[error("Box asks to wait{} before the next downscoped token", wait(*retry_after))]
    Throttled {
        /// For how long, where it told.
        retry_after: Option<Duration>,
    },
    /// No answer, or one of a server that fails.
    #[error("no answer from Box: {0}; try again")]
    Unreachable(String),
    /// Any other answer.
    #[error("Box refused to downscope the token: {0}")]
    Unexpected(String),
}

#[derive(Deserialize)]
struct Success {
    access_token: String,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    restricted_to: Value,
}

/// What came of [`super::BoxApi::token_exchange`].
pub fn read(exchange: &Exchange) -> Result<DownscopedToken, DownscopeError> {
    match exchange {
        Exchange::Unprepared(reason) | Exchange::NotSent(reason) | Exchange::Lost(reason) => {
            Err(DownscopeError::Unreachable(reason.clone()))
        }
        Exchange::Reply(reply) => match reply.status {
            200 => granted(reply),
            429 => Err(DownscopeError::Throttled { retry_after: reply.retry_after }),
            503 if reply.retry_after.is_some() => {
                Err(DownscopeError::Throttled { retry_after: reply.retry_after })
            }
            500.. => Err(DownscopeError::Unreachable(format!("HTTP status {}", reply.status))),
            _ => Err(refused(reply)),
        },
    }
}

fn granted(reply: &Reply) -> Result<DownscopedToken, DownscopeError> {
    let success: Success = serde_json::from_slice(&reply.body)
        .map_err(|error| DownscopeError::Unexpected(unreadable(&error)))?;
    if success.access_token.is_empty() {
        return Err(DownscopeError::Unexpected("an answer with an empty token".to_owned()));
    }
    let restricted_to = match &success.restricted_to {
        list @ Value::Array(_) => list.to_string(),
        _ => "[]".to_owned(),
    };
    Ok(DownscopedToken {
        access: AccessToken::new(success.access_token),
        expires_in: reply::life(&success.expires_in),
        restricted_to,
    })
}

fn refused(reply: &Reply) -> DownscopeError {
    let refusal = Refusal::of(reply);
    match (&refusal, reply.status) {
        (Some(refusal), _) => match refusal.error.as_str() {
            // `invalid_target` (RFC 8693 section 2.2.2), in Box's words `invalid_resource`: the scope is right, the
            // resource is not.
            "invalid_scope" | "invalid_target" | "invalid_resource" => {
                DownscopeError::InvalidScope(refusal.told())
            }
            "invalid_grant" | "invalid_token" | "expired_token" => DownscopeError::ParentRejected,
            "temporarily_unavailable" | "rate_limit_exceeded" => {
                DownscopeError::Throttled { retry_after: reply.retry_after }
            }
            "server_error" => DownscopeError::Unreachable(refusal.told()),
            _ => DownscopeError::Unexpected(refusal.told()),
        },
        // Box's 401 has an empty body as a rule, and says why in a header.
        (None, 401) => DownscopeError::ParentRejected,
        (None, status) => DownscopeError::Unexpected(format!("HTTP status {status}")),
    }
}
