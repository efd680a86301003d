//! A change of keys, killed, failed and cut off at every step: each file opens at every moment.

use std::{
    io::ErrorKind,
    path::Path,
    sync::{Arc, RwLock},
};

use boxd_engine::{CommitReason, Generation, GrantId, Loaded};

use super::{
    super::{
        disk::Disk as _,
        key::{KeyChoice, KeySource, Register, Sources},
        migrate::Migration,
        names::Places,
        unlock::{self, Unlocked},
        vault::Vault,
    },
    keyrings::MemoryKeyring,
    memory_disk::{After, MemoryDisk, Mishap},
    sample::{CANARY, account, everything, grant, record},
};

const STATE: &str = "/state";

/// A machine with a store on it.
#[derive(Clone)]
struct Machine {
    disk: MemoryDisk,
    keyring: MemoryKeyring,
}

/// A store as one process has it.
struct Opened {
    vault: Vault,
    sources: Sources,
    register: RwLock<Register>,
}

impl Machine {
    fn of(disk: MemoryDisk, keyring: &MemoryKeyring) -> Self {
        Self { keyring: keyring.on(&disk), disk }
    }

    fn copy(&self) -> Self {
        Self::of(self.disk.copy(), &self.keyring)
    }

    fn reboot(&self, after: After) -> Self {
        Self::of(self.disk.reboot(after), &self.keyring)
    }

    fn sources(&self) -> Sources {
        let (state_dir, credentials) = (STATE.into(), Some("/credentials".into()));
        Sources { state_dir, credentials, keyring: Arc::new(self.keyring.clone()) }
    }

    fn places() -> Places {
        Places::new(STATE.into(), Some("/run".into()))
    }

    fn open(&self, what: &str) -> Opened {
        let sources = self.sources();
        let unlocked = unlock::unlock(&self.disk, &Self::places(), &sources);
        let Ok(Unlocked::Known { register, keys, .. }) = unlocked else {
            panic!("{what}: the store cannot be opened: {:?}", unlocked.err());
        };
        assert_eq!(keys.missing(), [], "{what}");
        let vault = Vault::new(Box::new(self.disk.clone()), Self::places(), keys, None);
        Opened { vault, sources, register: RwLock::new(register) }
    }

