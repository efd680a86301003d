//! Stores that earlier versions of boxd wrote are read and carried on.

use std::{fs, path::Path};

use boxd_engine::{CommitReason, Credential, Loaded};

use super::super::{KeyChoice, KeySource, Options, Store};

/// The key and the grant of a sandbox, as boxd 0.1.0 left them.
const KEY: &[u8] = include_bytes!("format-1/key");
const GRANT: &[u8] = include_bytes!("format-1/accounts/work.grant");

fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    permit(path, 0o600);
}

#[cfg(unix)]
fn permit(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(windows)]
fn permit(_path: &Path, _mode: u32) {}

#[test]
fn format_1_is_read_and_the_next_commit_writes_the_present_one() {
    let home = tempfile::tempdir().unwrap();
    permit(home.path(), 0o700);
    fs::create_dir(home.path().join("accounts")).unwrap();
    put(&home.path().join("key"), KEY);
    let file = home.path().join("accounts/work.grant");
    put(&file, GRANT);
    let store = Store::open(Options {
        state_dir: home.path().to_owned(),
        spare_dir: None,
        machine: None,
        allow_network_fs: true,
        key: KeyChoice::Only(KeySource::File),
        credentials: None,
    })
    .unwrap();
    let account = "work".parse().unwrap();
    let Loaded::Grant { record, in_doubt: false, foreign: true, rewrite: false } = store.load(&account)
    else {
        panic!("no grant");
    };
    assert_eq!(record.generation.0, 2);
    assert_eq!(record.binding.client_id, "0Cc4y6g9pGtfczzItEGBQkd1OiFA0ZX1");
    assert_eq!(record.user.as_ref().unwrap().login, "user1@example.com");
    assert!(!record.unconfirmed);
    let registration = record.registration.as_ref().unwrap();
    assert!(registration.client_secret.is_some() && registration.server_auth.is_none());
    assert!(matches!(&record.credential, Credential::OAuth2 { access: Some(_), previous: Some(_), .. }));

    store.commit(&account, &record, CommitReason::Note, 0).unwrap();
    assert_eq!(fs::read(&file).unwrap()[8..10], [2, !2]);
    assert!(matches!(store.load(&account), Loaded::Grant { foreign: false, .. }));
}
