//! Lends accounts' tokens to calls that are passed through to Box's API.

use std::{sync::Arc, time::Duration};

use boxd_engine::{Ask, BootTime, Generation};
use boxd_proto::{ApiRequest, AuditWay, Code, Problem, Rejected, ScopedTokenRequest, TokenRequest};
use hyper::header::HeaderValue;
use zeroize::Zeroizing;

use super::{Broker, access::Lent, account::Account, handing::Handing, problems, tokens::wait_of};
use crate::{
    access::Right,
    derived::Wish,
    passthrough::{Bearer, Bearers, native},
    peer::{Caller, Peer},
    server::Reply,
};

/// A broker as one client may use it.
#[derive(Clone, Debug)]
pub(super) struct Lender {
    broker: Broker,
    caller: Arc<Caller>,
}

impl Broker {
    /// A call of the native protocol.
    pub(super) fn answer_call(&self, caller: &Arc<Caller>, call: ApiRequest) -> Reply {
        native::answer(self.lender(caller), self.ways.clone(), caller.peer, call)
    }

    /// What lends tokens to this client's calls.
    pub(super) fn lender(&self, caller: &Arc<Caller>) -> Lender {
        Lender { broker: self.clone(), caller: Arc::clone(caller) }
    }

    /// The account's own token, with its number.
    async fn own_token(
        &self,
        account: &Arc<Account>,
        refused: Option<Generation>,
        until: BootTime,
        peer: &Peer,
    ) -> Result<(Zeroizing<String>, Generation), Problem> {
        let at_hand =
            refused.is_none().then(|| self.token_at_hand(account, &TokenRequest::default())).flatten();
        if let Some(token) = &at_hand {
            return Ok((
                Zeroizing::new(token.access_token.expose().to_owned()),
                Generation(token.generation),
            ));
        }
        let ask = Ask { min_ttl: Duration::ZERO, rejected: refused, until };
        let served = self.served(account, ask, Some(peer)).await?;
        Ok((Zeroizing::new(served.access.expose().to_owned()), served.generation))
    }

    fn bearer_of(
        &self,
        account: &Account,
        token: &Zeroizing<String>,
        generation: Generation,
        lent: &Lent,
    ) -> Result<Bearer, Problem> {
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
        let text = Zeroizing::new(format!("Bearer {}", **token));
        let mut authorization = HeaderValue::from_str(&text)
            .map_err(|_invalid| act("the account's token fits into no header".to_owned()))?;
        authorization.set_sensitive(true);
        let may_act_as = matches!(lent, Lent::Whole);
        Ok(Bearer { account: account.name.clone(), endpoint, authorization, generation, may_act_as })
    }
}

impl Lender {
    /// The token that this client's calls are made with, and not the one that was refused.
    async fn lend(
        &self,
        account: Option<&str>,
        refused: Option<Generation>,
        wait: Duration,
    ) -> Result<Bearer, Problem> {
        let Self { broker, caller } = self;
        let (account, lent) = broker.permitted(caller, account, Right::Api)?;
        if account.is_absent() && broker.mints(&account) {
            return Err(problems::logged_out_app(&account.name));
        }
        let Lent::Downscoped(_) = lent else {
            let until = broker.clock.boot().after(wait);
            let (token, generation) = broker.own_token(&account, refused, until, &caller.peer).await?;
            let bearer = broker.bearer_of(&account, &token, generation, &lent)?;
            broker.hand_out(caller, &account, Handing::whole(AuditWay::Api, generation.0)).await?;
            return Ok(bearer);
        };
        let rejected = refused.map_or(Rejected::No, |generation| Rejected::Generation(generation.0));
        let own = broker.wish_of(caller, &account, &lent, &ScopedTokenRequest::default())?;
        let wish = Wish { rejected, wait, ..own };
        let handed = broker.derived().get(wish.clone()).await?;
        let token = Zeroizing::new(handed.access.expose().to_owned());
        let bearer = broker.bearer_of(&account, &token, handed.generation, &lent)?;
        broker.hand_out(caller, &account, Handing::derived(AuditWay::Api, handed.generation, &wish)).await?;
        Ok(bearer)
    }

    /// As every problem of this client: that it was denied something is recorded.
    fn told(&self, problem: Problem) -> Problem {
        self.broker.told(&self.caller, problem)
    }
}

impl Bearers for Lender {
    fn is_enabled(&self) -> bool {
        self.broker.config().passthrough()
    }

    async fn bearer(&self, _peer: &Peer, account: Option<&str>) -> Result<Bearer, Problem> {
        self.lend(account, None, wait_of(None)).await.map_err(|problem| self.told(problem))
    }

    async fn bearer_after(&self, _peer: &Peer, refused: &Bearer) -> Result<Bearer, Problem> {
        self.lend(Some(refused.account.as_str()), Some(refused.generation), wait_of(None)).await
    }

    async fn report(&self, _peer: &Peer, refused: &Bearer) {
        let Self { broker, caller } = self;
        let account = Some(refused.account.as_str());
        let Ok((account, lent)) = broker.permitted(caller, account, Right::Api) else { return };
        if let Lent::Downscoped(_) = lent {
            let own = broker.wish_of(caller, &account, &lent, &ScopedTokenRequest::default());
            let Ok(own) = own else { return };
            let wish = Wish { rejected: Rejected::Generation(refused.generation.0), ..own };
            // It is forgotten by being looked at, and made anew for the next call.
            drop(broker.derived().at_hand(&wish));
            return;
        }
        // Asking begins the renewal where it is due; the time to wait for it is over at once.
        let until = broker.clock.boot();
        let ask = Ask { min_ttl: Duration::ZERO, rejected: Some(refused.generation), until };
        drop(broker.served(&account, ask, Some(&caller.peer)).await);
    }
}
