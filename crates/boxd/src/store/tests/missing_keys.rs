//! A store whose key is away: nothing is lost or made anew, what opens is served, and the rest is told why.

use std::{fs, path::Path, sync::Arc};

use boxd_engine::{CommitReason, Generation, Loaded};

use super::{
    super::{KeyChoice, KeySource, News, OpenError, Options, Store, key::keyring::KeyringError},
    keyrings::MemoryKeyring,
    sample::{account, everything, grant, record},
};

fn open_with(directory: &Path, key: KeyChoice, keyring: &MemoryKeyring) -> Result<Store, OpenError> {
    let options = Options {
        state_dir: directory.join("state"),
        spare_dir: Some(directory.join("run")),
        machine: None,
        allow_network_fs: true,
        key,
        credentials: Some(directory.join("credentials")),
    };
    Store::open_with(options, Arc::new(keyring.clone()))
}

fn open(directory: &Path, keyring: &MemoryKeyring) -> Store {
    open_with(directory, KeyChoice::Auto, keyring).unwrap()
}

/// A store with one account, its key in the keyring.
fn in_keyring(directory: &Path) -> MemoryKeyring {
    let keyring = MemoryKeyring::default();
    let store = open(directory, &keyring);
    assert_eq!(store.key_report().source, KeySource::Keyring);
    store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    keyring
}

fn why(store: &Store) -> (String, String) {
    match store.load(&account("work")) {
        Loaded::Locked { lock } => (lock.why, lock.next_step),
        other => panic!("not locked: {other:?}"),
    }
}

/// Every file of the store but its lock.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for directory in [directory.join("state"), directory.join("state/accounts")] {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.ends_with("lock") {
                files.push((path.display().to_string(), fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_locked_keyring_is_waited_for_and_nothing_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    let keyring = in_keyring(directory.path());
    let before = files(directory.path());
    keyring.set(Some(KeyringError::Locked));
    let store = open(directory.path(), &keyring);
    let (reason, next_step) = why(&store);
    assert!(reason.contains("keyring is locked"), "{reason}");
    assert!(next_step.contains("unlock your keyring"), "{next_step}");
    assert_eq!(store.accounts(), [account("work")], "it is listed");

    // Nothing can be written over it.
    let name = account("work");
    assert!(
        store.commit(&name, &record(2, 6), CommitReason::Replacement, 0).unwrap_err().0.contains("locked")
    );
    assert!(store.hold_login(&name, &record(2, 1), false).is_err());
    assert!(store.forget(&name, Generation(6)).is_err());
    assert!(store.prove(&name, record(1, 5).grant, Generation(5)).is_err());
    assert!(store.save_spare(&name, &record(1, 6)).is_err());
    assert!(store.migrate(Some(KeySource::File)).is_err());
    assert_eq!(store.look_for_keys(), News::None);
    assert_eq!(files(directory.path()), before);

    keyring.set(Some(KeyringError::Unreachable("gone".into())));
    assert_eq!(store.look_for_keys(), News::Changed);
    assert!(why(&store).0.contains("cannot be reached: gone"));
    keyring.set(None);
    assert_eq!(store.look_for_keys(), News::Changed);
    assert_eq!(everything(&grant(store.load(&name)).0), everything(&record(1, 5)));
    assert_eq!(store.look_for_keys(), News::AllThere);
    store.commit(&name, &record(2, 6), CommitReason::Replacement, 0).unwrap();
}

#[test]
fn a_key_that_the_keyring_lost_is_not_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let keyring = in_keyring(directory.path());
    let before = files(directory.path());
    let copy = keyring.on(&super::memory_disk::MemoryDisk::default());
    keyring.clear();
    let store = open(directory.path(), &keyring);
    let (reason, next_step) = why(&store);
    assert!(reason.contains("has no such key"), "{reason}");
    assert!(next_step.contains("restore") && next_step.contains("log in again"), "{next_step}");
    assert_eq!((files(directory.path()), keyring.items()), (before, 0));
    drop(store);
    // The keyring was restored.
    grant(open(directory.path(), &copy).load(&account("work")));
    // Its way back where it cannot be: what was, moves away.
    fs::rename(directory.path().join("state/accounts"), directory.path().join("old")).unwrap();
    fs::remove_file(directory.path().join("state/key.json")).unwrap();
    assert!(open(directory.path(), &keyring).accounts().is_empty());
}

