//! Every step of every write: kill there, fail there, cut the power, start again, and lose nothing.

use std::{io::ErrorKind, path::Path};

use boxd_engine::{CommitReason, Generation, GrantId, Loaded, Record};

use super::{
    super::{key::SealingKey, keys::Keys, names::Places, seal::Sealer, vault::Vault},
    memory_disk::{After, MemoryDisk, Mishap},
    sample::{CANARY, account, everything, grant, record},
};

const MISHAPS: [Mishap; 5] = [
    Mishap::Kill,
    Mishap::Fail(ErrorKind::Other),
    Mishap::Fail(ErrorKind::StorageFull),
    Mishap::Fail(ErrorKind::ReadOnlyFilesystem),
    Mishap::DoneButFailed,
];

fn vault(disk: &MemoryDisk) -> Vault {
    let places = Places::new("/state".into(), Some("/run".into()));
    let sealer = Sealer::new(&SealingKey::from_bytes([42; 32])).unwrap();
    let vault = Vault::new(Box::new(disk.clone()), places, Keys::one(sealer), None);
    vault.ballast.look(disk);
    vault
}

/// Two accounts with generation 5, and a ballast.
fn two_accounts() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let vault = vault(&disk);
    for name in ["work", "other"] {
        vault.commit(&account(name), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    }
    disk.reboot(After::ProcessDeath)
}

/// What a session saw of the store before it ended.
#[derive(Debug, Default)]
struct Seen {
    /// A spend may have been sent.
    spent: bool,
    /// The newest record that the store said is durable.
    durable: Option<Record>,
}

/// Runs `session` with each mishap at each of its steps, and `judge` on what each kind of end leaves.
fn at_every_step(start: &MemoryDisk, session: impl Fn(&Vault) -> Seen, judge: impl Fn(&Seen, &Vault, &str)) {
    let mut ran = 0;
    for mishap in MISHAPS {
        for step in 0.. {
            let disk = start.copy();
            let vault_now = vault(&disk);
            disk.plan(step, mishap);
            let seen = session(&vault_now);
            if !disk.happened() {
                break;
            }
            ran += 1;
            assert!(!disk.ever_held(CANARY), "a secret was written in the clear");
            for after in After::ALL {
                judge_reload(&disk.reboot(after), &seen, &judge, &format!("{mishap:?} at {step}, {after:?}"));
            }
        }
    }
    assert!(ran > 10, "the session has steps");
}

/// The next start is cut short at each of its own steps too, before one that ends well is judged.
fn judge_reload(disk: &MemoryDisk, seen: &Seen, judge: &impl Fn(&Seen, &Vault, &str), what: &str) {
    for step in 0.. {
        let disk = disk.copy();
        disk.plan(step, Mishap::Kill);
        vault(&disk).load(&account("work"));
        for after in After::ALL {
            let what = format!("{what}; reload killed at {step}, {after:?}");
            let vault = vault(&disk.reboot(after));
            judge(seen, &vault, &what);
            judge(seen, &vault, &format!("{what}, twice"));
            let (other, ..) = grant(vault.load(&account("other")));
            assert_eq!(everything(&other), everything(&record(1, 5)), "{what}: another account");
        }
        if !disk.happened() {
            return;
        }
    }
}

/// Commits as a session does: again with new files after a failure, at last to the spare.
fn commit_stubbornly(vault: &Vault, record: Record, reason: CommitReason, seen: &mut Seen) {
    for failures in 0..3 {
        if vault.commit(&account("work"), &record, reason, failures).is_ok() {
            seen.durable = Some(record);
            return;
        }
    }
    if vault.save_spare(&account("work"), &record).is_ok() {
        seen.durable = Some(record);
    }
}

fn renew(vault: &Vault) -> Seen {
    let mut seen = Seen::default();
    if vault.prove(&account("work"), GrantId([1; 16]), Generation(5)).is_ok() {
        seen.spent = true;
        commit_stubbornly(vault, record(1, 6), CommitReason::Successor, &mut seen);
    }
    seen
}

fn judge_renewal(seen: &Seen, vault: &Vault, what: &str) {
    let (found, in_doubt, foreign, _) = grant(vault.load(&account("work")));
    assert!(!foreign);
    let expected = record(1, found.generation.0);
    assert_eq!(everything(&found), everything(&expected), "{what}");
    match &seen.durable {
        Some(durable) => assert_eq!(found.generation, durable.generation, "{what}: the newest pair is lost"),
        None if found.generation == Generation(6) => assert!(seen.spent, "{what}"),
        None => {
            assert_eq!(found.generation, Generation(5), "{what}");
            assert!(in_doubt || !seen.spent, "{what}: a spend is forgotten");
        }
    }
    if found.generation == Generation(6) {
        assert!(!in_doubt, "{what}: a finished renewal is no doubt");
    }
}

#[test]
fn a_renewal_survives_everything_at_every_step() {
    at_every_step(&two_accounts(), renew, judge_renewal);
}

