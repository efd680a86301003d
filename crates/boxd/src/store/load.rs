//! Takes an account up after a start: rolls the journal forward, sets damaged files aside, cleans up.

use std::{io, path::Path, sync::PoisonError};

use boxd_engine::{Generation, Loaded, Record};

use super::{
    format::Flaw,
    look::{Look, Source, Verdict},
    names::{self, Files, Role},
    vault::{Vault, list},
};
use crate::account_name::AccountName;

impl Vault {
    /// What the store holds of an account.
    pub(super) fn load(&self, account: &AccountName) -> Loaded {
        if let Some(lock) = self.lock_on(account) {
            return Loaded::Locked { lock };
        }
        let files = self.files(account);
        // Only an account without a file needs to know what lies aside; that costs a whole listing, so one
        // that has nothing there is not listed for.
        let missing = matches!(self.disk.read_start(&files.grant),
            Err(error) if error.kind() == io::ErrorKind::NotFound);
        let asides = if missing && self.may_lie_aside(account) { self.asides(account) } else { Vec::new() };
        let Look { verdict, stale } = self.look(account, &files, !asides.is_empty());
        match verdict {
            Verdict::Absent { highest } => {
                self.clean(&files, &stale);
                Loaded::Absent { highest }
            }
            Verdict::Newest { record, source, foreign, in_doubt } => {
                let rewrite = self.settle(account, &files, source).is_err();
                // While the newest grant is not in its place everything stays.
                if !rewrite {
                    self.clean(&files, &stale);
                }
                Loaded::Grant { record, in_doubt, foreign, rewrite }
            }
            Verdict::Damaged { flaw, highest } => self.load_damaged(account, &files, &flaw, highest),
            Verdict::SetAside { older, foreign } => self.load_set_aside(account, &asides, older, foreign),
        }
    }

    fn load_damaged(
        &self,
        account: &AccountName,
        files: &Files,
        flaw: &Flaw,
        highest: Option<Generation>,
    ) -> Loaded {
        let in_place = |why: &str| {
            let guess = u64::try_from(self.unix_seconds()).map_or(Generation(0), Generation);
            Loaded::Damaged { highest: highest.unwrap_or(guess), reason: format!("{flaw}; {why}") }
        };
        // A file that the system would not read may be whole: it stays where it is.
        if matches!(flaw, Flaw::Unreadable(_) | Flaw::Newer { .. }) {
            return in_place("it was left in its place");
        }
        match self.set_aside(account, &files.grant) {
            Ok(()) => self.load(account),
            Err(error) => in_place(&format!("it could not be set aside: {error}")),
        }
    }

    fn load_set_aside(
        &self,
        account: &AccountName,
        asides: &[String],
        older: Option<Box<Record>>,
        foreign: bool,
    ) -> Loaded {
        let highest = asides.iter().map(|file| self.highest_of_aside(account, file)).max();
        let highest = highest.unwrap_or_default();
        if let Some(mut record) = older {
            // Better an older pair than a login; its token gets a number that none had.
            record.generation = record.generation.max(highest.next());
            return Loaded::Grant { record, in_doubt: true, foreign, rewrite: true };
        }
        let newest = asides.last().map(String::as_str).unwrap_or_default();
        let reason = self.why_aside(account, newest);
        Loaded::Damaged { highest, reason: format!("{reason}; it is kept as accounts/{newest}") }
    }

    /// The generation in an authentic head, else the date at which the file was set aside.
    fn highest_of_aside(&self, account: &AccountName, file: &str) -> Generation {
        let path = self.places.accounts.join(file);
        if let Some((header, ..)) = self.head(&path, account) {
            return header.generation;
        }
        let mark = file.rsplit_once("damaged-").map(|(_, mark)| mark).unwrap_or_default();
        let seconds = mark.split('-').next().and_then(|seconds| seconds.parse().ok());
        Generation(seconds.unwrap_or_default())
    }