#[test]
fn an_existing_store_keeps_its_source_whatever_comes_up() {
    let directory = tempfile::tempdir().unwrap();
    let keyring = MemoryKeyring::default();
    keyring.set(Some(KeyringError::Unreachable("there is no session bus".into())));
    let store = open(directory.path(), &keyring);
    assert_eq!(store.key_report().source, KeySource::File, "no keyring: a new store takes a file");
    store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    drop(store);
    keyring.set(None);
    fs::create_dir(directory.path().join("credentials")).unwrap();
    fs::write(directory.path().join("credentials").join("store-key"), [9; 32]).unwrap();
    for key in [KeyChoice::Auto, KeyChoice::Only(KeySource::Keyring), KeyChoice::Only(KeySource::Credential)]
    {
        let store = open_with(directory.path(), key, &keyring).unwrap();
        assert_eq!(store.key_report().source, KeySource::File, "{key:?}");
        grant(store.load(&account("work")));
        assert_eq!(keyring.items(), 0);
    }
    // A missing file is not made up for by a keyring either.
    fs::remove_file(directory.path().join("state/key")).unwrap();
    let error = open_with(directory.path(), KeyChoice::Auto, &keyring).unwrap_err();
    assert!(matches!(error, OpenError::KeyMissing { .. }), "{error}");
    let file = directory.path().join("state").join("key");
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
}

#[test]
fn a_new_store_takes_what_the_config_says_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let keyring = MemoryKeyring::default();
    let only = |source| open_with(directory.path(), KeyChoice::Only(source), &keyring);
    let error = only(KeySource::Credential).unwrap_err().to_string();
    assert!(error.contains("systemd-creds encrypt"), "{error}");
    keyring.set(Some(KeyringError::Locked));
    let error = only(KeySource::Keyring).unwrap_err().to_string();
    assert!(error.contains("keyring is locked") && error.contains("unlock"), "{error}");
    fs::create_dir(directory.path().join("credentials")).unwrap();
    let credential = directory.path().join("credentials").join("store-key");
    fs::write(&credential, "too short").unwrap();
    let error = open_with(directory.path(), KeyChoice::Auto, &keyring).unwrap_err().to_string();
    assert!(error.contains("32 raw bytes"), "{error}");
    fs::write(&credential, format!("{}\n", "ab".repeat(32))).unwrap();
    let store = open(directory.path(), &keyring);
    assert_eq!(store.key_report().source, KeySource::Credential);
    assert!(!directory.path().join("state/key").exists());
    store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    drop(store);
    fs::remove_file(&credential).unwrap();
    let error = open_with(directory.path(), KeyChoice::Auto, &keyring).unwrap_err();
    assert!(matches!(error, OpenError::KeyMissing { .. }), "{error}");
    assert!(error.to_string().contains(&credential.display().to_string()), "{error}");
}

