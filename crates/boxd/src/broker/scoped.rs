//! Answers requests for downscoped tokens and tokens as another user.

use std::time::Duration;

use boxd_proto::{AuditWay, Code, Problem, ScopedToken, ScopedTokenRequest, Secret, Token};

use super::{Broker, account::Account, handing::Handing, problems, tokens::wait_of};
use crate::{
    access::Right,
    derived::{DerivedTokens, Handed, InvalidRestriction, Restriction, Wish},
    peer::Caller,
};

impl Broker {
    /// All tokens that are derived from accounts'.
    pub(super) fn derived(&self) -> &DerivedTokens<Self> {
        self.derived.get_or_init(|| DerivedTokens::new(self.clone()))
    }

    /// A token with less than the account's rights, or as another user; the account's own where neither is asked for.
    pub(super) async fn scoped_token(
        &self,
        caller: &Caller,
        request: ScopedTokenRequest,
        way: AuditWay,
    ) -> Result<ScopedToken, Problem> {
        let (account, lent) = self.permitted(caller, request.token.account.as_deref(), Right::Token)?;
        let wish = self.wish_of(caller, &account, &lent, &request)?;
        let scope = wish.restriction.as_ref().map(|wanted| wanted.scopes().to_vec()).unwrap_or_default();
        if wish.user.is_none() && wish.restriction.is_none() {
            let token = match self.token_at_hand(&account, &request.token) {
                Some(token) => token,
                None => self.token(&account, &request.token, &caller.peer).await?,
            };
            self.hand_out(caller, &account, Handing::whole(way, token.generation)).await?;
            return Ok(ScopedToken { token, scope, restricted_to: None });
        }
        let derived = self.derived();
        let handed = match derived.at_hand(&wish) {
            Some(handed) => handed?,
            None => derived.get(wish.clone()).await?,
        };
        self.hand_out(caller, &account, Handing::derived(way, handed.generation, &wish)).await?;
        let token = self.token_of_handed(&account, &handed);
        Ok(ScopedToken { token, scope, restricted_to: handed.restricted_to })
    }

    pub(super) fn wish(&self, account: &Account, request: &ScopedTokenRequest) -> Result<Wish, Problem> {
        let bad = |detail: String, next_step: &str| {
            problems::problem(Code::BadRequest, &account.name, detail, next_step.into())
        };
        let effective = self
            .effective(account)
            .map_err(|error| bad(error.to_string(), "correct the config, then: boxctl reload"))?;
        let restriction = Restriction::parse(
            &request.scope,
            request.resource.as_deref(),
            request.shared_link.as_deref(),
            effective.endpoint.api_url.as_url(),
        )
        .map_err(|error: InvalidRestriction| bad(error.to_string(), "see: boxctl token --help"))?;
        if let Some(user) = &request.user {
            if user.is_empty() || user.len() > 20 || !user.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(bad(
                    "a Box user is named by its id: digits alone".into(),
                    "see: boxctl token --help",
                ));
            }
            if effective.settings.server_auth.is_none() {
                return Err(bad(
                    "only an app with CCG or JWT has tokens of other users".into(),
                    "leave --user out, or name an account with auth = \"ccg\" or \"jwt\"",
                ));
            }
        }
        Ok(Wish {
            account: account.name.clone(),
            user: request.user.clone(),
            restriction,
            min_ttl: Duration::from_secs(u64::from(request.token.min_ttl_seconds)),
            rejected: request.token.rejected.clone(),
            wait: wait_of(request.token.wait_millis),
        })
    }

    fn token_of_handed(&self, account: &Account, handed: &Handed) -> Token {
        let wall = self.clock.wall();
        Token {
            account: account.name.as_str().to_owned(),
            access_token: Secret::new(handed.access.expose()),
            expires_in_seconds: u32::try_from(handed.promised_for.as_secs()).unwrap_or(u32::MAX),
            expires_at: wall.after(handed.promised_for).unix_seconds(),
            box_expires_at: wall.after(handed.box_for).unix_seconds(),
            generation: handed.generation.0,
        }
    }
}
