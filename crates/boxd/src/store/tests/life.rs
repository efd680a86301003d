//! A store in use: renewals, logouts and spares on a real disk, with many accounts.

use std::{fs, path::Path};

use boxd_engine::{CommitReason, Credential, Generation, IssuedToken, Loaded, Record, RefreshToken};

use super::{
    super::{KeyChoice, KeySource, Options, Store},
    sample::{CANARY, account, everything, grant, record},
};

fn open(directory: &Path) -> Store {
    Store::open(Options {
        state_dir: directory.join("state"),
        spare_dir: Some(directory.join("run")),
        machine: None,
        allow_network_fs: false,
        key: KeyChoice::Only(KeySource::File),
        credentials: None,
    })
    .unwrap()
}

fn renew(store: &Store, name: &str, from: &Record, to: &Record) {
    store.prove(&account(name), from.grant, from.generation).unwrap();
    store.commit(&account(name), to, CommitReason::Successor, 0).unwrap();
}

/// Searches every file below a directory.
fn holds(directory: &Path, text: &str) -> bool {
    fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn a_record_comes_back_whole_and_never_lies_open() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    for generation in 5..8 {
        renew(&store, "work", &record(1, generation), &record(1, generation + 1));
    }
    store.save_spare(&account("work"), &record(1, 9)).unwrap();
    assert!(holds(directory.path(), "boxdseal"), "the search works");
    assert!(!holds(directory.path(), CANARY));
    drop(store);
    let store = open(directory.path());
    let (found, in_doubt, foreign, rewrite) = grant(store.load(&account("work")));
    assert_eq!(everything(&found), everything(&record(1, 9)));
    assert_eq!((in_doubt, foreign, rewrite), (false, false, false));
    assert_eq!(fs::read_dir(directory.path().join("run")).unwrap().count(), 0, "the spare has served");
}

#[test]
fn a_bare_access_token_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut bare = record(1, 5);
    let Credential::OAuth2 { access: Some(access), .. } = bare.credential else { panic!() };
    bare.credential = Credential::AccessOnly { access };
    store.commit(&account("work"), &bare, CommitReason::Replacement, 0).unwrap();
    assert_eq!(everything(&grant(store.load(&account("work"))).0), everything(&bare));
}

#[test]
fn the_intent_has_the_successors_size_and_room_to_grow() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let accounts = directory.path().join("state/accounts");
    let size = |file: &str| fs::metadata(accounts.join(file)).unwrap().len();
    store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    store.prove(&account("work"), record(1, 5).grant, Generation(5)).unwrap();
    assert_eq!(size("work.grant.next"), size("work.grant"));
    assert_eq!(size("work.grant") % 4096, 0);

    let mut longer = record(1, 6);
    if let Credential::OAuth2 { refresh, access: Some(IssuedToken { .. }), .. } = &mut longer.credential {
        *refresh = RefreshToken::new("r".repeat(3000));
    }
    let proved = size("work.grant.next");
    store.commit(&account("work"), &longer, CommitReason::Successor, 0).unwrap();
    assert_eq!(size("work.grant"), proved, "it went into the proved file");
    assert_eq!(everything(&grant(store.load(&account("work"))).0), everything(&longer));

    let mut huge = record(1, 7);
    if let Credential::OAuth2 { refresh, .. } = &mut huge.credential {
        *refresh = RefreshToken::new("r".repeat(60_000));
    }
    renew(&store, "work", &longer, &huge);
    assert_eq!(everything(&grant(store.load(&account("work"))).0), everything(&huge), "by a new file");
}

#[test]
fn a_withdrawn_intent_leaves_no_doubt_and_a_second_one_does() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    store.prove(&account("work"), record(1, 5).grant, Generation(5)).unwrap();
    assert!(grant(store.load(&account("work"))).1);
    store.withdraw(&account("work"));
    assert!(!grant(store.load(&account("work"))).1);
    store.withdraw(&account("nobody"));
}

#[test]
fn an_account_whose_file_was_deleted_under_the_daemon_is_put_back_by_the_next_renewal() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    fs::remove_file(directory.path().join("state/accounts/work.grant")).unwrap();
    renew(&store, "work", &record(1, 5), &record(1, 6));
    assert_eq!(everything(&grant(store.load(&account("work"))).0), everything(&record(1, 6)));
}

#[test]
fn a_counter_survives_logout_and_new_login() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    assert!(matches!(store.load(&account("work")), Loaded::Absent { highest: Generation(0) }));
    store.commit(&account("work"), &record(1, 5), CommitReason::Replacement, 0).unwrap();
    store.forget(&account("work"), Generation(7)).unwrap();
    store.forget(&account("work"), Generation(3)).unwrap();
    assert!(matches!(store.load(&account("work")), Loaded::Absent { highest: Generation(7) }), "never back");
    assert_eq!(store.accounts(), []);
    let tombstone = fs::metadata(directory.path().join("state/accounts/work.grant")).unwrap();
    assert!(tombstone.len() < 512);
    store.commit(&account("work"), &record(2, 8), CommitReason::Replacement, 0).unwrap();
    assert_eq!(store.accounts(), [account("work")]);
}

#[test]
fn the_spares_of_two_stores_in_one_directory_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let run = directory.path().join("run");
    let open = |state: &str| {
        let state_dir = directory.path().join(state);
        let spare_dir = Some(run.clone());
        Store::open(Options {
            state_dir,
            spare_dir,
            machine: None,
            allow_network_fs: false,
            key: KeyChoice::Only(KeySource::File),
            credentials: None,
        })
        .unwrap()
    };
    let (one, two) = (open("one"), open("two"));
    one.save_spare(&account("work"), &record(1, 5)).unwrap();
    two.save_spare(&account("work"), &record(2, 9)).unwrap();
    assert_eq!(one.accounts(), [account("work")]);
    assert_eq!(grant(one.load(&account("work"))).0.generation, Generation(5));
    assert_eq!(grant(two.load(&account("work"))).0.generation, Generation(9));
}

/// How long ten thousand accounts take to load: `cargo test -p boxd --release -- --ignored --nocapture ten_thousand`.
#[test]
#[ignore = "a measurement, not a judgement"]
fn ten_thousand_accounts_load() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let accounts = directory.path().join("state/accounts");
    for number in 0..10_000 {
        let name = account(&format!("account-{number}"));
        let bytes = store.vault.seal_grant(&name, &record(1, 5), super::super::seal::Size::Roomy).unwrap();
        fs::write(accounts.join(format!("{name}.grant")), bytes).unwrap();
    }
    drop(store);
    let clock = crate::clock::Clock::of_this_boot();
    let began = clock.boot();
    let store = open(directory.path());
    let opened = clock.boot();
    let names = store.accounts();
    let listed = clock.boot();
    assert_eq!(names.len(), 10_000);
    for name in &names {
        assert!(matches!(store.load(name), Loaded::Grant { .. }));
    }
    let loaded = clock.boot();
    println!(
        "open {:?}, list {:?}, load {:?}",
        opened.since(began),
        listed.since(opened),
        loaded.since(listed)
    );
}