#[test]
fn a_store_without_its_note_finds_its_keys_by_its_files() {
    let directory = tempfile::tempdir().unwrap();
    let keyring = in_keyring(directory.path());
    let note = directory.path().join("state/key.json");
    for damage in [None, Some("{"), Some(r#"{"version":1}"#), Some("")] {
        match damage {
            None => fs::remove_file(&note).unwrap(),
            Some(text) => fs::write(&note, text).unwrap(),
        }
        let store = open(directory.path(), &keyring);
        grant(store.load(&account("work")));
        assert_eq!(store.key_report().source, KeySource::Keyring, "{damage:?}");
    }
    fs::write(&note, r#"{"version":2}"#).unwrap();
    let error = open_with(directory.path(), KeyChoice::Auto, &keyring).unwrap_err().to_string();
    assert!(error.contains("newer boxd"), "{error}");
}

#[test]
fn a_migration_whose_old_key_is_locked_serves_what_opens() {
    let directory = tempfile::tempdir().unwrap();
    let keyring = in_keyring(directory.path());
    let store = open(directory.path(), &keyring);
    // Its old key cannot be removed, so that it goes on at the next start.
    let sealed_with_old = fs::read(directory.path().join("state/accounts/work.grant")).unwrap();
    store.commit(&account("other"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    store.migrate(Some(KeySource::File)).unwrap();
    let note = directory.path().join("state/key.json");
    let noted = fs::read_to_string(&note).unwrap();
    drop(store);
    // As a crash before the last file would leave it.
    let old = super::super::format::Header::decode(&sealed_with_old).unwrap().0.key_id;
    let old = format!("{:016x}", u64::from_be_bytes(old));
    let retiring = format!(r#","retiring":{{"source":"keyring","id":"{old}"}}}}"#);
    fs::write(&note, noted.trim_end().strip_suffix('}').unwrap().to_owned() + &retiring).unwrap();
    fs::write(directory.path().join("state/accounts/work.grant"), &sealed_with_old).unwrap();
    let store = open(directory.path(), &keyring);
    assert!(why(&store).0.contains(&old), "{:?}", why(&store));
    grant(store.load(&account("other")));
    store.commit(&account("other"), &record(2, 6), CommitReason::Replacement, 0).unwrap();
    assert!(store.finish_migration().is_err(), "it cannot go on, and nothing of it is given up");
    assert!(why(&store).0.contains(&old));
    assert!(store.key_report().retiring.is_some_and(|place| place.contains(&old)));
}

#[test]
fn an_old_key_that_cannot_be_removed_is_in_nobodys_way() {
    let directory = tempfile::tempdir().unwrap();
    let keyring = in_keyring(directory.path());
    let store = open(directory.path(), &keyring);
    for error in [KeyringError::Locked, KeyringError::Unreachable("gone".into())] {
        keyring.set(None);
        store.migrate(Some(KeySource::Keyring)).unwrap();
        keyring.set(Some(error.clone()));
        assert!(store.migrate(Some(KeySource::File)).is_err(), "the old key stays where it is");
        assert!(store.key_report().missing.is_empty());
        // Neither in this process nor in the next.
        store.migrate(Some(KeySource::File)).unwrap();
    }
    keyring.set(None);
    store.migrate(Some(KeySource::Keyring)).unwrap();
    keyring.set(Some(KeyringError::Locked));
    assert!(store.migrate(Some(KeySource::File)).is_err());
    drop(store);
    let store = open(directory.path(), &keyring);
    assert!(store.key_report().missing.is_empty(), "{:?}", store.key_report());
    grant(store.load(&account("work")));
    assert!(store.finish_migration().is_err());
    store.migrate(None).unwrap();
    assert_eq!((store.key_report().source, store.key_report().retiring), (KeySource::File, None));
    grant(store.load(&account("work")));
}

#[test]
fn a_new_key_that_is_lost_before_anything_is_sealed_with_it_is_given_up() {
    for error in [KeyringError::Locked, KeyringError::Missing] {
        let directory = tempfile::tempdir().unwrap();
        let keyring = MemoryKeyring::default();
        let store = open_with(directory.path(), KeyChoice::Only(KeySource::File), &keyring).unwrap();
        store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
        let place = |name: &str| directory.path().join("state").join(name);
        let (key, sealed) =
            (fs::read(place("key")).unwrap(), fs::read(place("accounts/work.grant")).unwrap());
        let id_of = |note: &str| {
            let note: serde_json::Value = serde_json::from_str(note).unwrap();
            note["current"]["id"].as_str().unwrap().to_owned()
        };
        let old = id_of(&fs::read_to_string(place("key.json")).unwrap());
        store.migrate(Some(KeySource::Keyring)).unwrap();
        let new = id_of(&fs::read_to_string(place("key.json")).unwrap());
        drop(store);
        // As a crash right after the switch leaves it.
        fs::write(place("key"), key).unwrap();
        #[cfg(unix)]
        fs::set_permissions(place("key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        fs::write(place("accounts/work.grant"), sealed).unwrap();
        let note = format!(
            r#"{{"version":1,"current":{{"source":"keyring","id":"{new}"}},"retiring":{{"source":"file","id":"{old}"}}}}"#
        );
        fs::write(place("key.json"), note).unwrap();
        keyring.set(Some(error));
        let store = open(directory.path(), &keyring);
        grant(store.load(&account("work")));
        store.commit(&account("work"), &record(2, 6), CommitReason::Replacement, 0).unwrap();
        assert_eq!((store.key_report().source, store.key_report().retiring), (KeySource::File, None));
        keyring.set(None);
        store.finish_migration().unwrap();
        assert_eq!(keyring.items(), 0, "it is not left behind");
        drop(store);
        grant(open(directory.path(), &keyring).load(&account("work")));
    }
}
