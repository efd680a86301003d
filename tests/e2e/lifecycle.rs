//! Start, reload and end of the daemon, and what it refuses to start with.

use std::os::unix::{
    fs::{PermissionsExt as _, symlink},
    net::UnixListener,
};

use boxd_tests::{Daemon, Sandbox};
use serde_json::json;

#[test]
fn a_second_daemon_leaves_the_first_alone() {
    let daemon = Daemon::start();
    let second = boxd_tests::daemon::run(&mut daemon.command(&boxd_tests::Binaries::built().boxd), None);
    assert_eq!(second.code, 73, "{}", second.stderr);
    assert_eq!(daemon.boxctl(&["accounts"]).code, 0, "the first one still serves");
}

#[test]
fn a_socket_left_behind_is_no_obstacle() {
    let mut daemon = Daemon::start();
    daemon.kill();
    assert!(daemon.socket().exists(), "kill -9 leaves it");
    daemon.restart();
    assert_eq!(daemon.boxctl(&["accounts"]).code, 0);
}

/// Starts with arguments and returns its exit status and log.
fn refused(daemon: &mut Daemon, arguments: &[&str]) -> (Option<i32>, String) {
    daemon.start_with(arguments);
    let status = daemon.wait();
    (status.code(), daemon.log())
}

#[test]
fn what_is_not_ours_is_never_replaced() {
    let mut daemon = Daemon::prepared("");
    let file = daemon.home().join("precious.txt");
    std::fs::write(&file, "mine").expect("written");
    let (code, log) = refused(&mut daemon, &["--socket", &file.display().to_string()]);
    assert!(code.is_some_and(|code| code != 0), "{log}");
    assert_eq!(std::fs::read_to_string(&file).ok().as_deref(), Some("mine"));

    let directory = daemon.home().join("d");
    std::fs::create_dir(&directory).expect("created");
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700)).expect("mode");
    let socket = directory.join("other.sock");
    let _other = UnixListener::bind(&socket).expect("bound");
    let (code, log) = refused(&mut daemon, &["--socket", &socket.display().to_string()]);
    assert_eq!(code, Some(73), "{log}");

    let link = daemon.home().join("link.sock");
    symlink(&file, &link).expect("linked");
    let (code, log) = refused(&mut daemon, &["--socket", &link.display().to_string()]);
    assert!(code.is_some_and(|code| code != 0), "{log}");
    assert!(file.exists());
}

#[test]
fn a_socket_path_that_is_too_long_is_named() {
    let mut daemon = Daemon::prepared("");
    let path = daemon.home().join("x".repeat(120)).display().to_string();
    let (code, log) = refused(&mut daemon, &["--socket", &path]);
    assert!(code.is_some_and(|code| code != 0), "{log}");
    assert!(log.contains("takes at most"), "{log}");
}

#[test]
fn a_state_directory_that_others_can_write_is_refused() {
    let mut daemon = Daemon::prepared("");
    std::fs::create_dir(daemon.state_dir()).expect("created");
    std::fs::set_permissions(daemon.state_dir(), std::fs::Permissions::from_mode(0o777)).expect("mode");
    let (code, log) = refused(&mut daemon, &[]);
    assert!(code.is_some_and(|code| code != 0), "{log}");
    assert!(log.contains(&daemon.state_dir().display().to_string()), "{log}");
}

#[test]
fn a_bad_config_is_named_with_key_and_line() {
    for (config, parts) in [
        ("\n[refresh]\nleed = \"5m\"\n", &["leed", "lead", "3"][..]),
        ("[refresh]\nlead = 5.5\n", &["lead", "2"][..]),
        ("[refresh\n", &["1"][..]),
    ] {
        let mut daemon = Daemon::prepared(config);
        let (code, log) = refused(&mut daemon, &[]);
        assert_eq!(code, Some(78), "{log}");
        let complaint = log.lines().rev().take(6).collect::<Vec<_>>().join("\n");
        for part in parts {
            assert!(complaint.contains(part), "{part:?} is not in {complaint}");
        }
        let check =
            boxd_tests::daemon::run(daemon.command(&boxd_tests::Binaries::built().boxd).arg("--check"), None);
        assert_eq!(check.code, 78, "{}", check.stderr);
    }
}

