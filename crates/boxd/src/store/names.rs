//! Where each file of an account is, and whose a file is.

use std::path::{Path, PathBuf};

use crate::account_name::AccountName;

const GRANT: &str = ".grant";
const NEXT: &str = ".grant.next";
const FRESH: &str = ".grant.new";
const LOGIN: &str = ".login";
const FRESH_LOGIN: &str = ".login.new";
const ASIDE: &str = ".grant.damaged-";

/// The directories of a store.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The state directory.
    pub(super) state: PathBuf,
    /// `accounts` in it.
    pub(super) accounts: PathBuf,
    /// For spares, where there is such a place.
    pub(super) spares: Option<PathBuf>,
}

/// The files of one account.
#[derive(Clone, Debug)]
pub(super) struct Files {
    /// The grant, or the tombstone of a logout.
    pub(super) grant: PathBuf,
    /// The journal entry: an intent, then the successor.
    pub(super) next: PathBuf,
    /// A new file on its way to one of the two.
    pub(super) fresh: PathBuf,
    /// A login that is not verified yet.
    pub(super) login: PathBuf,
    /// A new file on its way there.
    pub(super) fresh_login: PathBuf,
    /// Where a successor waits that could not be saved.
    pub(super) spare: Option<PathBuf>,
}

impl Places {
    pub(super) fn new(state: PathBuf, spares: Option<PathBuf>) -> Self {
        Self { accounts: state.join("accounts"), state, spares }
    }

    /// The key's name is part of a spare's, since several stores may share the directory.
    pub(super) fn files(&self, account: &AccountName, key_id: [u8; 8]) -> Files {
        let file = |suffix: &str| self.accounts.join(format!("{account}{suffix}"));
        let spare = |directory: &PathBuf| directory.join(format!("{account}{}", spare_suffix(key_id)));
        Files {
            grant: file(GRANT),
            next: file(NEXT),
            fresh: file(FRESH),
            login: file(LOGIN),
            fresh_login: file(FRESH_LOGIN),
            spare: self.spares.as_ref().map(spare),
        }
    }

    /// The first free name for a damaged file that is set aside.
    pub(super) fn aside(&self, account: &AccountName, unix_seconds: i64, taken: &[String]) -> PathBuf {
        let name = |number: usize| format!("{account}{ASIDE}{unix_seconds}-{number}");
        let free = (0..=taken.len()).map(name).find(|name| !taken.contains(name));
        // Among one more names than are taken one is free.
        self.accounts.join(free.unwrap_or_else(|| name(taken.len())))
    }
}

fn spare_suffix(key_id: [u8; 8]) -> String {
    format!(".{:016x}.spare", u64::from_be_bytes(key_id))
}

/// What a file in the accounts directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Grant,
    Next,
    Fresh,
    Login,
    FreshLogin,
    Aside,
}

/// Whose file this is, and what for; `None` for files that are none of ours.
pub(super) fn owner_of(file: &str) -> Option<(AccountName, Role)> {
    let (account, role) = if let Some(account) = file.strip_suffix(NEXT) {
        (account, Role::Next)
    } else if let Some(account) = file.strip_suffix(FRESH) {
        (account, Role::Fresh)
    } else if let Some(account) = file.strip_suffix(GRANT) {
        (account, Role::Grant)
    } else if let Some(account) = file.strip_suffix(FRESH_LOGIN) {
        (account, Role::FreshLogin)
    } else if let Some(account) = file.strip_suffix(LOGIN) {
        (account, Role::Login)
    } else {
        let (account, mark) = file.rsplit_once(ASIDE)?;
        let (seconds, number) = mark.rsplit_once('-')?;
        // Digits only, so that no account name looks like this.
        (seconds.parse::<i64>().is_ok() && number.parse::<u32>().is_ok()).then_some((account, Role::Aside))?
    };
    Some((account.parse().ok()?, role))
}

/// Whose spare this is, among those of one key.
pub(super) fn owner_of_spare(file: &str, key_id: [u8; 8]) -> Option<AccountName> {
    file.strip_suffix(&spare_suffix(key_id))?.parse().ok()
}

/// Names of the damaged files of an account that were set aside, the oldest first.
pub(super) fn asides_of(account: &AccountName, files: Vec<String>) -> Vec<String> {
    let mut found: Vec<_> =
        files.into_iter().filter(|file| owner_of(file) == Some((account.clone(), Role::Aside))).collect();
    found.sort_unstable_by_key(|file| (file.len(), file.clone()));
    found
}

/// The last part of a path, for messages.
pub(super) fn short(path: &Path) -> std::path::Display<'_> {
    path.file_name().map_or(path, Path::new).display()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_names_that_look_like_suffixes_are_told_apart() {
        let places = Places::new("/s".into(), Some("/r".into()));
        for name in
            ["a", "a.grant", "a.grant.next", "a.grant.damaged-1-2", "a.spare", "a.grant.new", "a.login"]
        {
            let account: AccountName = name.parse().unwrap();
            let files = places.files(&account, [0xab; 8]);
            for (path, role) in [
                (&files.grant, Role::Grant),
                (&files.next, Role::Next),
                (&files.fresh, Role::Fresh),
                (&files.login, Role::Login),
                (&files.fresh_login, Role::FreshLogin),
            ] {
                let file = path.file_name().unwrap().to_str().unwrap();
                assert_eq!(owner_of(file), Some((account.clone(), role)), "{file}");
            }
            let aside = places.aside(&account, 1_795_000_000, &[]);
            let aside = aside.file_name().unwrap().to_str().unwrap();
            assert_eq!(owner_of(aside), Some((account.clone(), Role::Aside)), "{aside}");
            let spare = files.spare.unwrap();
            let spare = spare.file_name().unwrap().to_str().unwrap();
            assert_eq!(owner_of_spare(spare, [0xab; 8]), Some(account));
            assert_eq!(owner_of_spare(spare, [0; 8]), None);
        }
    }

    #[test]
    fn a_damaged_file_never_takes_the_name_of_another() {
        let places = Places::new("/s".into(), None);
        let account: AccountName = "work".parse().unwrap();
        let mut taken = Vec::new();
        for _ in 0..3 {
            let path = places.aside(&account, 7, &taken);
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(!taken.contains(&file));
            taken.push(file);
        }
    }
}