    fn why_aside(&self, account: &AccountName, file: &str) -> String {
        let why = self.disk.read(&self.places.accounts.join(file)).map(|bytes| {
            self.keys.open(bytes, account.as_str()).err().map(|unopened| unopened.flaw.to_string())
        });
        match why {
            Ok(Some(flaw)) => flaw,
            Ok(None) => Flaw::OtherKind.to_string(),
            Err(error) => Flaw::Unreadable(error.to_string()).to_string(),
        }
    }

    /// Whether a damaged file of the account was set aside, by one listing for all accounts.
    fn may_lie_aside(&self, account: &AccountName) -> bool {
        let mut known = self.set_aside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return known.contains(account);
        }
        // Where the directory cannot be listed now, it is tried again for the next account.
        let Ok(files) = list(&*self.disk, &self.places.accounts) else { return true };
        let owners = files.iter().filter_map(|file| names::owner_of(file));
        let asides = owners.filter(|(_, role)| *role == Role::Aside).map(|(owner, _)| owner);
        known.insert(asides.collect()).contains(account)
    }

    /// Names of the account's files that were set aside.
    pub(super) fn asides(&self, account: &AccountName) -> Vec<String> {
        let files = list(&*self.disk, &self.places.accounts).unwrap_or_default();
        names::asides_of(account, files)
    }

    /// Puts a file out of the way under a name of its own, so that it can be looked at later.
    pub(super) fn set_aside(&self, account: &AccountName, path: &Path) -> io::Result<()> {
        let taken = self.disk.list(&self.places.accounts)?;
        let aside = self.places.aside(account, self.unix_seconds(), &taken);
        self.disk.rename(path, &aside)?;
        if let Some(known) = &mut *self.set_aside.lock().unwrap_or_else(PoisonError::into_inner) {
            known.insert(account.clone());
        }
        tracing::error!(%account, file = %names::short(&aside), "a damaged file was set aside");
        // Without this sync a power cut puts it back, and it is set aside again.
        if let Err(error) = self.disk.sync_dir(&self.places.accounts) {
            tracing::warn!(%account, %error, "the directory could not be synced");
        }
        Ok(())
    }

    /// Brings the newest grant into its own place, durably.
    fn settle(&self, account: &AccountName, files: &Files, source: Source) -> io::Result<()> {
        let from = match source {
            Source::Grant => return Ok(()),
            Source::Next => &files.next,
            Source::Fresh => &files.fresh,
            Source::Spare => return self.settle_spare(account, files),
        };
        // The file may be in memory only: a process that died before its sync, or a sync that failed.
        // Writing the same bytes again cannot harm it, and makes the sync mean something.
        let bytes = self.disk.read(from)?;
        self.disk.overwrite(from, &bytes)?;
        self.disk.rename(from, &files.grant)?;
        self.disk.sync_dir(&self.places.accounts)?;
        tracing::info!(%account, "a renewal that was cut short was finished from the journal");
        Ok(())
    }

    fn settle_spare(&self, account: &AccountName, files: &Files) -> io::Result<()> {
        let Some(spare) = &files.spare else { return Ok(()) };
        let bytes = self.disk.read(spare)?;
        self.put(files, &bytes)?;
        self.remove_softly(spare);
        tracing::info!(%account, "the grant was taken back from its spare file");
        Ok(())
    }

    fn clean(&self, files: &Files, stale: &[Source]) {
        for source in stale {
            match source {
                Source::Grant => {}
                Source::Next => self.remove_softly(&files.next),
                Source::Fresh => self.remove_softly(&files.fresh),
                Source::Spare => files.spare.iter().for_each(|spare| self.remove_softly(spare)),
            }
        }
    }

    /// Removes a file that means nothing any more; should it come back, it still means nothing.
    pub(super) fn remove_softly(&self, path: &Path) {
        if let Err(error) = self.disk.remove_if_there(path) {
            tracing::debug!(%error, file = %names::short(path), "a leftover could not be removed");
        }
    }
}
