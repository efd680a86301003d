//! What a client gets of which account: every request comes by here before it sees one.

use std::sync::Arc;

use boxd_proto::{AccountStatus, AuditWay, Code, Problem, ScopedTokenRequest};

use super::{Broker, account::Account, handing::Handing, problems};
use crate::{
    access::{Door, Grant, Narrowing, Need, Policy, Right},
    account_name::AccountName,
    derived::{Restriction, Wish},
    peer::Caller,
};

/// How a client may use an account's tokens.
#[derive(Clone, Debug)]
pub(super) enum Lent {
    /// As the owner does.
    Whole,
    /// As a guest with all rights of the account: not those of its other users.
    ToGuest,
    /// In the form of one of these alone.
    Downscoped(Vec<Arc<Narrowing>>),
}

impl Broker {
    /// Whether no rule is needed. This costs nearly nothing, unlike all that rules are looked at for.
    pub(super) fn is_owner(&self, caller: &Caller) -> bool {
        Policy::new(self.owner, &[]).is_owner(&caller.facts)
    }

    /// Whether a client may make such a request at all.
    pub(super) fn admit(&self, caller: &Caller, need: Need) -> Result<(), Problem> {
        if self.is_owner(caller) || self.policy_of(caller, |policy| policy.admits(&caller.facts, need)) {
            return Ok(());
        }
        Err(denied(caller, self.owner, need, None))
    }

    /// The account that a client means, and how it may use it. Whether others exist it does not learn.
    pub(super) fn permitted(
        &self,
        caller: &Caller,
        name: Option<&str>,
        right: Right,
    ) -> Result<(Arc<Account>, Lent), Problem> {
        if self.is_owner(caller) {
            return Ok((self.named(name)?, Lent::Whole));
        }
        let name = match name {
            Some(name) => problems::parse(name)?,
            None => self.default_of(caller, right)?,
        };
        let lent = match self.policy_of(caller, |policy| policy.grant(&caller.facts, &name, right)) {
            Grant::Full => Lent::ToGuest,
            Grant::Downscoped(narrowings) => Lent::Downscoped(narrowings),
            Grant::Denied => return Err(denied(caller, self.owner, Need::Right(right), Some(&name))),
        };
        let account = self.account(&name).ok_or_else(|| {
            problems::unknown_account(name.as_str(), &names(&self.visible(caller, Need::Right(right))))
        })?;
        Ok((account, lent))
    }

    /// The accounts with which a client may do this.
    pub(super) fn visible(&self, caller: &Caller, need: Need) -> Vec<Arc<Account>> {
        let mut accounts = self.all();
        if !self.is_owner(caller) {
            self.policy_of(caller, |policy| {
                accounts.retain(|account| policy.allows(&caller.facts, &account.name, need));
            });
        }
        accounts
    }

    /// Whether a client may see this account's state now; the rules may have changed since it began to watch.
    pub(super) fn may_see(&self, caller: &Caller, name: &str) -> bool {
        if self.is_owner(caller) {
            return true;
        }
        let Ok(name) = name.parse::<AccountName>() else { return false };
        self.policy_of(caller, |policy| policy.allows(&caller.facts, &name, Need::Right(Right::Status)))
    }

    /// An account's state as a client is told it: what concerns the daemon as a whole is the owner's.
    pub(super) fn status_for(&self, caller: &Caller, account: &Account) -> AccountStatus {
        let status = self.status_of(account);
        if self.is_owner(caller) { status } else { for_guest(status) }
    }

    /// The token that a client wants, made no wider than it may have it.
    pub(super) fn wish_of(
        &self,
        caller: &Caller,
        account: &Account,
        lent: &Lent,
        request: &ScopedTokenRequest,
    ) -> Result<Wish, Problem> {
        let mut wish = self.wish(account, request)?;
        if matches!(lent, Lent::Whole) {
            return Ok(wish);
        }
        if wish.user.is_some() {
            return Err(problems::problem(
                Code::Denied,
                &account.name,
                format!("{} may not have tokens of other Box users", caller.peer),
                "ask for the account's own token, or ask who runs boxd".into(),
            ));
        }
        if let Lent::Downscoped(narrowings) = lent {
            wish.restriction = Some(self.restriction_of(account, narrowings, wish.restriction.as_ref())?);
        }
        Ok(wish)
    }

    /// Whether the rules in force now let a client have this token, in this form.
    pub(super) fn still_permitted(
        &self,
        caller: &Caller,
        account: &Account,
        handing: &Handing<'_>,
    ) -> Result<(), Problem> {
        if self.is_owner(caller) {
            return Ok(());
        }
        let right = if handing.way == AuditWay::Api { Right::Api } else { Right::Token };
        let may = match self.policy_of(caller, |policy| policy.grant(&caller.facts, &account.name, right)) {
            Grant::Full => handing.user.is_none(),
            Grant::Downscoped(narrowings) => match handing.restriction {
                Some(restriction) => self.restrictions(account, &narrowings)?.contains(restriction),
                None => false,
            },
            Grant::Denied => false,
        };
        if may { Ok(()) } else { Err(denied(caller, self.owner, Need::Right(right), Some(&account.name))) }
    }

