//! Where the store's key is kept: a real keyring, a credential, a file, and the ways between them.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is not there makes the test fail, as it should"
)]

use std::{path::Path, process::Stdio};

use boxd_tests::{Binaries, Daemon, Keyring, Sandbox};

/// A daemon with an account, in the session of this keyring.
fn in_session(keyring: &Keyring, sandbox: &Sandbox) -> Daemon {
    let mut daemon = Daemon::prepared("");
    daemon.set("DBUS_SESSION_BUS_ADDRESS", keyring.address());
    daemon.restart();
    import(&daemon, sandbox, "work");
    daemon
}

fn import(daemon: &Daemon, sandbox: &Sandbox, account: &str) {
    let imported = daemon.boxctl_with(&["import", "-", "-a", account], &sandbox.line.to_string());
    assert_eq!(imported.code, 0, "{}", imported.stderr);
}

fn source(daemon: &Daemon) -> String {
    daemon.json(&["key", "--json"])["source"].as_str().unwrap_or_default().to_owned()
}

fn migrate(daemon: &Daemon, to: &str) {
    let migrated = daemon.boxctl(&["key", "migrate", "--to", to]);
    assert_eq!(migrated.code, 0, "{}\n{}", migrated.stderr, daemon.log());
    assert!(migrated.stdout.contains(to), "{}", migrated.stdout);
}

fn is_healthy(status: &serde_json::Value) -> bool {
    status["state"] == "healthy"
}

