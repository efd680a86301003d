//! What keeps secrets in the daemon's memory, and what is left of them there.

#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that lacks what it needs fails, as it should"
)]

use std::{
    collections::BTreeSet,
    fs::{self, File},
    os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, chown},
    process::{Command, Stdio},
};

use boxd_tests::{Binaries, Daemon, Sandbox};
use serde_json::Value;

const NOBODY: u32 = 65534;

#[test]
fn measures_are_in_force_and_told() {
    let daemon = Daemon::start();
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"], "{core}");
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let locked = status.lines().find(|line| line.starts_with("VmLck")).unwrap();
    assert!(!locked.contains(" 0 kB"), "{locked}");
    let told = daemon.json(&["key", "--json"])["protections"].clone();
    let names: Vec<_> = told.as_array().unwrap().iter().map(|measure| measure["name"].clone()).collect();
    assert_eq!(names, ["not-dumpable", "no-core-files", "locked-key"]);
    assert!(told.as_array().unwrap().iter().all(|measure| measure["in_force"] == true), "{told}");
    // Programs that boxd starts can be looked into as ever: this is no measure against its owner.
    assert!(daemon.boxctl(&["key"]).stdout.contains("not-dumpable: in force"));
}

#[test]
fn programs_of_the_same_user_cannot_look_into_its_memory() {
    let mut daemon = Daemon::prepared("");
    if fs::metadata(daemon.home()).unwrap().uid() != 0 {
        eprintln!("SKIPPED: this test must be root to become another user");
        return;
    }
    let program = daemon.home().join("boxd");
    fs::copy(&Binaries::built().boxd, &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for path in [daemon.home().to_owned(), daemon.home().join("config.toml")] {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let as_nobody = |program: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", program]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    };
    let may_look = |pid: u32| {
        let reads = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            as_nobody("head").args(["-c1", &path]).output().unwrap().status.success()
        };
        (reads("environ"), reads("maps"))
    };
    let mut other = as_nobody("sleep").arg("60").spawn().unwrap();
    let mut boxd = as_nobody(program.to_str().unwrap())
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
        .env("HOME", daemon.home())
        .env("BOXD_STATE_DIR", daemon.state_dir())
        .env("BOXD_CONFIG", daemon.home().join("config.toml"))
        .spawn()
        .unwrap();
    drop(boxd_client::Client::connect_within(daemon.socket(), std::time::Duration::from_secs(20)).unwrap());
    let looks = (may_look(other.id()), may_look(boxd.id()));
    let owner = fs::metadata(format!("/proc/{}/mem", boxd.id())).unwrap().uid();
    for child in [&mut other, &mut boxd] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(looks, ((true, true), (false, false)), "another program, and boxd");
    assert_eq!(owner, 0, "its files in /proc are root's");
    daemon.kill();
}

#[test]
fn after_a_logout_nothing_of_it_is_left_in_memory() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    if fs::metadata(daemon.home()).unwrap().uid() != 0 {
        eprintln!("SKIPPED: this test must be root to read another process's memory");
        return;
    }
    let imported = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    for _ in 0..3 {
        assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
        daemon.token();
        daemon.boxctl(&["token", "-o", "json"]);
        daemon.boxctl(&["status"]);
    }
    let socket = daemon.socket();
    let curl = ["-s", "--unix-socket", socket.to_str().unwrap(), "http://boxd/v1/token"];
    assert!(Command::new("curl").args(curl).output().unwrap().status.success());
    let secrets = secrets(&sandbox);
    assert!(secrets.len() >= 8, "the run made several tokens: {}", secrets.len());
    let held = found(daemon.pid(), &secrets);
    assert!(held.iter().any(|(name, _)| name.contains("current")), "the search works: {held:?}");

    assert_eq!(daemon.boxctl(&["logout", "default"]).code, 0);
    let left = found(daemon.pid(), &secrets);
    assert!(left.is_empty(), "left in memory: {left:?}");

    // The key is there, once, where it is locked and left out of core files.
    let key = fs::read(daemon.state_dir().join("key")).unwrap();
    let places = found(daemon.pid(), &[("key".to_owned(), key)]);
    assert_eq!(places.len(), 1, "{places:?}");
    let flags = flags_at(daemon.pid(), places[0].1);
    assert!(flags.contains(" lo") && flags.contains(" dd"), "{flags}");
}

/// Where which of these secrets are in the memory of a process.
fn found(pid: u32, secrets: &[(String, Vec<u8>)]) -> Vec<(String, u64)> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut found = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let (start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        // Pages of devices cannot be read.
        if memory.read_exact_at(&mut bytes, start).is_err() {
            continue;
        }
        let mut firsts = [false; 256];
        for (_, secret) in secrets {
            firsts[usize::from(secret[0])] = true;
        }
        for place in (0..bytes.len()).filter(|place| firsts[usize::from(bytes[*place])]) {
            for (name, secret) in secrets {
                if bytes[place..].starts_with(secret) {
                    let what = line.split_whitespace().nth(5).unwrap_or("anonymous");
                    found.push((format!("{name} in {what}"), start + u64::try_from(place).unwrap()));
                }
            }
        }
    }
    found
}

/// `VmFlags` of the mapping with this address (proc(5), `/proc/pid/smaps`).
fn flags_at(pid: u32, address: u64) -> String {
    let smaps = fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let mut within = false;
    for line in smaps.lines() {
        if let Some((start, end)) = line.split(' ').next().and_then(|range| range.split_once('-')) {
            let bounds = (u64::from_str_radix(start, 16), u64::from_str_radix(end, 16));
            if let (Ok(start), Ok(end)) = bounds {
                within = (start..end).contains(&address);
            }
        }
        if within && line.starts_with("VmFlags") {
            return line.to_owned();
        }
    }
    String::new()
}

/// Every token that Box has made, the newest access token as `current`, and the client secret. Half of each is enough to
/// know it by.
fn secrets(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let journal = sandbox.control("GET", "journal", None);
    let entries = journal["entries"].as_array().cloned().unwrap_or_default();
    let issued: Vec<_> = entries.iter().filter(|entry| entry["event"] == "issued").collect();
    let mut secrets: Vec<(String, Vec<u8>)> = Vec::new();
    let mut seen = BTreeSet::new();
    let newest = issued.iter().rev().find(|entry| entry["kind"] == "access").map(|entry| &entry["token"]);
    let mut add = |name: &str, secret: &Value| {
        let text = secret.as_str().unwrap_or_default();
        if !text.is_empty() && seen.insert(text.to_owned()) {
            secrets.push((name.to_owned(), text.as_bytes().to_vec()));
        }
    };
    add("current access", newest.unwrap());
    for entry in &issued {
        add(entry["kind"].as_str().unwrap_or("token"), &entry["token"]);
    }
    add("client secret", &sandbox.line["client_secret"]);
    secrets
}
