//! Token endpoints for programs that renew by OAuth: their tokens are those that any client gets.

use std::{pin::Pin, sync::Arc};

use boxd_engine::{AccessToken, BootTime};
use boxd_proto::{
    AuditWay, Code, OpenTokenEndpoint, Problem, Rejected, Response, ScopedTokenRequest, Token, TokenRequest,
};
use futures_util::{Stream, stream};

use super::{Broker, account::Account, problems};
use crate::{
    access::Right,
    box_api::MeError,
    peer::Caller,
    token_endpoint::{OpenEndpoint, OpenError, Tokens},
};

/// How long a program waits at its endpoint for a token that is not at hand, in milliseconds.
const WAIT_MILLIS: u32 = 25_000;
/// Renames that an endpoint follows from its beginning on.
const MOST_RENAMES: usize = 64;

/// What one endpoint hands out, and for whom.
#[derive(Debug)]
struct Handout {
    broker: Broker,
    account: Arc<Account>,
    request: ScopedTokenRequest,
    caller: Arc<Caller>,
}

impl Broker {
    /// Opens an endpoint that is there for as long as the stream.
    pub(super) async fn open_token_endpoint(
        &self,
        caller: &Arc<Caller>,
        open: OpenTokenEndpoint,
    ) -> Result<Pin<Box<dyn Stream<Item = Response> + Send>>, Problem> {
        let (account, _) = self.permitted(caller, open.tokens.token.account.as_deref(), Right::Token)?;
        let name = account.name.clone();
        let token = TokenRequest { wait_millis: Some(WAIT_MILLIS), ..TokenRequest::default() };
        let request = ScopedTokenRequest { token, ..open.tokens };
        let handout = Handout { broker: self.clone(), account, request, caller: Arc::clone(caller) };
        // It is the one that the program was started with, or will be.
        let known = handout.token(None).await?.generation;
        let endpoint = OpenEndpoint::open(handout, Some(known), open.again.as_ref()).map_err(|error| {
            let (code, next_step) = match error {
                OpenError::Foreign => (Code::BadRequest, "ask for a new one"),
                OpenError::Bind(_) | OpenError::NoRandom => (Code::Internal, "try again"),
            };
            problems::problem(code, &name, error.to_string(), next_step.into())
        })?;
        tracing::info!(account = %name, url = endpoint.told().url, peer = %caller.peer, "a token endpoint is open");
        let first = Response::TokenEndpoint(Box::new(endpoint.told().clone()));
        Ok(Box::pin(stream::unfold((Some(first), endpoint), async |(first, endpoint)| match first {
            Some(first) => Some((first, (None, endpoint))),
            None => std::future::pending().await,
        })))
    }
}

impl Handout {
    /// The account as it is called now.
    fn account(&self) -> Arc<Account> {
        let mut account = Arc::clone(&self.account);
        for _ in 0..MOST_RENAMES {
            match account.moved_to() {
                Some(renamed) => account = renamed,
                None => break,
            }
        }
        account
    }
}

impl Tokens for Handout {
    fn boot(&self) -> BootTime {
        self.broker.clock.boot()
    }

    async fn token(&self, refused: Option<u64>) -> Result<Token, Problem> {
        let mut request = self.request.clone();
        request.token.account = Some(self.account().name.as_str().to_owned());
        request.token.rejected = refused.map_or(Rejected::No, Rejected::Generation);
        Ok(self.broker.scoped_token(&self.caller, request, AuditWay::Endpoint).await?.token)
    }

    async fn is_refused(&self, token: &Token) -> bool {
        let account = self.account();
        let Ok(effective) = self.broker.effective(&account) else { return false };
        let access = AccessToken::new(token.access_token.expose());
        let refused = self.broker.api.me(&effective.endpoint, &access).await == Err(MeError::Rejected);
        tracing::info!(account = %account.name, generation = token.generation, refused, "a program renews early");
        refused
    }
}
