//! Sealed files over a disk: what is where, read without changing anything.

use std::{collections::BTreeSet, io, path::Path, sync::Mutex};

use boxd_engine::{Binding, Generation, GrantId, Lock, Record};

use super::{
    ballast::Ballast,
    disk::Disk,
    format::{Flaw, Header, Kind},
    keys::Keys,
    machine::MachineId,
    names::{self, Files, Places, Role},
    parallel, payload,
    seal::{Size, Unopened},
};
use crate::{account_name::AccountName, clock::Clock};

/// No generation that is guessed from the date is lower, even where the clock stands at 1970.
const EARLIEST: i64 = 1_750_000_000;

/// The store without its lock.
pub(super) struct Vault {
    pub(super) disk: Box<dyn Disk>,
    pub(super) places: Places,
    pub(super) keys: Keys,
    pub(super) machine: Option<MachineId>,
    pub(super) ballast: Ballast,
    pub(super) clock: Clock,
    /// Accounts of which damaged files were set aside; `None` until the directory was listed for them.
    pub(super) set_aside: Mutex<Option<BTreeSet<AccountName>>>,
}

/// What a file turned out to be.
pub(super) enum Found {
    Missing,
    Grant { record: Box<Record>, machine: Option<[u8; 32]> },
    Intent { grant: GrantId, generation: Generation },
    Tombstone(Generation),
    Login { record: Box<Record>, replace_user: bool, machine: Option<[u8; 32]> },
    Flawed(Unopened),
}

impl Vault {
    pub(super) fn new(disk: Box<dyn Disk>, places: Places, keys: Keys, machine: Option<MachineId>) -> Self {
        let ballast = Ballast::at(places.state.join("ballast"));
        Self {
            disk,
            places,
            keys,
            machine,
            ballast,
            clock: Clock::of_this_boot(),
            set_aside: Mutex::default(),
        }
    }

    /// Where an account's files are. While the key is being changed its spare may bear the name of the old one.
    pub(super) fn files(&self, account: &AccountName) -> Files {
        let mut files = self.places.files(account, self.keys.current_id().0);
        let is_there = |spare: &std::path::PathBuf| self.disk.read_start(spare).is_ok();
        let older = self.keys.older_ids();
        if !older.is_empty() && !files.spare.as_ref().is_some_and(is_there) {
            let mut named = older.iter().filter_map(|id| self.places.files(account, id.0).spare);
            files.spare = named.find(is_there).or(files.spare);
        }
        files
    }

