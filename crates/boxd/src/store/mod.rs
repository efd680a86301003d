//! Sealed files that hold the grants, and the journal around every spend.
//!
//! Calls block; the broker makes them on threads of their own, for each account in the order in which its
//! session asked. Nothing of an account is kept in memory here.

mod ballast;
mod disk;
mod error;
mod format;
mod journal;
mod key;
mod key_report;
mod keys;
mod load;
mod lock;
mod look;
mod machine;
mod migrate;
mod names;
mod parallel;
mod payload;
mod pending_login;
mod place;
#[cfg(windows)]
mod rights;
mod seal;
mod survey;
#[cfg(test)]
mod tests;
mod unlock;
mod vault;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use boxd_engine::{CommitReason, Generation, GrantId, Loaded, Lock, Record, StoreFault};

use self::{
    disk::RealDisk,
    key::{Register, Sources, keyring},
    lock::DirectoryLock,
    names::Places,
    unlock::Unlocked,
    vault::Vault,
};
pub use self::{
    error::OpenError,
    key::{KeyChoice, KeySource},
    key_report::{KeyReport, News},
    machine::MachineId,
    migrate::MigrateError,
    pending_login::PendingLogin,
    survey::{AccountInspection, Held, HeldKind, Inspection},
};
use crate::account_name::AccountName;

/// Writes to one account exclude each other by its place among so many locks.
const STRIPES: usize = 64;

/// Where the store is, and what it may rely on.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state directory; made with mode 0700 where it is missing.
    pub state_dir: PathBuf,
    /// Where a grant goes that the state directory's disk refuses, best in memory: the runtime directory.
    pub spare_dir: Option<PathBuf>,
    /// The machine to bind grants to; `None` where it has no stable id.
    pub machine: Option<MachineId>,
    /// Whether a network file system is acceptable.
    pub allow_network_fs: bool,
    /// Where a new store gets its sealing key from.
    pub key: KeyChoice,
    /// Where systemd puts this service's credentials (`$CREDENTIALS_DIRECTORY`).
    pub credentials: Option<PathBuf>,
}

/// The open store; no other process can have it open too.
pub struct Store {
    vault: Vault,
    sources: Sources,
    /// As it is on disk.
    register: RwLock<Register>,
    /// Held for as long as the keys are being changed.
    changing: Mutex<()>,
    choice: KeyChoice,
    stripes: [Mutex<()>; STRIPES],
    _lock: DirectoryLock,
}

