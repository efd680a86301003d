//! The decision: what a peer gets of an account.

use std::sync::Arc;

use super::{
    facts::{Door, Facts},
    need::{Need, Right},
    rule::{Narrowing, Rule},
};
use crate::account_name::AccountName;

/// Root, who can read this process's memory anyway.
const ROOT: u32 = 0;

/// Rules, and whose daemon it is.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'r> {
    owner: u32,
    rules: &'r [Rule],
}

/// What a peer gets of an account by one of its rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// What the owner gets.
    Full,
    /// Tokens with less than the account's rights: one of these, at least one.
    Downscoped(Vec<Arc<Narrowing>>),
    /// Nothing.
    Denied,
}

impl<'r> Policy<'r> {
    /// The rules of a daemon that runs as the user `owner`.
    pub fn new(owner: u32, rules: &'r [Rule]) -> Self {
        Self { owner, rules }
    }

    /// Whether no rule is needed.
    pub fn is_owner(&self, facts: &Facts) -> bool {
        facts.door == Door::Main && (facts.uid == self.owner || facts.uid == ROOT)
    }

    /// What the peer gets of this account. Several rules add up; where each of them narrows, tokens of one resource
    /// have the scopes of all of them.
    pub fn grant(&self, facts: &Facts, account: &AccountName, right: Right) -> Grant {
        if self.is_owner(facts) {
            return Grant::Full;
        }
        let mut narrowed: Vec<Arc<Narrowing>> = Vec::new();
        for rule in self.matching(facts) {
            if !rule.accounts.contains(account) || !rule.allow.has(right) {
                continue;
            }
            match &rule.narrowing {
                // States are not made narrower by a scope.
                Some(narrowing) if right != Right::Status => widen(&mut narrowed, narrowing),
                Some(_) | None => return Grant::Full,
            }
        }
        if narrowed.is_empty() { Grant::Denied } else { Grant::Downscoped(narrowed) }
    }

    /// Whether the peer may do this with this account.
    pub fn allows(&self, facts: &Facts, account: &AccountName, need: Need) -> bool {
        let has = |right| self.grant(facts, account, right) != Grant::Denied;
        match need {
            Need::Right(right) => has(right),
            Need::Any => Right::ALL.into_iter().any(has),
            Need::Owner => self.is_owner(facts),
        }
    }

    /// Whether the peer may make such a request at all, whatever the account.
    pub fn admits(&self, facts: &Facts, need: Need) -> bool {
        let gives = |rule: &Rule| match need {
            Need::Right(right) => rule.allow.has(right),
            Need::Any => true,
            Need::Owner => false,
        };
        self.is_owner(facts) || self.matching(facts).any(gives)
    }

    fn matching(&self, facts: &Facts) -> impl Iterator<Item = &'r Rule> {
        let owner = self.owner;
        self.rules.iter().filter(move |rule| rule.applies(facts, owner))
    }
}

/// Adds what one more rule gives.
fn widen(narrowed: &mut Vec<Arc<Narrowing>>, more: &Arc<Narrowing>) {
    match narrowed.iter_mut().find(|known| known.resource == more.resource) {
        Some(known) => {
            let missing = more.scope.iter().filter(|scope| !known.scope.contains(scope)).cloned();
            let missing: Vec<String> = missing.collect();
            Arc::make_mut(known).scope.extend(missing);
        }
        None => narrowed.push(Arc::clone(more)),
    }
}
