//! Damaged, swapped, foreign and newer files: kept, named, and nobody else's trouble.

use std::{fs, path::Path};

use boxd_engine::{CommitReason, Generation, GrantId, Loaded};

use super::{
    super::{KeyChoice, KeySource, MachineId, OpenError, Options, Store, inspect},
    sample::{account, everything, grant, record},
};

fn options(directory: &Path) -> Options {
    Options {
        state_dir: directory.join("state"),
        spare_dir: None,
        machine: MachineId::of_text("3d1219c7c4c5404aaa1f6d2a48adfda4"),
        allow_network_fs: false,
        key: KeyChoice::Only(KeySource::File),
        credentials: None,
    }
}

/// A store with the accounts `a` and `b`, at generation 5.
fn store(directory: &Path) -> Store {
    let store = Store::open(options(directory)).unwrap();
    for name in ["a", "b"] {
        store.commit(&account(name), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    }
    store
}

fn asides(directory: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(directory.join("state/accounts")).unwrap().map(|entry| entry.unwrap().path());
    let aside = files.filter(|path| path.to_str().unwrap().contains(".damaged-"));
    aside.map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let path = directory.path().join("state/accounts/a.grant");
    let whole = fs::read(&path).unwrap();
    let mut changes: Vec<Vec<u8>> = Vec::new();
    for place in (0..300).chain((300..whole.len()).step_by(97)).chain([whole.len() - 1]) {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        changes.push(flipped);
    }
    changes.extend((0..whole.len()).step_by(113).map(|length| whole[..length].to_vec()));
    for (round, change) in changes.iter().enumerate() {
        fs::write(&path, change).unwrap();
        for again in [false, true] {
            let Loaded::Damaged { highest, reason } = store.load(&account("a")) else {
                panic!("round {round} went unnoticed")
            };
            assert!(highest >= Generation(5), "round {round}, {again}: {reason}");
            assert!(!path.exists(), "round {round}");
        }
    }
    let kept = asides(directory.path());
    assert_eq!(kept.len(), changes.len());
    assert!(changes.iter().all(|change| kept.contains(change)), "kept as they were");
    assert_eq!(everything(&grant(store.load(&account("b"))).0), everything(&record(1, 5)));
    assert_eq!(store.accounts(), [account("a"), account("b")]);
}

#[test]
fn a_damaged_account_stays_listed_until_a_login_or_logout() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state/accounts/a.grant");
    let whole = {
        let store = store(directory.path());
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        let Loaded::Damaged { highest, .. } = store.load(&account("a")) else { panic!() };
        assert_eq!(highest, Generation(5), "the head is authentic, so its number is known");
        bytes
    };
    let store = Store::open(options(directory.path())).unwrap();
    assert_eq!(store.accounts(), [account("a"), account("b")]);
    assert!(matches!(store.load(&account("a")), Loaded::Damaged { highest: Generation(5), .. }));

    store.commit(&account("a"), &record(2, 6), CommitReason::Replacement, 0).unwrap();
    assert_eq!(grant(store.load(&account("a"))).0.generation, Generation(6));
    store.forget(&account("a"), Generation(6)).unwrap();
    assert!(matches!(store.load(&account("a")), Loaded::Absent { highest: Generation(6) }));
    assert_eq!(store.accounts(), [account("b")]);
    assert_eq!(asides(directory.path()), [whole], "never deleted");
}

#[test]
fn a_login_keeps_a_damaged_file_that_was_never_loaded() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    fs::write(directory.path().join("state/accounts/a.grant"), b"junk").unwrap();
    store.commit(&account("a"), &record(2, 6), CommitReason::Replacement, 0).unwrap();
    assert_eq!(asides(directory.path()), [b"junk"]);
    assert_eq!(grant(store.load(&account("a"))).0.generation, Generation(6));
}

