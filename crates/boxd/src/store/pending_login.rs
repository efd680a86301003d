//! A new login that waits for its user to be verified, beside the grant whose place it may take.

use std::io;

use boxd_engine::{GrantId, Record};

use super::{
    ballast::is_no_room,
    format::Kind,
    names::{self, Role},
    seal::Size,
    vault::{Found, Vault, list},
};
use crate::account_name::AccountName;

/// A login that was not verified yet when a process ended.
#[derive(Debug)]
pub struct PendingLogin {
    /// For which account.
    pub account: AccountName,
    /// Its grant.
    pub record: Box<Record>,
    /// Whether it may take the place of another Box user's.
    pub replace_user: bool,
    /// Whether it is durable as it stands here.
    pub is_held: bool,
}

impl Vault {
    /// Makes a login durable under a name of its own. A new file, so that a torn one is never taken for it.
    pub(super) fn hold_login(
        &self,
        account: &AccountName,
        record: &Record,
        replace_user: bool,
    ) -> io::Result<()> {
        self.refuse_locked(account)?;
        let files = self.files(account);
        let bytes = self.seal_record(Kind::Login { replace_user }, account, record, Size::Roomy)?;
        let write = || {
            self.disk.remove_if_there(&files.fresh_login)?;
            self.disk
                .write_new(&files.fresh_login, &bytes)
                .inspect_err(|_| self.remove_softly(&files.fresh_login))?;
            self.disk.rename(&files.fresh_login, &files.login)?;
            self.disk.sync_dir(&self.places.accounts)
        };
        match write() {
            Err(error) if is_no_room(&error) && self.ballast.free(&*self.disk) => write(),
            written => written,
        }
    }

    /// The login that waits. One that does not open is left where it is; one of another machine too.
    pub(super) fn pending_login(&self, account: &AccountName) -> Option<PendingLogin> {
        match self.find(&self.files(account).login, account) {
            Found::Login { record, replace_user, machine } if !self.is_foreign(machine) => {
                Some(PendingLogin { account: account.clone(), record, replace_user, is_held: true })
            }
            Found::Missing => None,
            _ => {
                tracing::warn!(%account, "an unfinished login cannot be used; it is left where it is");
                None
            }
        }
    }

    /// All logins that wait.
    pub(super) fn pending_logins(&self) -> io::Result<Vec<PendingLogin>> {
        let files = list(&*self.disk, &self.places.accounts)?;
        let waiting = files.iter().filter_map(|file| match names::owner_of(file)? {
            (account, Role::Login) => self.pending_login(&account),
            _ => None,
        });
        Ok(waiting.collect())
    }

    /// Removes a login for good: a power cut must not bring it back after its refresh token was spent.
    ///
    /// One of another grant stays: a newer login may have taken its place.
    pub(super) fn drop_login(&self, account: &AccountName, grant: GrantId) {
        let files = self.files(account);
        let another = self.head(&files.login, account).is_some_and(|(header, ..)| header.grant != grant);
        if another {
            return;
        }
        self.remove_softly(&files.fresh_login);
        self.remove_softly(&files.login);
        if let Err(error) = self.disk.sync_dir(&self.places.accounts) {
            tracing::warn!(%account, %error, "the directory could not be synced");
        }
    }
}
