//! Looks a whole store over before anything in it is touched: newer formats, wrong keys, and `boxd --check`.

use super::{
    OpenError,
    disk::Disk,
    format::{Flaw, Header},
    key::KeySource,
    look::Verdict,
    names::{self, Places, Role},
    vault::{Vault, list},
};
use crate::account_name::AccountName;

/// What `boxd --check` reports of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Where the sealing key comes from, and what that is worth.
    pub key_source: String,
    /// The accounts that hold something.
    pub accounts: Vec<AccountInspection>,
}

/// What a store holds of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountInspection {
    /// Its name.
    pub name: AccountName,
    /// One line for people; never a secret.
    pub summary: String,
}

/// Refuses a store of a newer format, and one whose files are all sealed with another key than this.
pub(super) fn refuse_unusable(
    disk: &dyn Disk,
    places: &Places,
    source: &KeySource,
    key_id: Option<[u8; 8]>,
) -> Result<(), OpenError> {
    let accounts = || places.accounts.clone();
    let files = list(disk, &places.accounts)
        .map_err(|error| OpenError::io("list the accounts", &places.accounts, error))?;
    let (mut ours, mut others) = (false, false);
    for file in files {
        let Some((account, Role::Grant | Role::Next)) = names::owner_of(&file) else { continue };
        let Ok((start, _)) = disk.read_start(&places.accounts.join(&file)) else { continue };
        match Header::decode(&start) {
            Err(Flaw::Newer { version, writer }) => {
                return Err(OpenError::NewerFormat { account: account.as_str().to_owned(), version, writer });
            }
            Ok((header, _)) if Some(header.key_id) == key_id => ours = true,
            Ok(_) => others = true,
            Err(_) => {}
        }
    }
    match (others && !ours, key_id) {
        (true, None) => Err(OpenError::KeyMissing { key: source.to_string(), accounts: accounts() }),
        (true, Some(_)) => Err(OpenError::OtherKey { key: source.to_string(), accounts: accounts() }),
        (false, _) => Ok(()),
    }
}

impl Vault {
    /// Describes every account without changing a file.
    pub(super) fn inspect(&self) -> std::io::Result<Vec<AccountInspection>> {
        let accounts = self.accounts()?;
        Ok(accounts
            .into_iter()
            .map(|name| AccountInspection { summary: self.describe(&name), name })
            .collect())
    }

    fn describe(&self, account: &AccountName) -> String {
        match self.look(account, &self.files(account), !self.asides(account).is_empty()).verdict {
            Verdict::Absent { highest } => format!("no grant; the last generation was {highest}"),
            Verdict::Newest { record, foreign: true, .. } => {
                let generation = record.generation;
                format!("generation {generation}, made on another machine: boxctl adopt {account}")
            }
            Verdict::Newest { record, in_doubt, .. } => {
                let kind = if record.refresh_born().is_some() { "grant" } else { "bare access token" };
                let doubt = if in_doubt { ", in doubt: its last renewal will be tried again" } else { "" };
                let (generation, binding) = (record.generation, &record.binding);
                let (client_id, origin) = (&binding.client_id, &binding.token_origin);
                format!("{kind} of client_id {client_id} at {origin}, generation {generation}{doubt}")
            }
            Verdict::Damaged { flaw, .. } => format!("damaged: {flaw}; log in again: boxctl login {account}"),
            Verdict::SetAside { older: Some(_), .. } => "damaged; an older pair will be tried".to_owned(),
            Verdict::SetAside { older: None, .. } => {
                format!("damaged and set aside; log in again: boxctl login {account}")
            }
        }
    }
}