#[test]
fn a_successor_outlives_the_damage_of_its_predecessor() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let accounts = directory.path().join("state/accounts");
    store.prove(&account("a"), GrantId([1; 16]), Generation(5)).unwrap();
    store.commit(&account("a"), &record(1, 6), CommitReason::Successor, 0).unwrap();
    fs::rename(accounts.join("a.grant"), accounts.join("a.grant.next")).unwrap();
    fs::write(accounts.join("a.grant"), b"junk").unwrap();
    let (found, in_doubt, _, rewrite) = grant(store.load(&account("a")));
    assert!(in_doubt && rewrite);
    assert!(found.generation > Generation(6), "nobody knows which numbers the damaged file had used");
    store.commit(&account("a"), &found, CommitReason::Note, 0).unwrap();
    assert_eq!(grant(store.load(&account("a"))).0.generation, found.generation);
}

#[test]
fn swapped_files_are_damage_on_both_sides() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let accounts = directory.path().join("state/accounts");
    fs::rename(accounts.join("a.grant"), accounts.join("x")).unwrap();
    fs::rename(accounts.join("b.grant"), accounts.join("a.grant")).unwrap();
    fs::rename(accounts.join("x"), accounts.join("b.grant")).unwrap();
    for (name, owner) in [("a", "b"), ("b", "a")] {
        let Loaded::Damaged { reason, .. } = store.load(&account(name)) else { panic!() };
        assert!(reason.contains(&format!("belongs to the account {owner}")), "{reason}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_left_in_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let path = directory.path().join("state/accounts/a.grant");
    let elsewhere = directory.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    #[cfg(not(unix))]
    fs::create_dir(&path).unwrap();
    let Loaded::Damaged { reason, .. } = store.load(&account("a")) else { panic!("links are not followed") };
    assert!(reason.contains("left in its place"), "{reason}");
    assert!(path.symlink_metadata().is_ok());
    store.commit(&account("a"), &record(2, 6), CommitReason::Replacement, 0).unwrap();
    assert!(elsewhere.exists(), "and not written through");
}

#[test]
fn another_machines_store_is_foreign_until_it_is_adopted() {
    let directory = tempfile::tempdir().unwrap();
    drop(store(directory.path()));
    for machine in [MachineId::of_text("00000000000000000000000000000001"), None] {
        let store = Store::open(Options { machine, ..options(directory.path()) }).unwrap();
        assert_eq!(store.bound(), machine.is_some());
        let (found, _, foreign, _) = grant(store.load(&account("a")));
        assert!(foreign);
        store.commit(&account("a"), &found, CommitReason::Note, 0).unwrap();
        assert!(!grant(store.load(&account("a"))).2, "adopted");
        assert!(grant(store.load(&account("b"))).2);
    }
}

#[test]
fn a_newer_format_stops_the_start_and_nothing_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    drop(store(directory.path()));
    let path = directory.path().join("state/accounts/a.grant");
    let mut bytes = fs::read(&path).unwrap();
    (bytes[8], bytes[9]) = (9, !9);
    fs::write(&path, &bytes).unwrap();
    let error = Store::open(options(directory.path())).unwrap_err();
    assert!(
        matches!(&error, OpenError::NewerFormat { account, version: 9, .. } if account == "a"),
        "{error}"
    );
    assert!(matches!(inspect(&options(directory.path())), Err(OpenError::NewerFormat { .. })));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert!(asides(directory.path()).is_empty());
}

#[test]
fn without_the_right_key_nothing_is_set_aside() {
    let directory = tempfile::tempdir().unwrap();
    drop(store(directory.path()));
    let key = directory.path().join("state/key");
    let right = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    assert!(matches!(Store::open(options(directory.path())), Err(OpenError::KeyMissing { .. })));
    assert!(!key.exists(), "no new key is made over sealed grants");
    write_private(&key, &[7; 32]);
    assert!(matches!(Store::open(options(directory.path())), Err(OpenError::OtherKey { .. })));
    write_private(&key, &[7; 31]);
    assert!(matches!(Store::open(options(directory.path())), Err(OpenError::KeyUnusable { .. })));
    write_private(&key, &right);
    let store = Store::open(options(directory.path())).unwrap();
    assert_eq!(grant(store.load(&account("a"))).0.generation, Generation(5));
    assert!(asides(directory.path()).is_empty());
}

fn write_private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}
