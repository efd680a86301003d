//! Drives the sessions of all accounts and answers requests about them.

mod access;
mod account;
mod application;
mod claims;
mod custody;
mod denials;
mod derived_source;
mod doctor;
mod drive;
mod feed;
mod handing;
mod import;
mod imported;
mod keys;
mod login;
mod metrics;
mod minting;
mod operations;
mod passing;
mod pending;
mod people;
mod probe;
mod problems;
mod redeem;
mod reload;
mod rename;
mod requests;
mod scoped;
mod shutdown;
mod signer;
mod status;
mod summary;
mod tally;
mod timers;
mod token_endpoint;
mod tokens;
mod tryout;
mod turns;
mod waiting;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use boxd_engine::{Event, Loaded, Session, Settings};
use tokio::sync::{Notify, Semaphore};

use self::{
    account::{Account, Held},
    application::Known,
    claims::Claims,
    feed::Feed,
    operations::Operations,
    timers::Timers,
    turns::Turns,
    waiting::Waiting,
};
use crate::{
    account_name::AccountName,
    alarm::{Alarm, Rang},
    audit::Audit,
    box_api::BoxApi,
    clock::Clock,
    config::Config,
    derived::DerivedTokens,
    login::Logins,
    notify::Notifier,
    passthrough::Ways,
    peer::owner,
    pulse::Pulse,
    server::Doors,
    store::Store,
};

/// Planned renewals are spread over this much time for each account: some 16 a second in all.
const SPREAD_OF_EACH: Duration = Duration::from_millis(60);
/// So few accounts may renew together.
const FEW: usize = 20;
/// Jobs of the store that run at once, each on a thread of its own: a disk takes no more in less time.
const STORE_JOBS_AT_ONCE: usize = 4;
/// Accounts that are dealt with in one go; requests of clients come in between.
const IN_ONE_GO: usize = 64;

/// The owner of all accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Broker(Arc<Shared>);

/// What the broker is made of.
#[derive(Debug)]
pub struct Shared {
    clock: Clock,
    store: Arc<Store>,
    api: BoxApi,
    ways: Ways,
    places: Places,
    config: RwLock<Arc<Config>>,
    accounts: RwLock<BTreeMap<AccountName, Arc<Account>>>,
    timers: Timers,
    feed: Feed,
    notifier: Notifier,
    operations: Operations,
    /// Holds the broker itself, for as long as the process.
    logins: OnceLock<Logins<Broker>>,
    derived: OnceLock<DerivedTokens<Broker>>,
    turns: Turns,
    store_jobs: Semaphore,
    /// How many accounts there are.
    count: AtomicUsize,
    /// Rings whenever a `GET /2.0/users/me` has ended.
    confirmed: Notify,
    /// Held by an import or a rename, so that two of them cannot take the same grant or name.
    custody: tokio::sync::Mutex<()>,
    claims: Claims,
    /// Somebody looks for missing keys.
    settling_keys: AtomicBool,
    waiting: Waiting,
    audit: Audit,
    denials: denials::Denials,
    /// The sockets of access rules.
    doors: Doors,
    /// The user that the daemon belongs to.
    owner: u32,
    /// Rings when an account comes to rest; for the shutdown.
    rested: Notify,
    /// Rings when the owner asks that the daemon end.
    told_to_end: Notify,
}

/// Where things are, for `Info` and `reload`.
#[derive(Clone, Debug)]
pub struct Places {
    /// The config file, and whether it was named explicitly.
    pub config: PathBuf,
    /// Whether a missing config file is an error.
    pub config_is_explicit: bool,
    /// The state directory.
    pub state_dir: PathBuf,
    /// The socket.
    pub socket: PathBuf,
}

impl std::ops::Deref for Broker {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Broker {
    /// Loads every account that the store or the config knows. Blocking: it reads the whole store.
    /// Must be called within a tokio runtime.
    pub fn new(
        clock: Clock,
        store: Arc<Store>,
        api: BoxApi,
        config: Config,
        places: Places,
        doors: Doors,
    ) -> Self {
        let audit = Audit::start(places.state_dir.clone(), config.audit());
        let broker = Self(Arc::new(Shared {
            clock,
            store,
            ways: Ways::new(api.clients_for_calls()),
            api,
            places,
            config: RwLock::new(Arc::new(config)),
            accounts: RwLock::default(),
            timers: Timers::default(),
            feed: Feed::new(run_id()),
            notifier: Notifier::default(),
            operations: Operations::default(),
            logins: OnceLock::new(),
            derived: OnceLock::new(),
            turns: Turns::default(),
            store_jobs: Semaphore::new(STORE_JOBS_AT_ONCE),
            count: AtomicUsize::new(0),
            confirmed: Notify::new(),
            custody: tokio::sync::Mutex::new(()),
            claims: Claims::default(),
            settling_keys: AtomicBool::new(false),
            waiting: Waiting::default(),
            audit,
            denials: denials::Denials::default(),
            doors,
            owner: owner(),
            rested: Notify::new(),
            told_to_end: Notify::new(),
        }));
        let config = broker.config();
        let mut names: BTreeSet<_> = broker.store.accounts().into_iter().collect();
        names.extend(config.accounts().keys().cloned());
        let mut loaded = broker.store.load_all(names);
        broker.finish_renames(&mut loaded);
        broker.count.store(loaded.len(), Ordering::Relaxed);
        let accounts =
            loaded.into_iter().map(|(name, loaded)| (name.clone(), broker.account_of(&name, loaded)));
        let accounts = accounts.collect();
        *broker.accounts.write().unwrap_or_else(PoisonError::into_inner) = accounts;
        broker
    }