#[test]
fn check_changes_nothing() {
    let daemon = Daemon::prepared("[refresh]\nlead = \"5m\"\n");
    let check =
        boxd_tests::daemon::run(daemon.command(&boxd_tests::Binaries::built().boxd).arg("--check"), None);
    assert_eq!(check.code, 0, "{}", check.stderr);
    assert!(check.stdout.contains(&daemon.state_dir().display().to_string()), "{}", check.stdout);
    assert!(!daemon.state_dir().exists(), "it only looks");
}

#[test]
fn check_says_what_a_person_must_put_right() {
    let daemon = Daemon::prepared(
        "[accounts.bot]\nauth = \"ccg\"\nclient_id = \"app\"\nsubject = { enterprise = 42 }\n\
         client_secret = { command = [\"sh\", \"-c\", \"echo canary; echo vault is locked >&2; exit 3\"] }\n",
    );
    let check =
        boxd_tests::daemon::run(daemon.command(&boxd_tests::Binaries::built().boxd).arg("--check"), None);
    assert_eq!(check.code, 78, "{}", check.stderr);
    for part in ["ccg as enterprise 42", "client_id  app", "FAULT", "exit status: 3: vault is locked"] {
        assert!(check.stdout.contains(part), "{part:?} is not in {}", check.stdout);
    }
    assert!(!check.stdout.contains("canary") && !check.stderr.contains("canary"));
    assert!(check.stderr.contains("1 fault was found"), "{}", check.stderr);
    assert!(!daemon.state_dir().exists(), "it only looks");
}

#[test]
fn a_bad_config_is_refused_on_reload_and_the_old_one_stays() {
    let mut daemon = Daemon::prepared("default_account = \"work\"\n");
    daemon.restart();
    daemon.configure("default_acount = \"work\"\n");
    let refused = daemon.boxctl(&["reload"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("default_acount"), "{}", refused.stderr);
    daemon.configure("");
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
}

#[test]
fn a_hangup_reloads_and_keeps_the_token() {
    let sandbox = Sandbox::start(&[]);
    let daemon = Daemon::start();
    assert_eq!(daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string()).code, 0);
    let token = daemon.token();
    daemon.signal("HUP");
    assert_eq!(daemon.token(), token);
}

#[test]
fn terminated_while_a_renewal_hangs_it_waits_for_the_answer() {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::start();
    assert_eq!(daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string()).code, 0);
    let generation = daemon.status()["generation"].as_u64().unwrap_or(0);
    sandbox.fault(&json!({ "fault": "hang", "when": "after" }));
    drop(daemon.boxctl(&["token", "--rejected", &generation.to_string(), "--wait", "0"]));
    while sandbox.control("GET", "faults", None)["hung"] != 1 {
        std::thread::yield_now();
    }
    daemon.signal("TERM");
    sandbox.control("POST", "release", None);
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
    daemon.restart();
    assert!(daemon.status()["generation"].as_u64() > Some(generation), "the answer was kept");
    assert_eq!(sandbox.grant()["replays"], 0, "nothing had to be asked twice");
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::start();
    assert_eq!(daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string()).code, 0);
    let generation = daemon.status()["generation"].as_u64().unwrap_or(0);
    sandbox.hang_after_spending();
    drop(daemon.boxctl(&["token", "--rejected", &generation.to_string(), "--wait", "0"]));
    while sandbox.control("GET", "faults", None)["hung"] != 1 {
        std::thread::yield_now();
    }
    daemon.signal("INT");
    // Two of one kind that are pending at once are one signal.
    std::thread::sleep(std::time::Duration::from_millis(300));
    daemon.signal("INT");
    daemon.wait();
    assert!(sandbox.control("GET", "faults", None)["hung"].as_u64() <= Some(1));
    daemon.restart();
    daemon.wait_for_generation(generation + 1);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
}
