//! `[[access]]`: whom else the owner lets read tokens and states, and how narrow.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use boxd_proto::endpoint::LONGEST_PATH;
use url::Url;

use super::{
    Config, ConfigError,
    document::{Keys, Table, Value},
    file::{Reader, account_name, filled},
};
use crate::{
    access::{Narrowing, Right, Rights, Rule, Unit},
    derived::Restriction,
    platform::{self, Lookup},
};

const RULE: Keys = Keys {
    known: &["user", "group", "unit", "socket", "accounts", "allow", "scope", "resource"],
    elsewhere: &[],
};

impl Config {
    /// The rules for others than the owner.
    pub fn access(&self) -> &[Rule] {
        &self.access
    }
}

impl Reader<'_> {
    /// All rules. A fault in one of them refuses the whole config: a rule that is passed over could be the one that
    /// makes another narrower.
    pub(super) fn access(&mut self, value: &Value<'_, '_>) -> Result<Vec<Rule>, ConfigError> {
        // Who can write the file can let anybody in.
        self.holdings.power = true;
        let mut sockets = BTreeSet::new();
        let mut rules = Vec::new();
        for table in value.tables(RULE)? {
            let rule = self.rule(value, &table)?;
            if let (Some(socket), Some(at)) = (&rule.socket, table.get("socket"))
                && !sockets.insert(Arc::clone(socket))
            {
                return Err(at.invalid("is the socket of another rule already"));
            }
            rules.push(rule);
        }
        Ok(rules)
    }

    fn rule(&self, rules: &Value<'_, '_>, table: &Table<'_, '_>) -> Result<Rule, ConfigError> {
        let rule = Rule {
            user: table.get("user").map(|value| user(&value)).transpose()?,
            group: table.get("group").map(|value| group(&value)).transpose()?,
            unit: table.get("unit").map(|value| unit(&value)).transpose()?,
            socket: table.get("socket").map(|value| self.socket(&value)).transpose()?,
            accounts: accounts(rules, table)?,
            allow: table.get("allow").map(|value| rights(&value)).transpose()?.unwrap_or_default(),
            narrowing: narrowing(table)?,
        };
        if rule.user.is_none() && rule.group.is_none() && rule.unit.is_none() && rule.socket.is_none() {
            return Err(rules.invalid("a rule names at least one of user, group, unit and socket"));
        }
        Ok(rule)
    }

    fn socket(&self, value: &Value<'_, '_>) -> Result<Arc<Path>, ConfigError> {
        let path = self.base.join(filled(value)?);
        if path.as_os_str().len() >= LONGEST_PATH {
            let most = LONGEST_PATH - 1;
            return Err(
                value.invalid(&format!("is longer than the {most} bytes that a socket's path can have"))
            );
        }
        Ok(path.into())
    }
}

fn accounts(
    rules: &Value<'_, '_>,
    table: &Table<'_, '_>,
) -> Result<BTreeSet<crate::account_name::AccountName>, ConfigError> {
    let Some(value) = table.get("accounts") else {
        return Err(rules.invalid("a rule names its accounts: accounts = [\"…\"]"));
    };
    let names = value.strings()?;
    if names.is_empty() {
        return Err(value.invalid("names no account"));
    }
    names.iter().map(|name| account_name(name, &value)).collect()
}

fn rights(value: &Value<'_, '_>) -> Result<Rights, ConfigError> {
    let mut rights = Rights::NONE;
    for name in value.strings()? {
        let Some(right) = Right::ALL.into_iter().find(|right| right.as_str() == name) else {
            return Err(value.invalid("expected some of token, status and api"));
        };
        rights.add(right);
    }
    if rights == Rights::NONE {
        return Err(value.invalid("allows nothing; leave the rule out instead"));
    }
    Ok(rights)
}

/// What others get in place of the whole token. What is written but says nothing must not widen it to that.
fn narrowing(table: &Table<'_, '_>) -> Result<Option<Arc<Narrowing>>, ConfigError> {
    let resource = table.get("resource");
    let Some(value) = table.get("scope") else {
        return match resource {
            Some(resource) => Err(resource.invalid("needs a scope, such as scope = [\"item_download\"]")),
            None => Ok(None),
        };
    };
    let scope = value.strings()?;
    let named = resource.as_ref().map(filled).transpose()?;
    // An account of another API has other URLs, but the short form is the same everywhere.
    let Ok(api) = Url::parse("https://api.box.com") else {
        return Err(value.invalid("cannot be checked"));
    };
    match Restriction::parse(&scope, named, None, &api) {
        Ok(Some(_)) => {}
        Ok(None) => return Err(value.invalid("names no scope")),
        Err(error) => return Err(resource.as_ref().unwrap_or(&value).invalid(&error)),
    }
    Ok(Some(Arc::new(Narrowing { scope, resource: named.map(str::to_owned) })))
}

fn user(value: &Value<'_, '_>) -> Result<u32, ConfigError> {
    by_name_or_number(value, platform::user_id, "user")
}

fn group(value: &Value<'_, '_>) -> Result<u32, ConfigError> {
    by_name_or_number(value, platform::group_id, "group")
}

/// A name of the system's database, else a number.
fn by_name_or_number(
    value: &Value<'_, '_>,
    find: impl Fn(&str) -> Lookup,
    what: &str,
) -> Result<u32, ConfigError> {
    let text = value.name_or_number()?;
    let number = || text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    if !value.is_string() {
        return number().ok_or_else(|| value.invalid(&format!("is no number of a {what}")));
    }
    match find(text) {
        Lookup::Found(id) => Ok(id),
        Lookup::Unknown => {
            let shown = text.escape_debug();
            number().ok_or_else(|| value.invalid(&format!("there is no {what} {shown} on this machine")))
        }
        Lookup::Failed(reason) => {
            Err(value.invalid(&format!("{what} {} cannot be looked up: {reason}", text.escape_debug())))
        }
    }
}

fn unit(value: &Value<'_, '_>) -> Result<String, ConfigError> {
    let name = filled(value)?;
    if Unit::is_name(name) {
        return Ok(name.to_owned());
    }
    Err(value.invalid("is no unit with processes: write its whole name, such as etl.service"))
}