    /// A store with everything in it that can be sealed.
    fn with_store(source: KeySource) -> Self {
        let disk = MemoryDisk::default();
        let machine = Self::of(disk.clone(), &MemoryKeyring::default());
        disk.write_new(Path::new("/credentials/store-key"), &[7; 32]).unwrap();
        disk.sync_dir(Path::new("/credentials")).unwrap();
        let (_, keys) = unlock::begin(&disk, &machine.sources(), KeyChoice::Only(source)).unwrap();
        let vault = Vault::new(Box::new(disk.clone()), Self::places(), keys, None);
        for name in ["work", "waits", "gone", "spared"] {
            vault.commit(&account(name), &record(1, 5), CommitReason::Replacement, 0).unwrap();
        }
        vault.prove(&account("work"), GrantId([1; 16]), Generation(5)).unwrap();
        vault.hold_login(&account("waits"), &record(2, 1), true).unwrap();
        vault.forget(&account("gone"), Generation(9)).unwrap();
        vault.save_spare(&account("spared"), &record(1, 6)).unwrap();
        vault.set_aside(&account("aside"), Path::new("/state/accounts/waits.grant")).unwrap();
        vault.commit(&account("waits"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
        disk.remove(Path::new("/state/ballast")).unwrap();
        disk.sync_dir(Path::new(STATE)).unwrap();
        let machine = machine.reboot(After::PowerCut);
        machine.disk.forget_history();
        machine
    }
}

impl Opened {
    fn migrate(&self, to: KeySource) -> bool {
        self.with(|migration| migration.run(to).is_ok())
    }

    fn finish(&self) -> bool {
        self.with(|migration| migration.finish().is_ok())
    }

    fn with<T>(&self, work: impl FnOnce(&Migration<'_>) -> T) -> T {
        let Self { vault, sources, register } = self;
        work(&Migration { vault, sources, register, alone: &|_, work| work() })
    }

    /// Everything is there, as it was.
    fn judge(&self, what: &str) {
        let vault = &self.vault;
        let (work, in_doubt, ..) = grant(vault.load(&account("work")));
        assert_eq!((everything(&work), in_doubt), (everything(&record(1, 5)), true), "{what}");
        let (waits, in_doubt, ..) = grant(vault.load(&account("waits")));
        assert_eq!((everything(&waits), in_doubt), (everything(&record(1, 5)), false), "{what}");
        let logins = vault.pending_logins().unwrap();
        let [login] = logins.as_slice() else { panic!("{what}: {logins:?}") };
        assert_eq!(everything(&login.record), everything(&record(2, 1)), "{what}");
        let (spared, ..) = grant(vault.load(&account("spared")));
        assert_eq!(everything(&spared), everything(&record(1, 6)), "{what}");
        let Loaded::Absent { highest } = vault.load(&account("gone")) else { panic!("{what}: it came back") };
        assert_eq!(highest, Generation(9), "{what}");
        let asides = vault.asides(&account("aside"));
        let [aside] = asides.as_slice() else { panic!("{what}: {asides:?}") };
        // It is another account's, which is all that is wrong with it.
        let (start, _) = vault.disk.read_start(&vault.places.accounts.join(aside)).unwrap();
        vault.keys.open_head(&start).unwrap_or_else(|flaw| panic!("{what}: {flaw}"));
    }
}

const WAYS: [(KeySource, KeySource); 6] = [
    (KeySource::File, KeySource::Keyring),
    (KeySource::Keyring, KeySource::File),
    (KeySource::File, KeySource::Credential),
    (KeySource::Credential, KeySource::File),
    (KeySource::File, KeySource::File),
    (KeySource::Keyring, KeySource::Keyring),
];

#[test]
fn a_finished_migration_leaves_one_key() {
    for (from, to) in WAYS {
        let machine = Machine::with_store(from);
        let what = format!("{from} to {to}");
        let opened = machine.open(&what);
        let old = opened.register.read().unwrap().current;
        opened.judge(&what);
        assert!(opened.migrate(to), "{what}");
        opened.judge(&what);
        let machine = machine.reboot(After::PowerCut);
        let opened = machine.open(&what);
        opened.judge(&what);
        let register = *opened.register.read().unwrap();
        assert_eq!((register.current.source, register.retiring, register.coming), (to, None, None), "{what}");
        assert_ne!(register.current.id, old.id, "{what}");
        assert_eq!(machine.keyring.items(), usize::from(to == KeySource::Keyring), "{what}");
        let files = machine.disk.list(Path::new(STATE)).unwrap();
        let keys = files.iter().filter(|file| file.starts_with("key") && *file != "key.json").count();
        assert_eq!(keys, usize::from(to == KeySource::File), "{what}: {files:?}");
        assert!(opened.sources.read(&machine.disk, old).is_err() || from == KeySource::Credential, "{what}");
        assert!(!machine.disk.ever_held(CANARY));
    }
}

#[test]
fn a_migration_that_is_cut_short_at_any_step_strands_nothing_and_goes_on() {
    for (from, to) in WAYS {
        let start = Machine::with_store(from);
        for mishap in [Mishap::Kill, Mishap::Fail(ErrorKind::StorageFull), Mishap::DoneButFailed] {
            for step in 0.. {
                let machine = start.copy();
                let what = format!("{from} to {to}, {mishap:?} at {step}");
                let opened = machine.open(&what);
                machine.disk.plan(step, mishap);
                let done = opened.migrate(to);
                if !machine.disk.happened() {
                    assert!(done && step > 20, "{what}");
                    break;
                }
                if !machine.disk.is_dead() {
                    opened.judge(&format!("{what}, in the same process"));
                }
                for after in After::ALL {
                    let machine = machine.reboot(after);
                    machine.disk.forget_history();
                    // Killing the next start at each of its steps too is dear: once is enough.
                    let twice = (from, to) == (KeySource::File, KeySource::Keyring)
                        && mishap == Mishap::Kill
                        && matches!(after, After::ProcessDeath | After::PowerCut);
                    judge_goes_on(&machine, &format!("{what}, {after:?}"), twice);
                }
            }
        }
    }
}

/// The next start goes on with it, and may be killed at each of its own steps too.
fn judge_goes_on(machine: &Machine, what: &str, killed: bool) {
    for step in 0.. {
        let machine = machine.copy();
        if killed {
            machine.disk.plan(step, Mishap::Kill);
        }
        let opened = machine.open(what);
        let finished = opened.finish();
        let is_last = !machine.disk.happened();
        let what = format!("{what}; then killed at {step}");
        let machine = machine.reboot(if step % 2 == 0 { After::PowerCut } else { After::ProcessDeath });
        machine.open(&what).judge(&what);
        if is_last {
            assert!(finished, "{what}");
            // A power cut may have brought the note back that said it was not finished.
            let opened = machine.open(&what);
            assert!(opened.finish(), "{what}");
            let register = *opened.register.read().unwrap();
            assert_eq!((register.coming, register.retiring), (None, None), "{what}");
            // One that came to nothing leaves no key behind; nor does one that came to an end.
            let expected = usize::from(register.current.source == KeySource::Keyring);
            assert_eq!(machine.keyring.items(), expected, "{what}");
            return;
        }
    }
}

#[test]
fn renewals_go_on_between_the_steps_of_a_migration() {
    let machine = Machine::with_store(KeySource::File);
    let opened = machine.open("renewals");
    let Opened { vault, sources, register } = &opened;
    let turns = std::cell::Cell::new(0_u64);
    let alone = |_: Option<&_>, work: &mut dyn FnMut() -> std::io::Result<()>| {
        work()?;
        let generation = 5 + turns.get();
        turns.set(turns.get() + 1);
        vault.prove(&account("waits"), GrantId([1; 16]), Generation(generation))?;
        vault.commit(&account("waits"), &record(1, generation + 1), CommitReason::Successor, 0)
    };
    Migration { vault, sources, register, alone: &alone }.run(KeySource::Keyring).unwrap();
    assert!(turns.get() > 5);
    let opened = machine.reboot(After::PowerCut).open("renewals");
    let (found, in_doubt, ..) = grant(opened.vault.load(&account("waits")));
    assert_eq!((found.generation, in_doubt), (Generation(5 + turns.get()), false));
}