    /// Starts what is due and keeps time, for ever; `pulse` shows that it still does.
    pub async fn keep_time(&self, alarm: Alarm, mut pulse: Pulse) {
        self.tell_all(|| Event::Tick).await;
        self.resume_logins();
        let broker = self.clone();
        tokio::spawn(async move { broker.settle_keys().await });
        loop {
            let mut ticked = 0_usize;
            while let Some((due, name)) = self.timers.take_due(self.clock.boot()) {
                self.tick(due, &name);
                ticked += 1;
                if ticked.is_multiple_of(IN_ONE_GO) {
                    tokio::task::yield_now().await;
                }
            }
            let first = self.timers.first();
            tokio::select! {
                rang = alarm.ring(first, &self.clock) => {
                    if rang == Rang::Woke {
                        tracing::debug!("the machine woke, or its clock was set");
                        self.tell_all(|| Event::Woke).await;
                        self.look_at_all();
                    }
                }
                () = self.timers.sooner.notified() => {}
                () = pulse.answer() => {}
            }
        }
    }

    fn tick(&self, due: boxd_engine::BootTime, name: &AccountName) {
        let Some(account) = self.account(name) else { return };
        let mut held = account.held();
        if held.scheduled == Some(due) {
            held.scheduled = None;
            drop(held);
            self.tell(&account, Event::Tick);
        }
    }

    async fn tell_all(&self, event: impl Fn() -> Event) {
        for some in self.all().chunks(IN_ONE_GO) {
            for account in some {
                self.tell(account, event());
            }
            tokio::task::yield_now().await;
        }
    }

    /// Reads one account out of the store.
    fn load(&self, name: &AccountName) -> Arc<Account> {
        self.account_of(name, self.store.load(name))
    }

    fn account_of(&self, name: &AccountName, loaded: Loaded) -> Arc<Account> {
        let known = match &loaded {
            Loaded::Grant { record, .. } => Some(Known::of(record)),
            Loaded::Absent { .. } | Loaded::Damaged { .. } | Loaded::Locked { .. } => None,
        };
        let (settings, orphaned) = match self.effective_for(name, known) {
            Ok(effective) => (effective.settings, effective.orphaned),
            Err(error) => {
                tracing::error!(account = %name, %error, "the account cannot be renewed");
                (Settings::default(), false)
            }
        };
        let loaded = minting::begin(name, loaded, &settings);
        let session = Session::load(loaded, settings, self.clock.boot_id(), self.clock.now());
        let held = Held { session, secret: None, signer: None, scheduled: None, orphaned };
        Arc::new(Account::new(name.clone(), held))
    }

    /// The configuration in force.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn account(&self, name: &AccountName) -> Option<Arc<Account>> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn all(&self) -> Vec<Arc<Account>> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The account of this name, made if there is none yet.
    fn account_or_new(&self, name: &AccountName) -> Arc<Account> {
        if let Some(account) = self.account(name) {
            return account;
        }
        let account = self.load(name);
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        let account = Arc::clone(accounts.entry(name.clone()).or_insert(account));
        self.count.store(accounts.len(), Ordering::Relaxed);
        account
    }

    /// Over how much time planned renewals are spread.
    fn spread(&self) -> Duration {
        match self.count.load(Ordering::Relaxed) {
            few if few < FEW => Duration::ZERO,
            many => SPREAD_OF_EACH.saturating_mul(u32::try_from(many).unwrap_or(u32::MAX)),
        }
    }

    /// Drops accounts that neither hold a grant nor stand in the config.
    fn sweep(&self) {
        let config = self.config();
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|name, account| {
            let stays =
                config.accounts().contains_key(name) || !account.is_absent() || self.waiting.has(name);
            if !stays {
                self.tell_of_removal(name);
                self.notifier.look_at(name);
            }
            stays
        });
        self.count.store(accounts.len(), Ordering::Relaxed);
    }
}

/// A number that no other run of the daemon has.
fn run_id() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}
