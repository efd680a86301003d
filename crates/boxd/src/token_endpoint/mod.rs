//! OAuth token endpoints on the loopback interface: a program that renews its token by RFC 6749 section 6 renews it from
//! boxd, and never holds a refresh token that Box knows.
//!
//! An endpoint has secrets of its own and lives as long as the value that opened it. It hands out the token that boxd has,
//! and spends nothing by itself. A program that asks although it was handed the current token before may have been refused
//! with it by Box: then boxd asks Box (four times at once, in the long run every 30 s), and only where Box says 401 the token
//! is taken for rejected, as if the program had said so by boxd's own protocols. A program that asks in a loop burns no
//! grant.

mod answer;
mod credentials;
mod listener;
mod request;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

use boxd_engine::BootTime;
use boxd_proto::{Problem, Token, TokenEndpoint};
use tokio::task::AbortHandle;

use self::{answer::Desk, credentials::Credentials, listener::Listener};

/// Where the tokens of one endpoint come from.
pub trait Tokens: Send + Sync + 'static {
    /// The present token; not the one of generation `refused`.
    fn token(&self, refused: Option<u64>) -> impl Future<Output = Result<Token, Problem>> + Send;

    /// The interval clock.
    fn boot(&self) -> BootTime;

    /// Whether Box refuses this token now.
    fn is_refused(&self, token: &Token) -> impl Future<Output = bool> + Send;
}

/// An endpoint that is open; dropped, it is closed.
#[derive(Debug)]
pub struct OpenEndpoint {
    told: TokenEndpoint,
    serving: AbortHandle,
}

/// Why an endpoint is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What is to be opened again was none of ours.
    #[error("that is no token endpoint of boxd")]
    Foreign,
    /// No port for it.
    #[error("no port for a token endpoint: {0}")]
    Bind(#[from] io::Error),
    /// No secrets for it.
    #[error("the system gives no random numbers")]
    NoRandom,
}

// === impl OpenEndpoint ===

impl OpenEndpoint {
    /// Opens one at any free port, or again where it was. `known` is the token that the program has already.
    ///
    /// # Errors
    /// Where the port is taken, or `again` was never an endpoint.
    pub fn open<T: Tokens>(
        tokens: T,
        known: Option<u64>,
        again: Option<&TokenEndpoint>,
    ) -> Result<Self, OpenError> {
        let (credentials, port) = match again {
            Some(again) => Credentials::again(again).ok_or(OpenError::Foreign)?,
            None => (Credentials::random().ok_or(OpenError::NoRandom)?, 0),
        };
        let listener = Listener::bind(port)?;
        let told = credentials.told(listener.port());
        let desk = Arc::new(Desk::new(tokens, credentials, listener.port(), known));
        let serving = tokio::spawn(listener.serve(desk)).abort_handle();
        Ok(Self { told, serving })
    }

    /// What the program must know of it.
    pub fn told(&self) -> &TokenEndpoint {
        &self.told
    }
}

impl Drop for OpenEndpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
