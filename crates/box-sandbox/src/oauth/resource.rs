//! The resource server: whom an access token stands for (`GET /2.0/users/me`).

use serde::Serialize;

use super::{Owner, Provider};
use crate::journal::{Event, Kind};

/// A user as `GET /2.0/users/me` shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct User {
    /// Always `user`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Decimal, as a string.
    pub id: String,
    /// Full name.
    pub name: String,
    /// E-mail address.
    pub login: String,
}

impl User {
    /// Every grant has a user of its own; tokens without a grant belong to user 0, the developer.
    fn numbered(number: u64) -> Self {
        Self {
            kind: "user",
            id: format!("{}", 10_000_000_000_u64.saturating_add(number)),
            name: format!("Sandbox User {number}"),
            login: format!("user{number}@example.com"),
        }
    }
}

pub(super) fn user(provider: &mut Provider, now: i64, access_token: &str) -> Option<User> {
    match provider.owners.get(access_token).copied()? {
        Owner::Refresh(_) => None,
        Owner::Access(id) => {
            let grant = provider.grants.get_mut(&id)?;
            let mut log = |change: super::grant::Change| provider.journal.record(now, change.of(id));
            grant.use_access(access_token, now, &mut log).then(|| User::numbered(id.get()))
        }
        Owner::Bare => {
            provider.bare.get(access_token).filter(|token| token.is_valid(now))?;
            let token = access_token.to_owned();
            provider
                .journal
                .record(now, Event::Used { grant: None, kind: Kind::Access, token, first: false });
            Some(User::numbered(0))
        }
    }
}
