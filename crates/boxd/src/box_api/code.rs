//! The answer to the exchange of a login's code (RFC 6749 sections 4.1.4 and 5.2).

use std::time::Duration;

use boxd_engine::{AccessToken, Exchange, RefreshToken, Reply, reply};
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Refusal, unreadable, wait};

/// A new grant.
#[derive(Debug)]
pub struct CodeTokens {
    /// The access token.
    pub access: AccessToken,
    /// The refresh token.
    pub refresh: RefreshToken,
    /// The access token's life, from when it was asked for; zero where Box did not tell.
    pub expires_in: Duration,
}

/// Why a login did not end in a grant. A code works once and for 30 s, so the next step is another login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// `invalid_grant`: expired, used, or issued to another application. With Box's description.
    #[error("Box refused the code ({0}): it works once and for 30 s; log in again")]
    InvalidCode(String),
    /// `invalid_client`.
    #[error(
        "Box refused the client id or client secret ({0}): compare both with the app in Box's developer \
         console, then log in again"
    )]
    InvalidClient(String),
    /// The user must set a new password.
    #[error("the Box user must reset their password first: sign in at box.com, then log in again")]
    PasswordReset,
    /// The user must accept the enterprise's terms of service.
    #[error("the Box user must accept the terms of service first: sign in at box.com, then log in again")]
    TermsOfService,
    /// Any other refusal, such as `unauthorized_client`.
    #[error(
        "Box refused the login ({0}): check the app in Box's developer console, or have an administrator \
         authorize it, then log in again"
    )]
    Refused(String),
    /// Box asks to slow down.
    #[error("Box asks to wait{} before the next login", wait(*retry_after))]
    Throttled {
        /// For how long, where it told.
        retry_after: Option<Duration>,
    },
    /// The code was not sent.
    #[error("Box cannot be reached: {0}; log in again")]
    Unreachable(String),
    /// The code may have been spent, but no whole answer came back.
    #[error("the answer of Box was lost ({0}); log in again")]
    Lost(String),
    /// An answer that is not one of Box's own, as from a proxy or a captive portal.
    #[error("unexpected answer instead of Box's: {0}; check token_url and the network, then log in again")]
    Unexpected(String),
}

#[derive(Deserialize)]
struct Success {
    access_token: String,
    refresh_token: String,
    #[serde(default)]
    expires_in: Value,
}

/// What came of [`super::BoxApi::authorization_code`].
pub fn read(exchange: &Exchange) -> Result<CodeTokens, CodeError> {
    match exchange {
        Exchange::Unprepared(reason) | Exchange::NotSent(reason) => {
            Err(CodeError::Unreachable(reason.clone()))
        }
        Exchange::Lost(reason) => Err(CodeError::Lost(reason.clone())),
        Exchange::Reply(reply) => match reply.status {
            200 => granted(reply),
            429 => Err(CodeError::Throttled { retry_after: reply.retry_after }),
            409 | 500.. => Err(CodeError::Lost(format!("HTTP status {}", reply.status))),
            _ => Err(refused(reply)),
        },
    }
}

fn granted(reply: &Reply) -> Result<CodeTokens, CodeError> {
    let success: Success =
        serde_json::from_slice(&reply.body).map_err(|error| CodeError::Lost(unreadable(&error)))?;
    if success.access_token.is_empty() || success.refresh_token.is_empty() {
        return Err(CodeError::Lost("an answer with an empty token".to_owned()));
    }
    Ok(CodeTokens {
        access: AccessToken::new(success.access_token),
        refresh: RefreshToken::new(success.refresh_token),
        expires_in: reply::life(&success.expires_in),
    })
}

fn refused(reply: &Reply) -> CodeError {
    let Some(refusal) = Refusal::of(reply) else {
        return CodeError::Unexpected(format!("HTTP status {} with a foreign body", reply.status));
    };
    match refusal.error.as_str() {
        "invalid_grant" => CodeError::InvalidCode(refusal.told()),
        "invalid_client" => CodeError::InvalidClient(refusal.told()),
        "password_reset_required" => CodeError::PasswordReset,
        "terms_of_service_required" => CodeError::TermsOfService,
        "temporarily_unavailable" | "rate_limit_exceeded" => {
            CodeError::Throttled { retry_after: reply.retry_after }
        }
        // It failed half-way, and nobody knows where.
        "server_error" => CodeError::Lost(refusal.told()),
        _ => CodeError::Refused(refusal.told()),
    }
}
