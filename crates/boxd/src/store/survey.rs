//! Looks a whole store over before anything in it is touched: newer formats, wrong keys, and `boxd --check`.

use std::{collections::BTreeSet, sync::Arc};

use boxd_engine::{Binding, Credential, Record, Registration};

use super::{
    OpenError,
    disk::Disk,
    format::{Flaw, Header},
    key::KeyId,
    look::Verdict,
    names::{self, Places, Role},
    parallel,
    vault::{Vault, list},
};
use crate::account_name::AccountName;

/// What `boxd --check` reports of a store.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Where the sealing key comes from, and what that is worth.
    pub key_source: String,
    /// The accounts that hold something.
    pub accounts: Vec<AccountInspection>,
}

/// What a store holds of one account.
#[derive(Clone, Debug)]
pub struct AccountInspection {
    /// Its name.
    pub name: AccountName,
    /// One line for people; never a secret.
    pub summary: String,
    /// The grant itself, where it can be used.
    pub held: Option<Held>,
    /// Whether a person must see to it.
    pub is_sound: bool,
}

/// A grant as far as a configuration can match it or not.
#[derive(Clone, Debug)]
pub struct Held {
    /// What it consists of.
    pub kind: HeldKind,
    /// To whom it may be shown.
    pub binding: Binding,
    /// The account's own application and endpoints.
    pub registration: Option<Arc<Registration>>,
}

/// What a grant consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldKind {
    /// A token pair of a user's login.
    Login,
    /// An access token that came alone.
    BareToken,
    /// Tokens that an application mints.
    Minted,
}

/// Which keys the store's files name. Refuses a store of a newer format.
pub(super) fn sealing_keys(disk: &dyn Disk, places: &Places) -> Result<BTreeSet<KeyId>, OpenError> {
    let files = list(disk, &places.accounts)
        .map_err(|error| OpenError::io("list the accounts", &places.accounts, error))?;
    let looked_at = parallel::map(&files, |file| {
        let Some((account, Role::Grant | Role::Next | Role::Login)) = names::owner_of(file) else {
            return Ok(None);
        };
        let Ok((start, _)) = disk.read_start(&places.accounts.join(file)) else { return Ok(None) };
        match Header::decode(&start) {
            Err(Flaw::Newer { version, writer }) => {
                Err(OpenError::NewerFormat { account: account.as_str().to_owned(), version, writer })
            }
            Ok((header, _)) => Ok(Some(KeyId(header.key_id))),
            Err(_) => Ok(None),
        }
    });
    looked_at.into_iter().filter_map(Result::transpose).collect()
}

impl Vault {
    /// Describes every account without changing a file.
    pub(super) fn inspect(&self) -> std::io::Result<Vec<AccountInspection>> {
        let accounts = self.accounts()?;
        Ok(accounts.into_iter().map(|name| self.describe(name)).collect())
    }

    fn describe(&self, name: AccountName) -> AccountInspection {
        let verdict = self.look(&name, &self.files(&name), !self.asides(&name).is_empty()).verdict;
        let is_sound = matches!(verdict, Verdict::Absent { .. } | Verdict::Newest { foreign: false, .. });
        let summary = match &verdict {
            Verdict::Absent { highest } => format!("no grant; the last generation was {highest}"),
            Verdict::Newest { record, foreign: true, .. } => {
                let generation = record.generation;
                format!("generation {generation}, made on another machine: boxctl adopt {name}")
            }
            Verdict::Newest { record, in_doubt, .. } => {
                let doubt = if *in_doubt { ", in doubt: its last renewal will be tried again" } else { "" };
                format!("{}, generation {}{doubt}", described(record), record.generation)
            }
            Verdict::Damaged { flaw: Flaw::Locked(lock), .. } => format!("{}; {}", lock.why, lock.next_step),
            Verdict::Damaged { flaw, .. } => format!("damaged: {flaw}; log in again: boxctl login {name}"),
            Verdict::SetAside { older: Some(_), .. } => "damaged; an older pair will be tried".to_owned(),
            Verdict::SetAside { older: None, .. } => {
                format!("damaged and set aside; log in again: boxctl login {name}")
            }
        };
        let held = match verdict {
            Verdict::Newest { record, .. } => Some(held(*record)),
            Verdict::Absent { .. } | Verdict::Damaged { .. } | Verdict::SetAside { .. } => None,
        };
        AccountInspection { name, summary, held, is_sound }
    }
}

fn described(record: &Record) -> String {
    let kind = match record.credential {
        Credential::OAuth2 { .. } => "grant",
        Credential::AccessOnly { .. } => return "bare access token".to_owned(),
        Credential::Server { .. } => "minted token",
    };
    let Binding { client_id, token_origin } = &record.binding;
    if client_id.is_empty() {
        return format!("{kind} of {token_origin}");
    }
    format!("{kind} of client_id {client_id} at {token_origin}")
}

fn held(record: Record) -> Held {
    let kind = match record.credential {
        Credential::OAuth2 { .. } => HeldKind::Login,
        Credential::AccessOnly { .. } => HeldKind::BareToken,
        Credential::Server { .. } => HeldKind::Minted,
    };
    Held { kind, binding: record.binding, registration: record.registration }
}