#[test]
fn a_second_attempt_after_a_lost_answer_survives_everything() {
    let disk = two_accounts();
    vault(&disk).prove(&account("work"), GrantId([1; 16]), Generation(5)).unwrap();
    let again = |vault: &Vault| Seen { spent: true, ..renew(vault) };
    at_every_step(&disk, again, judge_renewal);
}

#[test]
fn a_renewal_on_a_full_disk_takes_the_ballast() {
    let disk = two_accounts();
    let vault_now = vault(&disk);
    let ballast = Path::new("/state/ballast");
    assert!(disk.contents(ballast).is_some_and(|bytes| bytes.len() >= 64 * 1024));
    vault_now.prove(&account("work"), GrantId([1; 16]), Generation(5)).unwrap();
    disk.plan(0, Mishap::Fail(ErrorKind::StorageFull));
    vault_now.commit(&account("work"), &record(1, 6), CommitReason::Successor, 0).unwrap();
    assert_eq!(grant(vault(&disk).load(&account("work"))).0.generation, Generation(6));
    assert!(disk.contents(ballast).is_some(), "made again once there is room");

    // A proof never takes it: it would only pay for a spend whose commit then fails.
    disk.plan(0, Mishap::Fail(ErrorKind::StorageFull));
    vault_now.prove(&account("work"), GrantId([1; 16]), Generation(6)).unwrap_err();
    assert!(disk.contents(ballast).is_some());
}

#[test]
fn a_login_replaces_the_old_grant_whole_or_not_at_all() {
    let login = |vault: &Vault| {
        let mut seen = Seen::default();
        if vault.commit(&account("work"), &record(2, 6), CommitReason::Replacement, 0).is_ok() {
            seen.durable = Some(record(2, 6));
        }
        seen
    };
    at_every_step(&two_accounts(), login, |seen, vault, what| {
        let (found, in_doubt, ..) = grant(vault.load(&account("work")));
        let expected = match found.generation {
            Generation(5) if seen.durable.is_none() => record(1, 5),
            _ => record(2, 6),
        };
        assert_eq!(everything(&found), everything(&expected), "{what}");
        assert!(!in_doubt, "{what}");
    });
}

#[test]
fn a_login_over_a_doubt_ends_the_doubt() {
    let disk = two_accounts();
    vault(&disk).prove(&account("work"), GrantId([1; 16]), Generation(5)).unwrap();
    let login = |vault: &Vault| {
        let mut seen = Seen { spent: true, durable: None };
        if vault.commit(&account("work"), &record(2, 6), CommitReason::Replacement, 0).is_ok() {
            seen.durable = Some(record(2, 6));
        }
        seen
    };
    at_every_step(&disk, login, |seen, vault, what| {
        let (found, in_doubt, ..) = grant(vault.load(&account("work")));
        assert!(found.generation == Generation(6) || seen.durable.is_none(), "{what}");
        assert_eq!(in_doubt, found.generation == Generation(5), "{what}");
    });
}

#[test]
fn a_note_keeps_tokens_and_doubt() {
    let disk = two_accounts();
    vault(&disk).prove(&account("work"), GrantId([1; 16]), Generation(5)).unwrap();
    let note = |vault: &Vault| {
        let mut noted = record(1, 5);
        noted.logging_out = true;
        let mut seen = Seen { spent: true, durable: None };
        if vault.commit(&account("work"), &noted, CommitReason::Note, 0).is_ok() {
            seen.durable = Some(noted);
        }
        seen
    };
    at_every_step(&disk, note, |seen, vault, what| {
        let (mut found, in_doubt, ..) = grant(vault.load(&account("work")));
        assert!(in_doubt, "{what}");
        assert!(found.logging_out || seen.durable.is_none(), "{what}");
        found.logging_out = false;
        assert_eq!(everything(&found), everything(&record(1, 5)), "{what}");
    });
}

#[test]
fn forgetting_keeps_the_counter() {
    let disk = two_accounts();
    vault(&disk).prove(&account("work"), GrantId([1; 16]), Generation(5)).unwrap();
    let forget = |vault: &Vault| {
        let forgotten = vault.forget(&account("work"), Generation(9)).is_ok();
        Seen { spent: forgotten, durable: None }
    };
    at_every_step(&disk, forget, |forgotten, vault, what| match vault.load(&account("work")) {
        Loaded::Absent { highest } => assert_eq!(highest, Generation(9), "{what}"),
        Loaded::Grant { record: found, in_doubt, .. } => {
            assert!(!forgotten.spent, "{what}: it came back");
            assert!(in_doubt, "{what}");
            assert_eq!(everything(&found), everything(&record(1, 5)), "{what}");
        }
        other @ (Loaded::Damaged { .. } | Loaded::Locked { .. }) => panic!("{what}: {other:?}"),
    });
}