#[test]
fn a_new_store_takes_an_open_keyring_and_waits_for_it_after_a_restart() {
    let Some(mut keyring) = Keyring::start() else { return };
    let sandbox = Sandbox::start(&[]);
    let mut daemon = in_session(&keyring, &sandbox);
    assert_eq!(source(&daemon), "keyring");
    assert!(!daemon.state_dir().join("key").exists(), "the key lies nowhere else");
    let text = daemon.boxctl(&["key"]).stdout;
    assert!(text.contains("Secret Service") && text.contains("worthless without the keyring"), "{text}");
    let token = daemon.token();

    daemon.kill();
    keyring.lock();
    daemon.restart();
    let status = daemon.status();
    assert_eq!(status["state"], "action_required", "{status}");
    assert_eq!(status["error"]["code"], "action_required");
    assert!(status["error"]["next_step"].as_str().is_some_and(|step| step.contains("unlock your keyring")));
    let refused = daemon.boxctl(&["token"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.stderr.contains("keyring is locked"), "{refused:?}");
    // Nothing is spent for what could not be saved.
    let spent = sandbox.control("GET", "journal", None).to_string();
    for command in [&["import", "-", "-a", "work", "--replace"][..], &["import", "-", "-a", "new"]] {
        assert_eq!(daemon.boxctl_with(command, &sandbox.line.to_string()).code, 4);
    }
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    assert_eq!(daemon.status()["error"], status["error"], "it is as it was");
    for command in [
        &["logout", "work"][..],
        &["refresh", "work"],
        &["rename", "work", "new"],
        &["key", "migrate", "--to", "file"],
    ] {
        assert_eq!(daemon.boxctl(command).code, 4, "{command:?}");
    }
    assert_eq!(sandbox.control("GET", "journal", None).to_string(), spent);

    keyring.stop();
    daemon.wait_until(|status| {
        status["error"]["detail"].as_str().is_some_and(|detail| detail.contains("cannot be reached"))
    });
    keyring.unlock();
    daemon.wait_until(is_healthy);
    assert_eq!(daemon.token(), token);
}

#[test]
fn a_lost_keyring_loses_nothing_else() {
    let Some(mut keyring) = Keyring::start() else { return };
    let sandbox = Sandbox::start(&[]);
    let mut daemon = in_session(&keyring, &sandbox);
    daemon.kill();
    let backup = keyring.files().join("login.keyring");
    let kept = std::fs::read(&backup).unwrap();
    keyring.lose();
    let before = contents(&daemon.state_dir().join("accounts"));
    daemon.restart();
    let status = daemon.status();
    assert_eq!(status["state"], "action_required", "{status}");
    let said = status["error"].to_string();
    assert!(said.contains("no such key") && said.contains("restore the keyring"), "{said}");
    assert_eq!(contents(&daemon.state_dir().join("accounts")), before);
    assert!(!daemon.state_dir().join("key").exists(), "no key is made up");
    keyring.stop();
    std::fs::write(&backup, kept).unwrap();
    keyring.unlock();
    daemon.wait_until(is_healthy);
}

#[test]
fn the_key_moves_there_and_back_under_a_running_daemon() {
    let Some(keyring) = Keyring::start() else { return };
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::prepared("[store]\nkey = \"file\"\n");
    daemon.set("DBUS_SESSION_BUS_ADDRESS", keyring.address());
    daemon.restart();
    import(&daemon, &sandbox, "work");
    let key_file = daemon.state_dir().join("key");
    let key = std::fs::read(&key_file).unwrap();
    let token = daemon.token();
    let mut ids = vec![daemon.json(&["key", "--json"])["id"].clone()];
    for to in ["keyring", "keyring", "file", "file", "keyring"] {
        if to == source(&daemon) {
            assert_eq!(daemon.boxctl(&["key", "rotate"]).code, 0);
        } else {
            migrate(&daemon, to);
        }
        assert_eq!((source(&daemon).as_str(), daemon.token()), (to, token.clone()));
        let id = daemon.json(&["key", "--json"])["id"].clone();
        assert!(!ids.contains(&id), "each key is another");
        ids.push(id);
        daemon.kill();
        daemon.restart();
        assert_eq!((source(&daemon).as_str(), daemon.token()), (to, token.clone()));
    }
    assert!(!key_file.exists() && !daemon.log().contains("old one still is"));
    for (file, bytes) in contents(&daemon.state_dir()) {
        assert!(!bytes.windows(key.len()).any(|window| window == key), "the first key is left in {file}");
    }
    // The config asks for another source: it is told, and nothing is done.
    let warnings = daemon.status()["warnings"].to_string();
    assert!(warnings.contains("boxctl key migrate --to file"), "{warnings}");
}

#[test]
fn a_migration_that_is_killed_anywhere_goes_on() {
    let Some(keyring) = Keyring::start() else { return };
    let sandbox = Sandbox::start(&[]);
    let mut daemon = in_session(&keyring, &sandbox);
    let names: Vec<_> = (0..5).map(|number| format!("n{number}")).collect();
    for name in &names {
        let other = Sandbox::start(&[]);
        import(&daemon, &other, name);
    }
    let tokens: Vec<_> = names.iter().map(|name| daemon.boxctl(&["token", name]).stdout).collect();
    for round in 0..9_u64 {
        let to = if round % 2 == 0 { "file" } else { "keyring" };
        let mut asking = daemon.command(&Binaries::built().boxctl);
        asking.args(["key", "migrate", "--to", to]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut asking = asking.spawn().unwrap();
        // The note tells how far it is: killed when it begins, when it switches, and when it is through.
        let moment = ["coming", "retiring", "never"][usize::try_from(round % 3).unwrap_or_default()];
        let note = daemon.state_dir().join("key.json");
        let is_there = || std::fs::read_to_string(&note).is_ok_and(|note| note.contains(moment));
        while !is_there() && asking.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        daemon.kill();
        asking.wait().unwrap();
        daemon.restart();
        for (name, token) in names.iter().zip(&tokens) {
            let found = daemon.boxctl(&["token", name]);
            assert_eq!((found.code, &found.stdout), (0, token), "round {round}: {}", daemon.log());
        }
    }
    daemon.wait_until(|_| daemon.json(&["key", "--json"])["retiring"].is_null());
    migrate(&daemon, if source(&daemon) == "file" { "keyring" } else { "file" });
}

#[test]
fn a_credential_comes_first_and_is_asked_for_by_name() {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::prepared("");
    let credentials = daemon.home().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    daemon.set("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap());
    daemon.restart();
    assert_eq!(source(&daemon), "file", "no credential, no session bus: a file");
    import(&daemon, &sandbox, "work");
    let refused = daemon.boxctl(&["key", "migrate", "--to", "credential"]);
    assert!(refused.code == 4 && refused.stderr.contains("systemd-creds encrypt"), "{refused:?}");
    let refused = daemon.boxctl(&["key", "migrate", "--to", "keyring"]);
    assert!(refused.code == 4 && refused.stderr.contains("no session bus"), "{refused:?}");
    assert_eq!(source(&daemon), "file");

    std::fs::write(credentials.join("store-key"), "5a".repeat(32)).unwrap();
    migrate(&daemon, "credential");
    assert!(!daemon.state_dir().join("key").exists());
    let token = daemon.token();
    daemon.kill();
    daemon.restart();
    assert_eq!((source(&daemon).as_str(), daemon.token()), ("credential", token));

    daemon.kill();
    std::fs::remove_file(credentials.join("store-key")).unwrap();
    daemon.start_with(&[]);
    assert_eq!(daemon.wait().code(), Some(78));
    let log = daemon.log();
    assert!(log.contains("store-key") && log.contains("is missing"), "{log}");
}

fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files.push((path.display().to_string(), std::fs::read(path).unwrap()));
        } else if path.is_dir() {
            files.extend(contents(&path));
        }
    }
    files.sort();
    files
}