    /// Opens one file of an account.
    pub(super) fn find(&self, path: &Path, account: &AccountName) -> Found {
        let bytes = match self.disk.read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Missing,
            Err(error) => {
                let flaw = Flaw::Unreadable(error.to_string());
                return Found::Flawed(Unopened { flaw, header: None });
            }
        };
        match self.keys.open(bytes, account.as_str()) {
            Ok(opened) => found(opened.header, &opened.content),
            Err(unopened) => Found::Flawed(unopened),
        }
    }

    /// The authentic head of an account's file, how long the head is and how long the file.
    pub(super) fn head(&self, path: &Path, account: &AccountName) -> Option<(Header, usize, u64)> {
        let (start, size) = self.disk.read_start(path).ok()?;
        let (header, length) = self.keys.open_head(&start).ok()?;
        (header.account == account.as_str()).then_some((header, length, size))
    }

    /// What a file holds, by its authentic head, or by the mere word of one whose key is missing.
    fn kind(&self, path: &Path, account: &AccountName) -> Option<Kind> {
        let (start, _) = self.disk.read_start(path).ok()?;
        let header = match self.keys.open_head(&start) {
            Ok((header, _)) => header,
            Err(Flaw::Locked(_)) => Header::decode(&start).ok()?.0,
            Err(_) => return None,
        };
        (header.account == account.as_str()).then_some(header.kind)
    }

    /// What the account waits for, where one of its files is sealed with a key that is missing.
    pub(super) fn lock_on(&self, account: &AccountName) -> Option<Lock> {
        if self.keys.missing().is_empty() {
            return None;
        }
        let files = self.files(account);
        [Some(&files.grant), Some(&files.next), Some(&files.fresh), Some(&files.login), files.spare.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|file| {
                let (start, _) = self.disk.read_start(file).ok()?;
                self.keys.lock_of(Header::decode(&start).ok()?.0.key_id)
            })
    }

    /// Nothing is written to an account, or set aside, while files of it cannot be opened.
    pub(super) fn refuse_locked(&self, account: &AccountName) -> io::Result<()> {
        match self.lock_on(account) {
            Some(lock) => Err(io::Error::other(lock.why)),
            None => self.keys.current().map(|_sealer| ()),
        }
    }

    pub(super) fn seal_grant(
        &self,
        account: &AccountName,
        record: &Record,
        size: Size,
    ) -> io::Result<Vec<u8>> {
        self.seal_record(Kind::Grant, account, record, size)
    }

    pub(super) fn seal_record(
        &self,
        kind: Kind,
        account: &AccountName,
        record: &Record,
        size: Size,
    ) -> io::Result<Vec<u8>> {
        let content = payload::encode(record)?;
        let binding = record.binding.clone();
        let header = self.header(kind, account, record.grant, record.generation, binding);
        self.keys.current()?.seal(header, &content, size).map_err(io::Error::other)
    }

    pub(super) fn header(
        &self,
        kind: Kind,
        account: &AccountName,
        grant: GrantId,
        generation: Generation,
        binding: Binding,
    ) -> Header {
        Header {
            kind,
            account: account.as_str().to_owned(),
            grant,
            generation,
            // Both are filled in by the seal.
            key_id: [0; 8],
            content: 0,
            machine: self.machine.map(MachineId::bytes),
            made: self.clock.moment().wall,
            binding,
        }
    }

    /// Whether a file made on `machine` was made on another one than this.
    pub(super) fn is_foreign(&self, machine: Option<[u8; 32]>) -> bool {
        machine.is_some() && machine != self.machine.map(MachineId::bytes)
    }

    /// A number that no token had: nobody renews more than once a second from 1970 on.
    pub(super) fn unix_seconds(&self) -> i64 {
        self.clock.moment().wall.unix_seconds().max(EARLIEST)
    }

    /// Accounts that hold something: a grant, a damaged one, or one that waits to be put in place.
    pub(super) fn accounts(&self) -> io::Result<Vec<AccountName>> {
        let mut holding = BTreeSet::new();
        let mut empty = BTreeSet::new();
        let files = list(&*self.disk, &self.places.accounts)?;
        let found = parallel::map(&files, |file| {
            let (account, role) = names::owner_of(file)?;
            let kind = self.kind(&self.places.accounts.join(file), &account);
            Some((account, role, kind))
        });
        for (account, role, kind) in found.into_iter().flatten() {
            match (role, kind) {
                (Role::Grant, Some(Kind::Tombstone)) => {
                    empty.insert(account);
                }
                (Role::Grant | Role::Aside, _) | (Role::Next, Some(Kind::Grant)) => {
                    holding.insert(account);
                }
                _ => {}
            }
        }
        // What else lies beside a tombstone is older than it.
        holding.retain(|account| !empty.contains(account));
        if let Some(spares) = &self.places.spares {
            // A directory that is not there yet, or not readable, holds no spare of ours.
            let files = list(&*self.disk, spares).unwrap_or_default();
            for id in self.keys.older_ids().into_iter().chain([self.keys.current_id()]) {
                let owners = files.iter().filter_map(|file| names::owner_of_spare(file, id.0));
                holding.extend(owners.filter(|account| !empty.contains(account)));
            }
        }
        Ok(holding.into_iter().collect())
    }
}

fn found(header: Header, content: &[u8]) -> Found {
    match header.kind {
        Kind::Intent => Found::Intent { grant: header.grant, generation: header.generation },
        Kind::Tombstone => Found::Tombstone(header.generation),
        Kind::Grant => match payload::decode(&header, content) {
            Ok(record) => Found::Grant { record: Box::new(record), machine: header.machine },
            Err(flaw) => Found::Flawed(Unopened { flaw, header: Some(Box::new(header)) }),
        },
        Kind::Login { replace_user } => match payload::decode(&header, content) {
            Ok(record) => Found::Login { record: Box::new(record), replace_user, machine: header.machine },
            Err(flaw) => Found::Flawed(Unopened { flaw, header: Some(Box::new(header)) }),
        },
    }
}

/// Files of a directory, none where it is missing.
pub(super) fn list(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<String>> {
    match disk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}
