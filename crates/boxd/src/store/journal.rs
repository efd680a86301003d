//! The writes around a spend: prove, commit, withdraw, forget, and the spare. Every order in here counts.

use std::{io, path::Path};

use boxd_engine::{CommitReason, Generation, GrantId, Record};

use super::{
    ballast::is_no_room,
    format::{Kind, LONGEST},
    names::Files,
    seal::{Sealer, Size},
    vault::{Found, Vault},
};
use crate::account_name::AccountName;

/// Content that an intent makes room for where the present grant cannot tell.
const USUAL_CONTENT: usize = 4096;

/// How a commit reaches the grant's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    /// Through the intent's file, whose room is proved.
    InPlace,
    /// Through a new file, because something failed before or nothing was proved.
    NewFile,
}

impl Vault {
    /// Makes an intent durable, as large as the successor will be.
    ///
    /// It comes by a rename: an intent or a torn successor that is there already is replaced whole or not
    /// at all, so that no moment forgets a spend that may have been sent.
    pub(super) fn prove(
        &self,
        account: &AccountName,
        grant: GrantId,
        generation: Generation,
    ) -> io::Result<()> {
        self.refuse_locked(account)?;
        let files = self.files(account);
        let (binding, size) = match self.head(&files.grant, account) {
            Some((header, length, _)) => {
                let content = usize::try_from(header.content).unwrap_or(USUAL_CONTENT);
                (header.binding, Sealer::roomy(length, content))
            }
            // Somebody took the file away. The spend goes on: its commit puts the newest pair back.
            None => (boxd_engine::Binding::default(), Sealer::roomy(LONGEST, USUAL_CONTENT)),
        };
        let header = self.header(Kind::Intent, account, grant, generation, binding);
        let bytes = self.keys.current()?.seal(header, &[], Size::Exactly(size)).map_err(io::Error::other)?;
        self.write_fresh(&files, &bytes)?;
        self.disk.rename(&files.fresh, &files.next)?;
        self.disk.sync_dir(&self.places.accounts)?;
        self.ballast.fill(&*self.disk);
        Ok(())
    }

    /// Removes the intent. It is not synced: an intent that comes back only makes a doubt.
    pub(super) fn withdraw(&self, account: &AccountName) {
        let files = self.files(account);
        let is_intent =
            self.head(&files.next, account).is_some_and(|(header, ..)| header.kind == Kind::Intent);
        if is_intent {
            self.remove_softly(&files.next);
        }
    }

    /// Makes a record durable in the grant's own place.
    pub(super) fn commit(
        &self,
        account: &AccountName,
        record: &Record,
        reason: CommitReason,
        failures: u32,
    ) -> io::Result<()> {
        self.refuse_locked(account)?;
        let files = self.files(account);
        let route = match reason {
            CommitReason::Successor if failures == 0 => Route::InPlace,
            _ => Route::NewFile,
        };
        if reason == CommitReason::Replacement {
            self.keep_damaged(account, &files)?;
        }
        match self.write(account, &files, record, route) {
            Err(error) if is_no_room(&error) && self.ballast.free(&*self.disk) => {
                self.write(account, &files, record, Route::NewFile)?;
            }
            written => written?,
        }
        // A note says nothing of a spend that may be under way.
        if reason != CommitReason::Note {
            self.remove_softly(&files.next);
        }
        files.spare.iter().for_each(|spare| self.remove_softly(spare));
        self.ballast.fill(&*self.disk);
        Ok(())
    }

    fn write(&self, account: &AccountName, files: &Files, record: &Record, route: Route) -> io::Result<()> {
        if route == Route::InPlace
            && let Some(bytes) = self.sealed_to_fit(account, files, record)
        {
            self.disk.overwrite(&files.next, &bytes)?;
            self.disk.rename(&files.next, &files.grant)?;
            return self.disk.sync_dir(&self.places.accounts);
        }
        self.put(files, &self.seal_grant(account, record, Size::Roomy)?)
    }

    /// The successor at the size of its intent; `None` where there is no such intent or it does not fit.
    fn sealed_to_fit(&self, account: &AccountName, files: &Files, record: &Record) -> Option<Vec<u8>> {
        let (intent, _, size) = self.head(&files.next, account)?;
        let of_this_spend = intent.kind == Kind::Intent
            && intent.grant == record.grant
            && intent.generation < record.generation;
        let size = usize::try_from(size).ok().filter(|_| of_this_spend)?;
        self.seal_grant(account, record, Size::Exactly(size)).ok()
    }

    /// Replaces the grant's file by way of a new one.
    pub(super) fn put(&self, files: &Files, bytes: &[u8]) -> io::Result<()> {
        self.write_fresh(files, bytes)?;
        self.disk.rename(&files.fresh, &files.grant)?;
        self.disk.sync_dir(&self.places.accounts)
    }

    /// Always another file: after a failed sync nobody knows what the old one holds.
    fn write_fresh(&self, files: &Files, bytes: &[u8]) -> io::Result<()> {
        self.disk.remove_if_there(&files.fresh)?;
        self.write_new_or_nothing(&files.fresh, bytes)
    }

    fn write_new_or_nothing(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.write_new(path, bytes).inspect_err(|_| self.remove_softly(path))
    }

    /// A file that does not open is kept before another takes its name.
    fn keep_damaged(&self, account: &AccountName, files: &Files) -> io::Result<()> {
        match self.find(&files.grant, account) {
            Found::Flawed(_) | Found::Intent { .. } | Found::Login { .. } => {
                self.set_aside(account, &files.grant)
            }
            Found::Missing | Found::Grant { .. } | Found::Tombstone(_) => Ok(()),
        }
    }

    /// Replaces an account's grant by its generation counter.
    pub(super) fn forget(&self, account: &AccountName, generation: Generation) -> io::Result<()> {
        self.refuse_locked(account)?;
        let files = self.files(account);
        self.keep_damaged(account, &files)?;
        let known = self.head(&files.grant, account).map(|(header, ..)| header.generation);
        let highest = generation.max(known.unwrap_or_default());
        let binding = boxd_engine::Binding::default();
        let header = self.header(Kind::Tombstone, account, GrantId::default(), highest, binding);
        let bytes = self.keys.current()?.seal(header, &[], Size::Least).map_err(io::Error::other)?;
        match self.put(&files, &bytes) {
            Err(error) if is_no_room(&error) && self.ballast.free(&*self.disk) => self.put(&files, &bytes)?,
            put => put?,
        }
        self.remove_softly(&files.next);
        files.spare.iter().for_each(|spare| self.remove_softly(spare));
        self.ballast.fill(&*self.disk);
        Ok(())
    }

    /// Seals a record that could not be committed into the spare directory.
    pub(super) fn save_spare(&self, account: &AccountName, record: &Record) -> io::Result<()> {
        // Always under the name of the key that seals it.
        let files = self.places.files(account, self.keys.current_id().0);
        let Some((spare, directory)) = files.spare.zip(self.places.spares.as_deref()) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no runtime directory for spares"));
        };
        let bytes = self.seal_grant(account, record, Size::Least)?;
        let fresh = spare.with_extension("new");
        self.disk.remove_if_there(&fresh)?;
        self.write_new_or_nothing(&fresh, &bytes)?;
        self.disk.rename(&fresh, &spare)?;
        self.disk.sync_dir(directory)
    }
}
