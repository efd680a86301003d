//! What people are told when they are needed, by the command of `[notify]` and wherever else they look.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "JSON that lacks a member makes the test fail, as it should"
)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use boxd_tests::{Daemon, Relay, Sandbox, curl::curl};
use serde_json::{Value, json};

const DAY: u64 = 86_400;

struct World {
    sandbox: Sandbox,
    network: Relay,
    daemon: Daemon,
}

/// A script beside the config file, fit to be run.
fn script(daemon: &Daemon, name: &str, text: &str) -> PathBuf {
    let path = daemon.home().join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("mode");
    path
}

/// A daemon with this command, which a script `page-me` beside the config file is, and an account.
fn world(page_me: &str) -> World {
    let sandbox = Sandbox::start(&["--grants", "2"]);
    let mut daemon = Daemon::prepared("[notify]\ncommand = [\"./page-me\", \"an argument\"]\n");
    script(&daemon, "page-me", &page_me.replace("HOME", &daemon.home().display().to_string()));
    daemon.restart_adrift(&[]);
    let network = Relay::to(&sandbox.line);
    let imported = daemon.boxctl_with(&["import", "-", "-a", "work"], &network.through(&sandbox.line));
    assert_eq!(imported.code, 0, "{imported:?}");
    World { sandbox, network, daemon }
}

const LISTEN: &str = "cat >> HOME/heard; test ! -e HOME/broken";

