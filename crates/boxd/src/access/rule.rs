//! One `[[access]]` rule: for whom, for which accounts, and what.

use std::{collections::BTreeSet, fmt, path::Path, sync::Arc};

use super::{
    facts::{Door, Facts},
    need::Right,
};
use crate::account_name::AccountName;

/// A rule. All that is given of `user`, `group`, `unit` and `socket` must match; one of them at least is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The effective user id.
    pub user: Option<u32>,
    /// One of the peer's groups.
    pub group: Option<u32>,
    /// The systemd unit.
    pub unit: Option<String>,
    /// A socket that is for this rule alone.
    pub socket: Option<Arc<Path>>,
    /// For which accounts; they need not exist yet.
    pub accounts: BTreeSet<AccountName>,
    /// What is allowed.
    pub allow: Rights,
    /// The downscoped token that stands in for the account's own.
    pub narrowing: Option<Arc<Narrowing>>,
}

/// Which rights a rule gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// [`Right::Token`].
    pub token: bool,
    /// [`Right::Status`].
    pub status: bool,
    /// [`Right::Api`].
    pub api: bool,
}

/// What a downscoped token shall be good for, as the config has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// At least one.
    pub scope: Vec<String>,
    /// `file:ID`, `folder:ID` or its URL.
    pub resource: Option<String>,
}

impl Rights {
    /// None.
    pub const NONE: Self = Self { token: false, status: false, api: false };

    /// Adds one.
    pub fn add(&mut self, right: Right) {
        match right {
            Right::Token => self.token = true,
            Right::Status => self.status = true,
            Right::Api => self.api = true,
        }
    }

    /// Whether this one is given.
    pub fn has(self, right: Right) -> bool {
        match right {
            Right::Token => self.token,
            Right::Status => self.status,
            Right::Api => self.api,
        }
    }
}

impl Default for Rights {
    /// As where a rule does not say.
    fn default() -> Self {
        Self { token: true, status: true, api: false }
    }
}

impl Rule {
    /// Whether the rule is for this peer, of a daemon that belongs to `owner`.
    pub(super) fn applies(&self, facts: &Facts, owner: u32) -> bool {
        let by_door = match (&self.socket, &facts.door) {
            (None, Door::Main) => true,
            (Some(socket), Door::Rule(door)) => socket == door,
            (None, Door::Rule(_)) | (Some(_), Door::Main) => false,
        };
        let in_group = |group| facts.groups.as_ref().is_some_and(|groups| groups.contains(group));
        let in_unit = |name: &String| facts.unit.as_ref().is_some_and(|unit| unit.is_called(name, owner));
        by_door
            && self.user.is_none_or(|uid| uid == facts.uid)
            && self.group.as_ref().is_none_or(in_group)
            && self.unit.as_ref().is_none_or(in_unit)
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given: Vec<&str> =
            Right::ALL.into_iter().filter(|right| self.has(*right)).map(Right::as_str).collect();
        f.write_str(&given.join(", "))
    }
}

impl fmt::Display for Rule {
    /// For whom: what of which accounts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whom = [
            self.user.map(|uid| format!("uid {uid}")),
            self.group.map(|gid| format!("gid {gid}")),
            self.unit.clone(),
            self.socket.as_ref().map(|path| format!("at {}", path.display())),
        ];
        let whom: Vec<String> = whom.into_iter().flatten().collect();
        let accounts: Vec<&str> = self.accounts.iter().map(AccountName::as_str).collect();
        write!(f, "{}: {} of {}", whom.join(", "), self.allow, accounts.join(", "))?;
        match &self.narrowing {
            Some(narrowing) => {
                write!(f, ", with {} alone", narrowing.scope.join(" "))?;
                narrowing.resource.iter().try_for_each(|resource| write!(f, " on {resource}"))
            }
            None => Ok(()),
        }
    }
}