impl Store {
    /// Opens the store and takes its lock; makes directory and sealing key where there is no store yet.
    ///
    /// # Errors
    /// Where it is in use, unsafe, sealed with another key, or written by a newer boxd. Nothing is changed then.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        Self::open_with(options, keyring::of_this_system())
    }

    fn open_with(options: Options, keyring: Arc<dyn keyring::Keyring>) -> Result<Self, OpenError> {
        place::prepare(&options.state_dir)?;
        if !options.allow_network_fs {
            place::refuse_network(&options.state_dir)?;
        }
        let lock = DirectoryLock::take(&options.state_dir)?;
        let sources = sources(&options, keyring);
        let places =
            Places::new(options.state_dir, options.spare_dir.filter(|spares| may_hold_spares(spares)));
        let (register, keys) = match unlock::unlock(&RealDisk, &places, &sources)? {
            Unlocked::Known { register, keys, is_noted } => {
                if !is_noted {
                    unlock::note(&RealDisk, &sources, &register)?;
                }
                (register, keys)
            }
            Unlocked::New => unlock::begin(&RealDisk, &sources, options.key)?,
        };
        place::prepare(&places.accounts)?;
        let vault = Vault::new(Box::new(RealDisk), places, keys, options.machine);
        // A rename that a killed process did not sync must not be undone after it was served from.
        if let Err(error) = vault.disk.sync_dir(&vault.places.accounts) {
            tracing::warn!(%error, "the accounts directory could not be synced");
        }
        vault.ballast.look(&*vault.disk);
        vault.ballast.fill(&*vault.disk);
        let stripes = std::array::from_fn(|_| Mutex::new(()));
        Ok(Self {
            vault,
            sources,
            register: RwLock::new(register),
            changing: Mutex::new(()),
            choice: options.key,
            stripes,
            _lock: lock,
        })
    }

    /// Accounts that hold a grant, or a damaged one.
    pub fn accounts(&self) -> Vec<AccountName> {
        self.vault.accounts().unwrap_or_else(|error| {
            tracing::error!(%error, "the accounts cannot be listed");
            Vec::new()
        })
    }

    /// What the store holds of an account. A renewal that was cut short is finished or found in doubt, a
    /// damaged file is set aside.
    pub fn load(&self, account: &AccountName) -> Loaded {
        let _alone = self.alone(account);
        self.vault.load(account)
    }

    /// The same for many accounts.
    pub fn load_all(&self, accounts: BTreeSet<AccountName>) -> BTreeMap<AccountName, Loaded> {
        let accounts: Vec<_> = accounts.into_iter().collect();
        let loaded = parallel::map(&accounts, |account| self.load(account));
        accounts.into_iter().zip(loaded).collect()
    }

    /// Makes the intent to spend a generation durable, with room for its successor.
    ///
    /// # Errors
    /// Then nothing may be sent.
    pub fn prove(
        &self,
        account: &AccountName,
        grant: GrantId,
        generation: Generation,
    ) -> Result<(), StoreFault> {
        let _alone = self.alone(account);
        self.vault.prove(account, grant, generation).map_err(|error| fault("note the renewal", &error))
    }

    /// Removes the intent: nothing was sent, or Box has definitely refused.
    pub fn withdraw(&self, account: &AccountName) {
        let _alone = self.alone(account);
        self.vault.withdraw(account);
    }

    /// Makes a record durable. `failures` counts how often this one failed before.
    ///
    /// # Errors
    /// Then what is on disk is either the record or what was there before.
    pub fn commit(
        &self,
        account: &AccountName,
        record: &Record,
        reason: CommitReason,
        failures: u32,
    ) -> Result<(), StoreFault> {
        let _alone = self.alone(account);
        self.vault.commit(account, record, reason, failures).map_err(|error| fault("save the grant", &error))
    }

    /// Forgets an account but for its generation counter.
    ///
    /// # Errors
    /// Then the grant may still be there.
    pub fn forget(&self, account: &AccountName, generation: Generation) -> Result<(), StoreFault> {
        let _alone = self.alone(account);
        self.vault.forget(account, generation).map_err(|error| fault("forget the grant", &error))
    }

    /// Puts a record that cannot be committed into the spare directory, where the next start finds it.
    ///
    /// # Errors
    /// Where there is no such directory, it is not safe, or it cannot be written either.
    pub fn save_spare(&self, account: &AccountName, record: &Record) -> Result<(), StoreFault> {
        let _alone = self.alone(account);
        if let Some(spares) = &self.vault.places.spares {
            place::prepare(spares).map_err(|error| StoreFault(error.to_string()))?;
        }
        self.vault.save_spare(account, record).map_err(|error| fault("save a spare", &error))
    }

    /// Makes a new login durable beside the grant that it may replace, until its user is verified.
    ///
    /// # Errors
    /// Then it is in memory only.
    pub fn hold_login(
        &self,
        account: &AccountName,
        record: &Record,
        replace_user: bool,
    ) -> Result<(), StoreFault> {
        let _alone = self.alone(account);
        self.vault
            .hold_login(account, record, replace_user)
            .map_err(|error| fault("save the new login", &error))
    }

    /// Logins that were not verified when the process before this one ended.
    pub fn pending_logins(&self) -> Vec<PendingLogin> {
        self.vault.pending_logins().unwrap_or_else(|error| {
            tracing::error!(%error, "unfinished logins cannot be listed");
            Vec::new()
        })
    }

    /// The login of an account that waits to be verified.
    pub fn pending_login(&self, account: &AccountName) -> Option<PendingLogin> {
        let _alone = self.alone(account);
        self.vault.pending_login(account)
    }

    /// Drops a login that took its place, or was refused.
    pub fn drop_login(&self, account: &AccountName, grant: GrantId) {
        let _alone = self.alone(account);
        self.vault.drop_login(account, grant);
    }

    /// What a write to this account waits for.
    pub fn lock_on(&self, account: &AccountName) -> Option<Lock> {
        self.vault.lock_on(account).or_else(|| self.vault.keys.lock_of(self.vault.keys.current_id().0))
    }

    /// Whether grants are bound to this machine.
    pub fn bound(&self) -> bool {
        self.vault.machine.is_some()
    }

    fn alone(&self, account: &AccountName) -> MutexGuard<'_, ()> {
        static NEVER_EMPTY: Mutex<()> = Mutex::new(());
        let mut hasher = DefaultHasher::new();
        account.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() >> 48).unwrap_or_default();
        self.stripes
            .get(place % STRIPES)
            .unwrap_or(&NEVER_EMPTY)
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("places", &self.vault.places).finish_non_exhaustive()
    }
}

/// Makes the state directory, or makes sure that one which is there is fit for secrets.
pub(crate) fn prepare_directory(path: &Path) -> Result<(), OpenError> {
    place::prepare(path)
}

/// Looks a store over for `boxd --check`: without its lock, and without changing anything.
///
/// # Errors
/// Where [`Store::open`] would refuse it for another reason than its lock.
pub fn inspect(options: &Options) -> Result<Inspection, OpenError> {
    let nothing = || Inspection { key_source: "none yet: one will be made".to_owned(), accounts: Vec::new() };
    if !options.state_dir.exists() {
        return Ok(nothing());
    }
    place::refuse_unsafe(&options.state_dir)?;
    if !options.allow_network_fs {
        place::refuse_network(&options.state_dir)?;
    }
    let sources = sources(options, keyring::of_this_system());
    let spares = options.spare_dir.clone().filter(|spares| may_hold_spares(spares));
    let places = Places::new(options.state_dir.clone(), spares);
    let accounts = places.accounts.clone();
    let Unlocked::Known { register, keys, .. } = unlock::unlock(&RealDisk, &places, &sources)? else {
        return Ok(nothing());
    };
    let key_source = key_report::described(&RealDisk, &sources, &register);
    let vault = Vault::new(Box::new(RealDisk), places, keys, options.machine);
    let found = vault.inspect().map_err(|error| OpenError::io("list the accounts", &accounts, error))?;
    Ok(Inspection { key_source, accounts: found })
}

fn sources(options: &Options, keyring: Arc<dyn keyring::Keyring>) -> Sources {
    Sources { state_dir: options.state_dir.clone(), credentials: options.credentials.clone(), keyring }
}

/// A directory that others can write to is not used; one that is missing may come.
fn may_hold_spares(spares: &Path) -> bool {
    if !spares.exists() {
        return true;
    }
    let safe = place::refuse_unsafe(spares);
    if let Err(error) = &safe {
        tracing::debug!(%error, "no spares are kept");
    }
    safe.is_ok()
}

fn fault(what: &str, error: &io::Error) -> StoreFault {
    StoreFault(format!("cannot {what}: {error}"))
}