    /// The downscoped token that the rules name; where they name several, the one for what was asked for.
    fn restriction_of(
        &self,
        account: &Account,
        narrowings: &[Arc<Narrowing>],
        asked: Option<&Restriction>,
    ) -> Result<Restriction, Problem> {
        let restrictions = self.restrictions(account, narrowings)?;
        let of_asked = |known: &&Restriction| asked.is_some_and(|asked| asked.target() == known.target());
        let chosen = restrictions.iter().find(of_asked).or(restrictions.first());
        chosen
            .cloned()
            .ok_or_else(|| unusable(account, "no [[access]] rule says what the token is good for".to_owned()))
    }

    /// The downscoped tokens that the rules name.
    fn restrictions(
        &self,
        account: &Account,
        narrowings: &[Arc<Narrowing>],
    ) -> Result<Vec<Restriction>, Problem> {
        let unusable = |detail: String| unusable(account, detail);
        let endpoint = self.effective(account).map_err(|error| unusable(error.to_string()))?.endpoint;
        let api = endpoint.api_url.as_url();
        let mut restrictions = Vec::new();
        for narrowing in narrowings {
            let restriction = Restriction::parse(&narrowing.scope, narrowing.resource.as_deref(), None, api);
            // A rule that cannot be kept gives nothing: not the whole token, and not that of another rule either.
            restrictions.push(restriction.ok().flatten().ok_or_else(|| {
                unusable("the scope or resource of its [[access]] rule makes no sense".to_owned())
            })?);
        }
        Ok(restrictions)
    }

    /// The account that is meant where a guest names none: the default one if it is for the guest, else the only one
    /// that is, else `default`.
    fn default_of(&self, caller: &Caller, right: Right) -> Result<AccountName, Problem> {
        let config = self.config();
        let may = |name: &AccountName| {
            self.policy_of(caller, |policy| policy.allows(&caller.facts, name, Need::Right(right)))
        };
        if let Some(default) = config.default_account().filter(|name| may(name)) {
            return Ok(default.clone());
        }
        let visible = names(&self.visible(caller, Need::Right(right)));
        match visible.as_slice() {
            [only] => Ok(only.clone()),
            several if several.contains(&AccountName::default_name()) => Ok(AccountName::default_name()),
            [] => Err(problems::unknown_account(AccountName::default_name().as_str(), &[])),
            several => Err(problems::ambiguous(several)),
        }
    }

    /// Looks at the rules in force now.
    fn policy_of<T>(&self, caller: &Caller, look: impl FnOnce(Policy<'_>) -> T) -> T {
        let config = self.config();
        debug_assert!(!self.is_owner(caller), "the owner needs no rule");
        look(Policy::new(self.owner, config.access()))
    }
}

/// What a guest is told of an account.
pub(super) fn for_guest(status: AccountStatus) -> AccountStatus {
    // They name other accounts, and the place of the key.
    AccountStatus { warnings: Vec::new(), ..status }
}

fn unusable(account: &Account, detail: String) -> Problem {
    let next_step = "ask who runs boxd to correct the [[access]] rule".to_owned();
    problems::problem(Code::ActionRequired, &account.name, detail, next_step)
}

fn names(accounts: &[Arc<Account>]) -> Vec<AccountName> {
    accounts.iter().map(|account| account.name.clone()).collect()
}

fn denied(caller: &Caller, owner: u32, need: Need, account: Option<&AccountName>) -> Problem {
    let who = caller.peer;
    let here = match &caller.facts.door {
        Door::Main => "",
        Door::Rule(_) => " on this socket",
    };
    let (detail, next_step) = match need {
        Need::Owner => (
            format!("{who} may not do this{here}: it is for uid {owner}, to whom boxd belongs"),
            "ask as the daemon's own user, at its own socket, or run a boxd of your own",
        ),
        Need::Any => (
            format!("{who} may not use this daemon{here}, which belongs to uid {owner}"),
            "ask its owner for an [[access]] rule, or run a boxd of your own",
        ),
        Need::Right(right) => {
            let what = match right {
                Right::Token => "have tokens",
                Right::Status => "see states",
                Right::Api => "make calls to Box's API",
            };
            let of = if account.is_some() { " of this account" } else { "" };
            (
                format!("{who} may not {what}{of}{here}: boxd belongs to uid {owner}"),
                "ask its owner for an [[access]] rule, or run a boxd of your own",
            )
        }
    };
    Problem {
        code: Code::Denied,
        detail,
        account: account.map(|name| name.as_str().to_owned()),
        next_step: next_step.into(),
        retry_after_seconds: None,
    }
}
