//! Stores of other versions: an upgrade keeps every login, and a downgrade is refused with a clear word.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use boxd_tests::Daemon;

/// Where a sealed file says its format, and the complement of it.
const FORMAT: std::ops::Range<usize> = 8..10;
/// What boxd 0.1.0 left of a sandbox's grant, and its key.
const KEY: &[u8] = include_bytes!("../../crates/boxd/src/store/tests/format-1/key");
const GRANT: &[u8] = include_bytes!("../../crates/boxd/src/store/tests/format-1/accounts/work.grant");

/// A daemon that has not started yet, in front of a store with this grant; and the grant's file.
fn with_store(grant: &[u8]) -> (Daemon, PathBuf) {
    let daemon = Daemon::prepared("");
    let accounts = daemon.state_dir().join("accounts");
    fs::create_dir_all(&accounts).unwrap();
    for directory in [&daemon.state_dir(), &accounts] {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let file = accounts.join("work.grant");
    for (path, bytes) in [(&daemon.state_dir().join("key"), KEY), (&file, grant)] {
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    (daemon, file)
}

#[test]
fn a_store_of_format_1_is_opened_and_carried_on() {
    assert_eq!(GRANT[FORMAT], [1, !1]);
    let (mut daemon, file) = with_store(GRANT);
    daemon.restart();
    let status = daemon.status();
    assert_eq!(status["account"], "work", "{status}");
    assert_eq!(status["generation"], 2, "{status}");
    assert_eq!(status["user"]["login"], "user1@example.com", "{status}");

    // On any machine but the one that made the sample it waits for this word.
    if status["state"] == "action_required" {
        assert_eq!(daemon.boxctl(&["adopt", "work"]).code, 0);
        assert!(fs::read(&file).unwrap()[FORMAT][0] > 1, "what is written is of the present format");
    }
    // The sandbox that issued it is gone; boxd tries, and holds on to the login.
    daemon.wait_until(|status| status["state"] == "backoff");
    daemon.kill();
    daemon.restart();
    let status = daemon.status();
    assert_eq!(status["user"]["login"], "user1@example.com", "{status}");
    assert!(status["login_deadline"].is_string() && status["generation"] == 2, "{status}");
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let mut newer = GRANT.to_vec();
    newer[FORMAT].copy_from_slice(&[200, !200]);
    let (mut daemon, file) = with_store(&newer);
    daemon.start_with(&[]);
    assert_eq!(daemon.wait().code(), Some(78), "{}", daemon.log());
    let log = daemon.log();
    assert!(log.contains("the account work in format 200, but this boxd ("), "{log}");
    assert!(log.contains("reads up to format 2: start that version or a newer one"), "{log}");
    assert_eq!(fs::read(&file).unwrap(), newer);

    // The check that a person makes before a downgrade says the same.
    daemon.start_with(&["--check"]);
    assert_eq!(daemon.wait().code(), Some(78), "{}", daemon.log());
    assert_eq!(fs::read(&file).unwrap(), newer);
}
