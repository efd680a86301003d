//! The state directory: whose it is, who may see it, and that there is one daemon in it.

use std::{fs, path::Path};

use boxd_engine::CommitReason;

use super::{
    super::{KeyChoice, KeySource, Options, Store, inspect},
    sample::{account, record},
};
#[cfg(unix)]
use crate::store::OpenError;

fn options(state_dir: &Path) -> Options {
    Options {
        state_dir: state_dir.to_path_buf(),
        spare_dir: None,
        machine: None,
        allow_network_fs: false,
        key: KeyChoice::Only(KeySource::File),
        credentials: None,
    }
}

#[test]
fn one_daemon_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let first = Store::open(options(directory.path())).unwrap();
    let error = Store::open(options(directory.path())).unwrap_err();
    assert!(error.is_locked(), "{error}");
    #[cfg(unix)]
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(first);
    Store::open(options(directory.path())).unwrap();
}

#[test]
fn an_inspection_needs_no_lock_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let state_dir = directory.path().join("state");
    assert!(inspect(&options(&state_dir)).unwrap().accounts.is_empty());
    assert!(!state_dir.exists());

    let store = Store::open(options(&state_dir)).unwrap();
    store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    store.prove(&account("work"), record(1, 5).grant, record(1, 5).generation).unwrap();
    fs::write(state_dir.join("accounts/bad.grant"), b"junk").unwrap();
    let found = inspect(&options(&state_dir)).unwrap();
    assert!(found.key_source.contains("beside the data"), "{}", found.key_source);
    let summaries: Vec<_> = found.accounts.iter().map(|found| found.summary.as_str()).collect();
    assert!(summaries[0].contains("damaged"), "{summaries:?}");
    assert!(summaries[1].contains("client_id client") && summaries[1].contains("in doubt"), "{summaries:?}");
    assert!(state_dir.join("accounts/bad.grant").exists());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn everything_is_the_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let state_dir = directory.path().join("deep/state");
        let spares = directory.path().join("run");
        let options = Options { spare_dir: Some(spares.clone()), ..options(&state_dir) };
        let store = Store::open(options).unwrap();
        store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
        store.prove(&account("work"), record(1, 5).grant, record(1, 5).generation).unwrap();
        store.save_spare(&account("work"), &record(1, 6)).unwrap();
        let mut files = 0;
        let mut directories = vec![state_dir, spares];
        while let Some(directory) = directories.pop() {
            assert_eq!(directory.metadata().unwrap().mode() & 0o7777, 0o700, "{}", directory.display());
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o600, "{}", path.display());
                    files += 1;
                }
            }
        }
        assert_eq!(files, 7, "lock, key and its note, ballast, grant, intent, spare");
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        for mode in [0o770, 0o702, 0o777] {
            let directory = tempfile::tempdir().unwrap();
            set_mode(directory.path(), mode);
            let error = Store::open(options(directory.path())).unwrap_err();
            assert!(matches!(error, OpenError::Insecure { .. }), "{error}");
            assert!(error.to_string().contains("chmod 700"), "{error}");
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was touched");
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        drop(Store::open(options(directory.path())).unwrap());
        set_mode(&directory.path().join("key"), 0o640);
        assert!(matches!(Store::open(options(directory.path())), Err(OpenError::Insecure { .. })));
    }

    #[test]
    fn links_in_the_place_of_lock_and_key_are_refused() {
        for file in ["lock", "key"] {
            let directory = tempfile::tempdir().unwrap();
            let target = directory.path().join("target");
            fs::write(&target, [1; 32]).unwrap();
            let state_dir = directory.path().join("state");
            fs::create_dir(&state_dir).unwrap();
            set_mode(&state_dir, 0o700);
            symlink(&target, state_dir.join(file)).unwrap();
            assert!(Store::open(options(&state_dir)).is_err(), "{file}");
            assert_eq!(fs::read(&target).unwrap(), [1; 32], "{file}");
        }
    }

    #[test]
    fn spares_are_not_put_where_others_can_write() {
        let directory = tempfile::tempdir().unwrap();
        let spares = directory.path().join("run");
        let options = Options { spare_dir: Some(spares.clone()), ..options(&directory.path().join("state")) };
        let store = Store::open(options).unwrap();
        fs::create_dir(&spares).unwrap();
        set_mode(&spares, 0o777);
        store.save_spare(&account("work"), &record(1, 6)).unwrap_err();
        assert_eq!(fs::read_dir(&spares).unwrap().count(), 0);
    }
}
