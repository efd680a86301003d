//! Answers whether a token is at hand, without handing it out and without beginning anything.

use std::time::Duration;

use boxd_engine::Refusal;
use boxd_proto::{Problem, ScopedTokenRequest};

use super::{Broker, account::Account, problems};
use crate::{access::Right, peer::Caller};

impl Broker {
    /// Whether memory has such a token; else what stands in the way.
    pub(super) fn has_token(&self, caller: &Caller, request: &ScopedTokenRequest) -> Result<(), Problem> {
        let (account, lent) = self.permitted(caller, request.token.account.as_deref(), Right::Token)?;
        let wish = self.wish_of(caller, &account, &lent, request)?;
        if wish.user.is_none() && wish.restriction.is_none() {
            let min_ttl = Duration::from_secs(u64::from(request.token.min_ttl_seconds));
            let attainable = account.held().session.attainable(self.clock.now());
            if let Some(attainable) = attainable.filter(|attainable| min_ttl > *attainable) {
                return Err(problems::of_refusal(&account.name, &Refusal::MinTtlUnattainable { attainable }));
            }
            let held = account.view.borrow().serve(self.clock.boot(), min_ttl).is_some();
            return if held { Ok(()) } else { Err(self.lack_of(&account)) };
        }
        match self.derived().at_hand(&wish) {
            Some(handed) => handed.map(drop),
            None => Err(self.lack_of(&account)),
        }
    }

    fn lack_of(&self, account: &Account) -> Problem {
        if account.is_absent() && self.mints(account) {
            return problems::logged_out_app(&account.name);
        }
        if let Some(trouble) = &account.view.borrow().trouble {
            return problems::of_trouble(&account.name, trouble);
        }
        let detail = "no such token is at hand; asked for, it is made".into();
        problems::unavailable(&account.name, detail, Duration::from_secs(1))
    }
}