impl World {
    /// What the command got so far.
    fn heard(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.daemon.home().join("heard")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Waits until the command got so many events in all, and returns the last one.
    fn hears(&self, count: usize) -> Value {
        for _ in 0..600 {
            let heard = self.heard();
            assert!(heard.len() <= count, "{heard:?}");
            // It is remembered a moment after it was heard.
            if heard.len() == count {
                return heard[count - 1].clone();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("not told: {:?}\n{}", self.heard(), self.daemon.log());
    }

    /// Waits until a file of the daemon has this in it.
    fn file_has(&self, name: &str, text: &str) {
        for _ in 0..600 {
            if fs::read_to_string(self.daemon.home().join(name)).unwrap_or_default().contains(text) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no {text:?} in {name}: {}", self.daemon.log());
    }

    /// Somebody ends the grant at Box, and boxd finds out.
    fn grant_dies(&self) {
        self.sandbox.control("POST", "revoke", Some(&json!({ "grant": 1 })));
        assert_eq!(self.daemon.boxctl(&["refresh", "work"]).code, 4);
    }

    fn new_login(&self) {
        let mut grant = self.sandbox.line.clone();
        grant["refresh_token"] = self.sandbox.line["refresh_tokens"][1].clone();
        let outcome =
            self.daemon.boxctl_with(&["import", "-", "-a", "work", "--replace"], &grant.to_string());
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
}

#[test]
fn a_dead_grant_is_told_once_and_so_is_the_new_one() {
    let mut world = world(LISTEN);
    world.grant_dies();
    let event = world.hears(1);
    assert_eq!(event["event"], "login_required");
    assert_eq!(event["account"], "work");
    assert_eq!(event["state"], "login_required");
    assert_eq!(event["error"], "login_required");
    assert_eq!(event["reason"], "taken");
    assert_eq!(event["urgency"], "critical");
    assert_eq!(event["command"], "boxctl login work");
    assert!(event["next_step"].as_str().is_some_and(|step| step.contains("boxctl login work")));
    assert!(event["login_deadline"].is_string() && event["at"].is_string());

    // The next process tries the grant, is refused, and says nothing that was said already.
    world.file_has("state/told.json", "\"delivered\": true");
    world.daemon.kill();
    world.daemon.restart_adrift(&[]);
    assert_eq!(world.daemon.boxctl(&["refresh", "work"]).code, 4);
    world.new_login();
    let event = world.hears(2);
    assert_eq!((&event["event"], &event["command"]), (&json!("resolved"), &Value::Null));
}

#[test]
fn every_place_names_the_command_to_run() {
    let world = world(LISTEN);
    world.grant_dies();
    world.hears(1);
    let command = "boxctl login work";
    let status = world.daemon.boxctl(&["status", "work"]);
    assert!(status.stdout.contains(command), "{status:?}");
    let refresh = world.daemon.boxctl(&["refresh", "work"]);
    assert!(refresh.code == 4 && refresh.stderr.contains(command), "{refresh:?}");
    assert!(world.daemon.log().contains(command));
    let status = curl(&world.daemon, "/v1/status", &[]).json();
    assert!(status.to_string().contains(command), "{status}");
}

#[test]
fn readyz_names_the_command_to_run() {
    let mut world = world(LISTEN);
    world.sandbox.control("POST", "clock", Some(&json!({ "advance_seconds": 61 * DAY })));
    world.daemon.clock(&format!("sleep {}", 61 * DAY));
    world.daemon.wait_until(|status| status["state"] == "login_required");
    let answer = curl(&world.daemon, "/readyz", &[]);
    assert_eq!(answer.status, 503);
    let next_step = answer.json()["reasons"][0]["error"]["next_step"].clone();
    assert!(next_step.as_str().is_some_and(|step| step.contains("boxctl login work")), "{next_step}");
    assert_eq!(world.hears(1)["reason"], "lapsed");
    assert_eq!(world.daemon.boxctl(&["status"]).code, 4);
    let token = world.daemon.boxctl(&["token"]);
    assert!(token.code == 4 && token.stderr.contains("boxctl login work"), "{token:?}");
}

#[test]
fn a_login_that_dies_unused_is_warned_of_at_14_7_and_1_days_by_whichever_process_runs() {
    let mut world = world(LISTEN);
    world.network.close();
    let mut slept = 0;
    for (told, days) in [14_u64, 7, 1].into_iter().enumerate() {
        let sleep = (60 - days) * DAY - slept;
        slept += sleep;
        world.daemon.clock(&format!("sleep {sleep}"));
        world.daemon.wait_until(|status| status["state"] == "backoff");
        // It may be over in a moment; only what lasts for minutes is worth a word.
        world.daemon.clock("sleep 400");
        slept += 400;
        let event = world.hears(told + 1);
        assert_eq!((&event["event"], &event["reason"]), (&json!("deadline"), &json!("unreachable")));
        assert_eq!(event["days_left"], days - 1, "{event}");
        assert_eq!(event["command"], "boxctl refresh work");
        world.file_has("state/told.json", &format!("\"warned\": {days}"));
        let status = world.daemon.boxctl(&["status"]);
        assert!(status.stdout.contains("its login ends on"), "{status:?}");

        world.daemon.signal("TERM");
        world.daemon.wait();
        world.daemon.restart_adrift(&[&format!("sleep {slept}")]);
        world.daemon.wait_until(|status| status["state"] == "backoff");
        world.daemon.clock("sleep 600");
        slept += 600;
    }
    world.network.open();
    world.daemon.clock("sleep 1");
    assert_eq!(world.hears(4)["event"], "resolved");
    assert_eq!(world.sandbox.grant()["alive"], true);
}

#[test]
fn the_command_gets_nothing_of_boxds_but_the_event() {
    // SAFE_TO_SEE is a canary: the daemon's environment may hold client secrets.
    let world = world(
        "cat > HOME/event; env > HOME/env; ls /proc/self/fd > HOME/fd; pwd > HOME/cwd; echo \"$1\" > HOME/heard.argument; mv HOME/event HOME/heard",
    );
    world.grant_dies();
    world.hears(1);
    let read = |name: &str| fs::read_to_string(world.daemon.home().join(name)).unwrap_or_default();
    assert_eq!(read("heard.argument"), "an argument\n");
    assert_eq!(read("cwd"), "/\n");
    let allowed = ["PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"];
    for line in read("env").lines() {
        let name = line.split('=').next().unwrap_or_default();
        assert!(allowed.contains(&name), "{line}");
    }
    // Three streams, and the directory that `ls` has open.
    assert!(read("fd").lines().count() <= 4, "{}", read("fd"));
    let (secret, event) = (world.sandbox.line["client_secret"].as_str().expect("text"), read("heard"));
    assert!(!event.contains(secret) && !event.contains("refresh_token"));
}

#[test]
fn a_command_that_fails_is_run_again_and_complained_of() {
    let world = world(LISTEN);
    fs::write(world.daemon.home().join("broken"), "").expect("written");
    world.grant_dies();
    world.file_has("log", "nobody was notified; trying again");
    fs::remove_file(world.daemon.home().join("broken")).expect("removed");
    assert_eq!(world.hears(2)["id"], world.heard()[0]["id"]);

    let check = |config: &str| {
        world.daemon.configure(config);
        let boxd = &boxd_tests::Binaries::built().boxd;
        boxd_tests::daemon::run(world.daemon.command(boxd).arg("--check"), None)
    };
    let outcome = check("[notify]\ncommand = [\"./nothing\"]\n");
    assert_eq!(outcome.code, 78, "{outcome:?}");
    assert!(outcome.stdout.contains("[notify] command: there is no program"), "{outcome:?}");
    assert_eq!(check("[notify]\ncommand = [\"./page-me\"]\n").code, 0);
}

#[test]
fn a_command_that_hangs_holds_nothing_up() {
    let mut world = world("exec sleep 1000");
    world.grant_dies();
    assert_eq!(world.daemon.boxctl(&["status", "work", "--json"]).code, 0);
    assert_eq!(world.daemon.boxctl(&["token", "work"]).code, 0, "it still lives");
    world.daemon.signal("TERM");
    assert!(world.daemon.wait().success());
}

#[test]
fn the_desktop_recipe_hands_title_and_command_to_notify_send() {
    let world = world(LISTEN);
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/notify-desktop.sh");
    let notify_send = script(&world.daemon, "notify-send", "printf '%s\\n' \"$@\" > \"$HOME/shown\"");
    let path = format!(
        "{}:{}",
        notify_send.parent().unwrap_or(Path::new("/")).display(),
        std::env::var("PATH").unwrap_or_default()
    );
    world.grant_dies();
    let event = world.hears(1).to_string();
    let outcome = boxd_tests::daemon::run(world.daemon.command(&recipe).env("PATH", path), Some(&event));
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let shown = fs::read_to_string(world.daemon.home().join("shown")).expect("shown");
    assert!(shown.contains("--urgency=critical\nBox account work needs a login\n"), "{shown}");
    assert!(shown.contains("boxctl login work"), "{shown}");
}
