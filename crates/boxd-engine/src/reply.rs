//! The one table that classifies what came of a request to Box.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    secret::{AccessToken, RefreshToken},
    trouble::Trouble,
};

/// Longest life that is believed of an access token; longer ones are renewed as if they had this one.
pub const LONGEST_LIFE: Duration = Duration::from_hours(24 * 365);

/// What came of one request.
#[derive(Debug)]
pub enum Exchange {
    /// It was not even attempted: a secret or key of the application cannot be had.
    Unprepared(String),
    /// It certainly did not leave: DNS, connect, proxy CONNECT or TLS failed.
    NotSent(String),
    /// Its first byte may have left, but no whole answer came back.
    Lost(String),
    /// An answer.
    Reply(Reply),
}

/// An answer of Box, or of something in between that pretends to be Box.
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, where it was a number of seconds or a date.
    pub retry_after: Option<Duration>,
    /// The body, possibly with secrets in it; empty where it was empty.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("retry_after", &self.retry_after)
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .finish()
    }
}

/// A successful answer of the token endpoint (RFC 6749 section 5.1).
#[derive(Debug)]
pub struct TokenResponse {
    /// The new access token.
    pub access: AccessToken,
    /// The new refresh token.
    pub refresh: RefreshToken,
    /// Its life. Box's varies between 60 and 80 minutes and is never assumed; zero where it was not told.
    pub expires_in: Duration,
}

/// What an answer means for the grant.
#[derive(Debug)]
pub enum Verdict {
    /// A successor.
    Granted(TokenResponse),
    /// Nothing was spent; try again.
    Harmless {
        /// What happened.
        trouble: Trouble,
        /// The wait that Box asked for.
        retry_after: Option<Duration>,
    },
    /// The token may have been spent; send the same one again.
    Doubt {
        /// What happened.
        trouble: Trouble,
        /// The wait that Box asked for.
        retry_after: Option<Duration>,
    },
    /// `invalid_grant`: the token is dead, unless an earlier answer is missing. With Box's description.
    InvalidGrant(String),
    /// A person must change something; the token was not spent.
    Operator(Trouble),
}

