//! The users of the sandbox's enterprise: people who can log in, app users, and the service account of each app.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{ClientId, UserId};

/// The enterprise that all of them belong to.
pub const ENTERPRISE_ID: &str = "9000001";

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

/// What a user can do.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Made by an app, for itself; cannot log in.
    #[default]
    App,
    /// A person of the enterprise.
    Managed,
}

const MANAGED: u64 = 10_000_000_000;
const APP: u64 = 20_000_000_000;
const SERVICE: u64 = 30_000_000_000;

/// All users by number.
#[derive(Debug, Default)]
pub(super) struct Directory {
    users: BTreeMap<UserId, User>,
}

impl Directory {
    /// People 1 to `people` and two app users.
    pub(super) fn with(people: u64) -> Self {
        let mut directory = Self::default();
        for number in 1..=people {
            directory.person(number);
        }
        directory.add(Sort::App, None, None);
        directory.add(Sort::App, None, None);
        directory
    }

    /// Person `number`, who is made if need be. Person 0 is the developer.
    pub(super) fn person(&mut self, number: u64) -> UserId {
        let name = format!("Sandbox User {number}");
        self.ensure(MANAGED.saturating_add(number), name, || format!("user{number}@example.com"))
    }

    /// Whom an app acts for when it acts for the enterprise.
    pub(super) fn service_account(&mut self, client: ClientId) -> UserId {
        let number = client.number();
        let login = || format!("AutomationUser_{number}_sandbox@boxdevedition.com");
        self.ensure(SERVICE.saturating_add(number), format!("Sandbox App {number}"), login)
    }

    /// One more user.
    pub(super) fn add(&mut self, sort: Sort, name: Option<String>, login: Option<String>) -> UserId {
        let first = if sort == Sort::App { APP } else { MANAGED };
        let last = self.users.range(UserId(first)..UserId(first + MANAGED)).next_back();
        let id = last.map_or(first, |(id, _)| id.0).saturating_add(1);
        let number = id - first;
        let (default_name, default_login) = match sort {
            Sort::App => {
                (format!("App User {number}"), format!("AppUser_{number}_sandbox@boxdevedition.com"))
            }
            Sort::Managed => (format!("Sandbox User {number}"), format!("user{number}@example.com")),
        };
        self.ensure(id, name.unwrap_or(default_name), || login.unwrap_or(default_login))
    }

    fn ensure(&mut self, id: u64, name: String, login: impl FnOnce() -> String) -> UserId {
        let user = || User { kind: "user", id: id.to_string(), name, login: login() };
        self.users.entry(UserId(id)).or_insert_with(user);
        UserId(id)
    }

    pub(super) fn get(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)
    }

    /// By number, or by login in any case.
    pub(super) fn find(&self, id_or_login: &str) -> Option<UserId> {
        if let Ok(number) = id_or_login.parse() {
            return Some(UserId(number)).filter(|id| self.users.contains_key(id));
        }
        let mut users = self.users.iter();
        users.find(|(_, user)| user.login.eq_ignore_ascii_case(id_or_login)).map(|(id, _)| *id)
    }

    /// People who can log in; the developer is not one of them.
    pub(super) fn people(&self) -> impl Iterator<Item = &User> {
        self.users.range(UserId(MANAGED + 1)..UserId(APP)).map(|(_, user)| user)
    }

    pub(super) fn app_users(&self) -> impl Iterator<Item = &User> {
        self.users.range(UserId(APP)..UserId(SERVICE)).map(|(_, user)| user)
    }

    pub(super) fn is_person(id: UserId) -> bool {
        (MANAGED..APP).contains(&id.0)
    }

    /// A service account is reached through its enterprise only.
    pub(super) fn is_service_account(id: UserId) -> bool {
        id.0 >= SERVICE
    }
}