#[test]
fn a_spare_survives_everything_until_it_is_in_its_place() {
    let disk = two_accounts();
    let vault_now = vault(&disk);
    vault_now.prove(&account("work"), GrantId([1; 16]), Generation(5)).unwrap();
    vault_now.save_spare(&account("work"), &record(1, 6)).unwrap();
    let start_and_renew = |vault: &Vault| {
        let loaded = grant(vault.load(&account("work")));
        assert_eq!(loaded.0.generation, Generation(6));
        Seen { spent: true, durable: Some(loaded.0) }
    };
    at_every_step(&disk, start_and_renew, judge_renewal);
    assert_eq!(vault(&disk).accounts().unwrap(), [account("other"), account("work")]);
}

#[test]
fn a_journal_that_cannot_be_rolled_forward_asks_for_a_rewrite() {
    let disk = two_accounts();
    let vault_now = vault(&disk);
    vault_now.prove(&account("work"), GrantId([1; 16]), Generation(5)).unwrap();
    disk.plan(2, Mishap::Kill);
    vault_now.commit(&account("work"), &record(1, 6), CommitReason::Successor, 0).unwrap_err();
    for step in 0..4 {
        let disk = disk.reboot(After::ProcessDeath);
        let vault = vault(&disk);
        disk.plan(step, Mishap::Fail(ErrorKind::ReadOnlyFilesystem));
        let (found, _, _, rewrite) = grant(vault.load(&account("work")));
        assert_eq!(found.generation, Generation(6));
        assert_eq!(rewrite, disk.happened(), "step {step}");
        vault.commit(&account("work"), &found, CommitReason::Note, 0).unwrap();
        let (found, in_doubt, _, rewrite) = grant(vault.load(&account("work")));
        assert_eq!((found.generation, in_doubt, rewrite), (Generation(6), false, false));
    }
}

#[test]
fn a_login_that_was_reported_as_failed_is_not_taken_up_later() {
    let disk = two_accounts();
    // The new file is whole and synced; only its rename fails.
    disk.plan(3, Mishap::Fail(ErrorKind::Other));
    let vault_now = vault(&disk);
    vault_now.commit(&account("work"), &record(2, 6), CommitReason::Replacement, 0).unwrap_err();
    assert!(disk.contents(Path::new("/state/accounts/work.grant.new")).is_some());
    let vault = vault(&disk.reboot(After::ProcessDeath));
    assert_eq!(everything(&grant(vault.load(&account("work"))).0), everything(&record(1, 5)));
}

#[test]
fn a_spare_that_vanishes_with_the_power_is_settled_first_or_leaves_the_doubt() {
    let disk = two_accounts();
    let vault_now = vault(&disk);
    vault_now.prove(&account("work"), GrantId([1; 16]), Generation(5)).unwrap();
    vault_now.save_spare(&account("work"), &record(1, 6)).unwrap();
    for (mishap, expected) in [(None, (6, false)), (Some(Mishap::Fail(ErrorKind::StorageFull)), (5, true))] {
        let disk = disk.copy();
        if let Some(mishap) = mishap {
            disk.plan(1, mishap);
        }
        let (found, _, _, rewrite) = grant(vault(&disk).load(&account("work")));
        assert_eq!((found.generation, rewrite), (Generation(6), mishap.is_some()));
        // The runtime directory goes with the power, but also when its user logs out.
        for after in After::ALL {
            let disk = disk.reboot(after);
            disk.lose_directory(Path::new("/run"));
            let (found, in_doubt, ..) = grant(vault(&disk).load(&account("work")));
            assert_eq!((found.generation.0, in_doubt), expected, "{after:?}");
        }
    }
}

#[test]
fn a_login_that_waits_is_kept_beside_the_grant_or_was_never_there() {
    let hold = |vault: &Vault| {
        let held = vault.hold_login(&account("work"), &record(2, 1), true);
        Seen { spent: false, durable: held.is_ok().then(|| record(2, 1)) }
    };
    at_every_step(&two_accounts(), hold, |seen, vault, what| {
        let (found, in_doubt, ..) = grant(vault.load(&account("work")));
        assert_eq!((everything(&found), in_doubt), (everything(&record(1, 5)), false), "{what}");
        let waiting = vault.pending_logins().unwrap();
        assert!(seen.durable.is_none() || waiting.len() == 1, "{what}: the login is lost");
        for login in waiting {
            assert_eq!(everything(&login.record), everything(&record(2, 1)), "{what}");
            assert!(login.replace_user && login.account == account("work"), "{what}");
        }
    });
}

#[test]
fn a_login_that_was_dropped_does_not_come_back_with_the_power() {
    let disk = two_accounts();
    let vault_now = vault(&disk);
    vault_now.hold_login(&account("work"), &record(2, 1), false).unwrap();
    assert!(!vault_now.pending_logins().unwrap()[0].replace_user);
    vault_now.drop_login(&account("work"), GrantId([9; 16]));
    assert_eq!(vault_now.pending_logins().unwrap().len(), 1, "another one stays");
    vault_now.drop_login(&account("work"), GrantId([2; 16]));
    for after in After::ALL {
        assert!(vault(&disk.reboot(after)).pending_logins().unwrap().is_empty(), "{after:?}");
    }
}
