//! Where derived tokens come from: the accounts' own tokens, their applications, and Box.

use std::time::Duration;

use boxd_engine::{
    AccessToken, Ask, BootTime, Exchange, Generation, WallTime,
    reply::{Minting, classify_minting},
};
use boxd_proto::{Code, Problem};

use super::{Broker, problems};
use crate::{
    account_name::AccountName,
    box_api::downscope::{self, DownscopeError},
    derived::{Minted, Parent, Restriction, Source, Unminted},
};

impl Source for Broker {
    fn boot(&self) -> BootTime {
        self.clock.boot()
    }

    fn wall(&self) -> WallTime {
        self.clock.wall()
    }

    fn generation(&self, account: &AccountName) -> Option<Generation> {
        let account = self.account(account)?;
        let view = account.view.borrow();
        view.token.is_some().then_some(view.generation)
    }

    async fn parent(
        &self,
        name: &AccountName,
        min_ttl: Duration,
        refused: Option<Generation>,
        until: BootTime,
    ) -> Result<Parent, Problem> {
        let account = self.held_account(name)?;
        let ask = Ask { min_ttl, rejected: refused, until };
        let served = self.served(&account, ask, None).await?;
        let promised = self.clock.boot().after(served.promised_for);
        Ok(Parent { access: served.access, generation: served.generation, promised })
    }

    async fn mint_as(&self, name: &AccountName, user: &str) -> Result<Minted, Problem> {
        let account = self.held_account(name)?;
        let request = self.prepare_mint(&account, Some(user)).await;
        let turn = self.turn_at_once(&account).await;
        let sent = self.clock.boot();
        let exchange = match &request {
            Ok(request) => self.mint(request).await,
            Err(reason) => Exchange::Unprepared(reason.clone()),
        };
        drop(turn);
        match classify_minting(&exchange) {
            Minting::Granted { access, expires_in } => {
                Ok(Minted { access, sent, life: expires_in, restricted_to: None })
            }
            Minting::Harmless { trouble, retry_after } => {
                let wait = retry_after.unwrap_or(Duration::from_secs(1));
                Err(problems::unavailable(name, trouble.to_string(), wait))
            }
            Minting::Operator(trouble) => Err(problems::problem(
                Code::ActionRequired,
                name,
                format!("as user {user}: {trouble}"),
                "check that the user exists and that the app may act for it (in Box's developer console: App + \
                 Enterprise Access, and \"Generate User Access Tokens\")"
                    .into(),
            )),
        }
    }

    async fn exchange(
        &self,
        name: &AccountName,
        parent: &AccessToken,
        restriction: &Restriction,
    ) -> Result<Minted, Unminted> {
        let account = self.held_account(name).map_err(Unminted::Failed)?;
        let endpoint = match self.effective(&account) {
            Ok(effective) => effective.endpoint,
            Err(error) => {
                let next_step = "correct the config, then: boxctl reload".to_owned();
                let problem = problems::problem(Code::ActionRequired, name, error.to_string(), next_step);
                return Err(Unminted::Failed(problem));
            }
        };
        let turn = self.turn_at_once(&account).await;
        let sent = self.clock.boot();
        let target = restriction.target();
        let exchange = self.api.token_exchange(&endpoint, parent, restriction.scopes(), target).await;
        drop(turn);
        match downscope::read(&exchange) {
            Ok(token) => Ok(Minted {
                access: token.access,
                sent,
                life: token.expires_in,
                restricted_to: Some(token.restricted_to),
            }),
            Err(DownscopeError::ParentRejected) => Err(Unminted::ParentRejected),
            Err(DownscopeError::InvalidScope(told)) => {
                Err(Unminted::InvalidScope(invalid_scope(name, restriction, &told)))
            }
            Err(DownscopeError::Throttled { retry_after }) => {
                let wait = retry_after.unwrap_or(Duration::from_secs(1));
                let detail = "Box asks to wait before the next downscoped token".to_owned();
                Err(Unminted::Failed(problems::unavailable(name, detail, wait)))
            }
            Err(error @ DownscopeError::Unreachable(_)) => {
                Err(Unminted::Failed(problems::unavailable(name, error.to_string(), Duration::from_secs(1))))
            }
            Err(error @ DownscopeError::Unexpected(_)) => {
                let next_step = "check resource, shared link and scopes".to_owned();
                Err(Unminted::Failed(problems::problem(Code::Internal, name, error.to_string(), next_step)))
            }
        }
    }
}

/// Says which scope Box does not grant; where Box does not, all that were asked for.
fn invalid_scope(name: &AccountName, restriction: &Restriction, told: &str) -> Problem {
    let asked = restriction.scopes();
    let named = asked.iter().any(|scope| told.split(|c: char| !is_of_scope(c)).any(|word| word == scope));
    let which = if named { String::new() } else { format!("; asked for: {}", asked.join(" ")) };
    problems::problem(
        Code::InvalidScope,
        name,
        format!("Box does not grant the scope or resource ({told}){which}"),
        "ask for fewer scopes, or give the app more in Box's developer console".into(),
    )
}

fn is_of_scope(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}
