//! Lends accounts' tokens to calls that are passed through to Box's API.

use std::sync::Arc;

use boxd_engine::Ask;
use boxd_proto::{ApiRequest, Code, Problem, TokenRequest};
use hyper::header::HeaderValue;
use zeroize::Zeroizing;

use super::{Broker, account::Account, problems, tokens::wait_of};
use crate::{
    passthrough::{Bearer, Bearers, native},
    server::{Peer, Reply},
};

impl Broker {
    /// A call of the native protocol.
    pub(super) fn answer_call(&self, peer: &Peer, call: ApiRequest) -> Reply {
        native::answer(self.clone(), self.ways.clone(), *peer, call)
    }

    async fn bearer_of(
        &self,
        peer: &Peer,
        account: &Arc<Account>,
        refused: Option<&Bearer>,
    ) -> Result<Bearer, Problem> {
        let at_hand =
            refused.is_none().then(|| self.token_at_hand(account, &TokenRequest::default())).flatten();
        let (token, generation) = if let Some(token) = &at_hand {
            (token.access_token.expose().to_owned(), boxd_engine::Generation(token.generation))
        } else {
            let until = self.clock.boot().after(wait_of(None));
            let rejected = refused.map(|bearer| bearer.generation);
            let ask = Ask { min_ttl: std::time::Duration::ZERO, rejected, until };
            let served = self.served(account, ask, Some(peer)).await?;
            (served.access.expose().to_owned(), served.generation)
        };
        let token = Zeroizing::new(token);
        let act = |detail: String| {
            let next_step = "correct the config, then: boxctl reload".to_owned();
            problems::problem(Code::ActionRequired, &account.name, detail, next_step)
        };
        let endpoint = self.effective(account).map_err(|error| act(error.to_string()))?.endpoint;
        let held = account.held();
        let bound = held.session.application().map(|(binding, _)| binding.token_origin.as_str());
        if let Some(bound) = bound.filter(|bound| !bound.is_empty() && *bound != endpoint.token_origin()) {
            return Err(problems::led_elsewhere(&account.name, bound, &endpoint.token_origin()));
        }
        drop(held);
        let text = Zeroizing::new(format!("Bearer {}", *token));
        let mut authorization = HeaderValue::from_str(&text)
            .map_err(|_invalid| act("the account's token fits into no header".to_owned()))?;
        authorization.set_sensitive(true);
        Ok(Bearer { account: account.name.clone(), endpoint, authorization, generation })
    }
}

impl Bearers for Broker {
    fn is_enabled(&self) -> bool {
        self.config().passthrough()
    }

    async fn bearer(&self, peer: &Peer, account: Option<&str>) -> Result<Bearer, Problem> {
        let account = self.named(account)?;
        if account.is_absent() && self.mints(&account) {
            return Err(problems::logged_out_app(&account.name));
        }
        self.bearer_of(peer, &account, None).await
    }

    async fn bearer_after(&self, peer: &Peer, refused: &Bearer) -> Result<Bearer, Problem> {
        let account = self.held_account(&refused.account)?;
        self.bearer_of(peer, &account, Some(refused)).await
    }

    async fn report(&self, peer: &Peer, refused: &Bearer) {
        let Ok(account) = self.held_account(&refused.account) else { return };
        // Asking begins the renewal where it is due; the time to wait for it is over at once.
        let ask = Ask {
            min_ttl: std::time::Duration::ZERO,
            rejected: Some(refused.generation),
            until: self.clock.boot(),
        };
        drop(self.served(&account, ask, Some(peer)).await);
    }
}