#[derive(Deserialize)]
struct Success {
    access_token: String,
    refresh_token: String,
    #[serde(default)]
    expires_in: serde_json::Value,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// Classifies the answer to a refresh request.
///
/// Whatever is not certainly one of Box's own OAuth answers leaves doubt: a captive portal, a proxy's
/// error page, a truncated body. Sending the same token again is safe; throwing it away is not.
pub fn classify(exchange: &Exchange) -> Verdict {
    match exchange {
        Exchange::NotSent(reason) => {
            Verdict::Harmless { trouble: Trouble::Unreachable(reason.clone()), retry_after: None }
        }
        Exchange::Unprepared(reason) => Verdict::Operator(Trouble::Unprepared(reason.clone())),
        Exchange::Lost(reason) => doubt(reason.clone(), None),
        Exchange::Reply(reply) => match reply.status {
            200 => granted(reply),
            429 => Verdict::Harmless { trouble: Trouble::Throttled, retry_after: reply.retry_after },
            400 | 401 | 403 => refused(reply),
            status => doubt(format!("HTTP status {status}"), reply.retry_after),
        },
    }
}

/// What an answer to a request for a minted token (CCG or JWT) means.
#[derive(Debug)]
pub enum Minting {
    /// A token.
    Granted {
        /// The token.
        access: AccessToken,
        /// Its life; zero where it was not told.
        expires_in: Duration,
    },
    /// Try again: nothing is lost by an answer that never came.
    Harmless {
        /// What happened.
        trouble: Trouble,
        /// The wait that Box asked for.
        retry_after: Option<Duration>,
    },
    /// A person must change something.
    Operator(Trouble),
}

#[derive(Deserialize)]
struct Minted {
    access_token: String,
    #[serde(default)]
    expires_in: serde_json::Value,
}

/// Classifies the answer to a client-credentials or JWT request. Without a refresh token no doubt can arise, and
/// `invalid_grant` speaks of the application: a person must look at it.
pub fn classify_minting(exchange: &Exchange) -> Minting {
    if let Exchange::Reply(reply) = exchange
        && reply.status == 200
        && let Ok(minted) = serde_json::from_slice::<Minted>(&reply.body)
        && !minted.access_token.is_empty()
    {
        let expires_in = life(&minted.expires_in);
        return Minting::Granted { access: AccessToken::new(minted.access_token), expires_in };
    }
    match classify(exchange) {
        Verdict::Harmless { trouble, retry_after } | Verdict::Doubt { trouble, retry_after } => {
            Minting::Harmless { trouble, retry_after }
        }
        Verdict::InvalidGrant(described) | Verdict::Operator(Trouble::Refused(described)) => {
            Minting::Operator(Trouble::AppRefused(described))
        }
        Verdict::Operator(trouble) => Minting::Operator(trouble),
        // Unreachable: an answer with an access token was taken above.
        Verdict::Granted(_) => Minting::Harmless {
            trouble: Trouble::AnswerLost("an unreadable answer".into()),
            retry_after: None,
        },
    }
}

fn granted(reply: &Reply) -> Verdict {
    match serde_json::from_slice::<Success>(&reply.body) {
        Ok(success) if !success.access_token.is_empty() && !success.refresh_token.is_empty() => {
            Verdict::Granted(TokenResponse {
                expires_in: life(&success.expires_in),
                access: AccessToken::new(success.access_token),
                refresh: RefreshToken::new(success.refresh_token),
            })
        }
        Ok(_) => doubt("an answer with an empty token".into(), None),
        // The position is safe to tell; serde_json's own text could quote the body.
        Err(error) => {
            doubt(format!("an unreadable answer (line {}, column {})", error.line(), error.column()), None)
        }
    }
}

/// `expires_in` in seconds, as a number or as a string that holds one; anything else is a life of zero.
pub fn life(expires_in: &serde_json::Value) -> Duration {
    let seconds = match expires_in {
        serde_json::Value::Number(number) => number.as_f64(),
        serde_json::Value::String(text) => text.trim().parse::<f64>().ok(),
        _ => None,
    };
    seconds
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds.floor()).ok())
        .unwrap_or_default()
        .min(LONGEST_LIFE)
}

fn refused(reply: &Reply) -> Verdict {
    let Ok(failure) = serde_json::from_slice::<Failure>(&reply.body) else {
        return doubt(format!("HTTP status {} with a foreign body", reply.status), reply.retry_after);
    };
    let described = describe(&failure);
    match failure.error.as_str() {
        "invalid_grant" => Verdict::InvalidGrant(described),
        "invalid_client" => Verdict::Operator(Trouble::InvalidClient(described)),
        "unauthorized_client" => Verdict::Operator(Trouble::UnauthorizedClient(described)),
        "password_reset_required" => Verdict::Operator(Trouble::PasswordReset),
        "terms_of_service_required" => Verdict::Operator(Trouble::TermsOfService),
        // It failed half-way, and nobody knows where.
        "server_error" => doubt(described, reply.retry_after),
        "temporarily_unavailable" | "rate_limit_exceeded" => {
            Verdict::Harmless { trouble: Trouble::Throttled, retry_after: reply.retry_after }
        }
        _ => Verdict::Operator(Trouble::Refused(described)),
    }
}

fn doubt(reason: String, retry_after: Option<Duration>) -> Verdict {
    Verdict::Doubt { trouble: Trouble::AnswerLost(reason), retry_after }
}

/// Box's error and description, made fit for a log line: bounded, and without control characters.
fn describe(failure: &Failure) -> String {
    let text = match &failure.error_description {
        Some(description) => format!("{}: {description}", failure.error),
        None => failure.error.clone(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests;
