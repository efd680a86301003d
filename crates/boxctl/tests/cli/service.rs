//! `service` with a systemctl that only notes what it is told, and a home of its own.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    answers::obliging,
    daemon::{Daemon, Ran},
};

/// A machine with nothing but boxctl, boxd and a service manager.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        for directory in ["bin", "home", "fake", "run"] {
            fs::create_dir(machine.path(directory)).unwrap();
        }
        // A copy could still be open for writing in a child of another test's thread, and then not be run.
        fs::hard_link(env!("CARGO_BIN_EXE_boxctl"), machine.path("bin/boxctl")).unwrap();
        fs::write(machine.path("bin/boxd"), "").unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn unit(&self, name: &str) -> PathBuf {
        self.path("home/.config/systemd/user").join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let fakes = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/systemd");
        Command::new(self.path("bin/boxctl"))
            .arg("service")
            .args(arguments)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", fakes.display()))
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("FAKE", self.path("fake"))
            .output()
            .unwrap()
            .into()
    }

    /// The same, which must go well.
    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert!(ran.code == 0 && ran.err.is_empty(), "{arguments:?} {ran:?}");
        ran.out
    }

    /// What systemctl was told since the last time, but for questions.
    fn told(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("fake/calls")).unwrap_or_default();
        drop(fs::remove_file(self.path("fake/calls")));
        let lines = calls.lines().filter(|line| !line.contains(" show "));
        lines.map(|line| line.trim_start_matches("--user ").to_owned()).collect()
    }

    /// Every file and link below the home.
    fn files(&self) -> Vec<String> {
        fn walk(directory: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(directory).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    walk(&entry.path(), found);
                } else {
                    found.push(entry.file_name().into_string().unwrap());
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path("home"), &mut found);
        found.sort();
        found
    }
}

#[test]
fn installing_twice_does_nothing_the_second_time() {
    let machine = Machine::new();
    let first = machine.done(&["install"]);
    assert!(first.contains("boxd is installed as a user service of systemd and running"), "{first}");
    assert!(first.contains("`loginctl enable-linger`"), "{first}");
    assert_eq!(
        machine.told(),
        ["daemon-reload", "reenable boxd.socket boxd.service", "start boxd.socket boxd.service"]
    );
    let program = format!("\nExecStart={}\n", machine.path("bin/boxd").display());
    assert!(fs::read_to_string(machine.unit("boxd.service")).unwrap().contains(&program));

    fs::write(machine.path("fake/lingers"), "").unwrap();
    let second = machine.done(&["install"]);
    assert!(second.starts_with("boxd is already installed"), "{second}");
    assert!(second.contains("also runs while you are not logged on"), "{second}");
    assert!(machine.told().is_empty());
}

#[test]
fn printing_changes_nothing_and_needs_no_manager() {
    let machine = Machine::new();
    fs::write(machine.path("fake/no-bus"), "").unwrap();
    let printed = machine.done(&["install", "--print"]);
    assert!(printed.contains("boxd.service (mode 0644)") && printed.contains("\n[Service]\n"), "{printed}");
    assert!(printed.ends_with("# run: systemctl --user start boxd.socket boxd.service\n"), "{printed}");
    let json: serde_json::Value =
        serde_json::from_str(&machine.done(&["install", "--print", "--json"])).unwrap();
    assert_eq!(json["steps"][0]["mode"], "0644");
    assert_eq!(json["steps"][2]["command"][2], "daemon-reload");
    assert!(machine.files().is_empty() && machine.told().is_empty());
}

#[test]
fn an_older_version_is_brought_up_to_date() {
    let machine = Machine::new();
    machine.done(&["install"]);
    machine.told();
    // What another boxctl wrote, which knew another place of boxd.
    let elsewhere = Machine::new();
    elsewhere.done(&["install"]);
    fs::copy(elsewhere.unit("boxd.service"), machine.unit("boxd.service")).unwrap();
    let out = machine.done(&["install"]);
    assert!(out.starts_with("wrote ") && out.lines().next().unwrap().ends_with("boxd.service"), "{out}");
    assert_eq!(
        machine.told(),
        ["daemon-reload", "reenable boxd.socket boxd.service", "restart boxd.service"]
    );
    assert!(!machine.unit("boxd.service.orig").exists());

    // 0.1.0 had one unit, which its README had people copy.
    let copied = Machine::new();
    fs::create_dir_all(copied.unit("")).unwrap();
    fs::write(copied.unit("boxd.service"), include_str!("../fixtures/boxd-0.1.0.service")).unwrap();
    copied.done(&["install"]);
    assert!(!copied.unit("boxd.service.orig").exists() && copied.unit("boxd.socket").exists());
}

#[test]
fn an_older_systemd_will_do() {
    let machine = Machine::new();
    fs::write(machine.path("fake/old"), "").unwrap();
    assert!(machine.done(&["install"]).contains("and running"));
}

#[test]
fn a_boxd_that_was_replaced_is_started_anew() {
    let machine = Machine::new();
    machine.done(&["install"]);
    machine.told();
    fs::write(machine.path("fake/started"), "1763780645").unwrap();
    machine.done(&["install"]);
    assert_eq!(machine.told(), ["restart boxd.service"]);
}

#[test]
fn an_edited_unit_is_kept_and_the_difference_shown() {
    let machine = Machine::new();
    machine.done(&["install"]);
    machine.told();
    let unit = machine.unit("boxd.service");
    let edited = fs::read_to_string(&unit).unwrap().replace("UMask=0077", "UMask=0027");
    fs::write(&unit, &edited).unwrap();

    let out = machine.done(&["install"]);
    assert!(out.contains("\n-UMask=0027\n+UMask=0077\n"), "{out}");
    assert!(out.contains("boxctl service install --force"), "{out}");
    assert_eq!(fs::read_to_string(&unit).unwrap(), edited);
    assert!(machine.told().is_empty());
    let status: serde_json::Value = serde_json::from_str(&machine.done(&["status", "--json"])).unwrap();
    assert_eq!((&status["edited"], &status["files"][0]["is"]), (&true.into(), &"edited by hand".into()));

    machine.done(&["install", "--force"]);
    assert!(fs::read_to_string(&unit).unwrap().contains("UMask=0077"));
    assert_eq!(fs::read_to_string(machine.unit("boxd.service.orig")).unwrap(), edited);
    assert_eq!(machine.told().last().unwrap(), "restart boxd.service");

    // Once more: no copy takes the place of another.
    fs::write(&unit, edited.replace("0027", "0007")).unwrap();
    machine.done(&["install", "--force"]);
    assert!(machine.unit("boxd.service.orig.1").exists());
}

#[test]
fn uninstalling_leaves_what_is_not_ours() {
    let machine = Machine::new();
    machine.done(&["install"]);
    machine.told();
    fs::create_dir(machine.unit("boxd.service.d")).unwrap();
    fs::write(machine.unit("boxd.service.d/mine.conf"), "").unwrap();
    fs::write(machine.unit("mine.service"), "").unwrap();
    // Deleted by hand, so that systemctl cannot disable it.
    fs::remove_file(machine.unit("boxd.socket")).unwrap();

    let out = machine.done(&["uninstall"]);
    assert!(out.contains("boxd is no service any more") && out.contains("mine.conf stays"), "{out}");
    assert!(
        out.contains(&format!("logins stay in {}", machine.path("home/.local/state/boxd").display())),
        "{out}"
    );
    assert_eq!(machine.files(), ["mine.conf", "mine.service"]);
    let told = machine.told();
    assert_eq!(told[0], "stop boxd.socket boxd.service");
    assert_eq!(told[2..], ["daemon-reload", "reset-failed boxd.socket boxd.service"]);

    assert!(machine.done(&["uninstall"]).starts_with("boxd is not installed as a service"));
    assert!(machine.told().is_empty());
}

#[test]
fn a_masked_unit_stays_masked() {
    let machine = Machine::new();
    fs::create_dir_all(machine.unit("")).unwrap();
    symlink("/dev/null", machine.unit("boxd.service")).unwrap();
    assert!(machine.done(&["install"]).contains("-a link to /dev/null"));
    assert_eq!(fs::read_link(machine.unit("boxd.service")).unwrap(), Path::new("/dev/null"));
}

#[test]
fn verbs_and_status() {
    let machine = Machine::new();
    let absent = machine.run(&["start"]);
    assert!(absent.code == 1 && absent.err.contains("next: run `boxctl service install`"), "{absent:?}");
    let absent = machine.run(&["status"]);
    assert!(absent.code == 3 && absent.out.contains("installed  no"), "{absent:?}");

    machine.done(&["install"]);
    machine.told();
    assert_eq!(machine.done(&["restart"]), "boxd is running (process 812)\n");
    let status = machine.done(&["status"]);
    let first = status.lines().next().unwrap();
    assert_eq!(first, "state      running, process 812, since 2100-01-01T00:00:00Z (serving)");
    assert!(status.contains("boxd.socket, as installed\n"), "{status}");
    assert_eq!(machine.done(&["stop"]), "boxd is stopped\n");
    assert_eq!(machine.run(&["status"]).code, 3);
    assert_eq!(machine.told(), ["restart boxd.service", "stop boxd.socket boxd.service"]);
    assert_eq!(machine.done(&["logs", "-n", "7", "-f"]), "journalctl --user -u boxd.service -n7 -f\n");
    assert_eq!(machine.run(&["status", "--socket", "/x"]).code, 2);
}

/// Each fails with a next step, and leaves nothing behind.
#[test]
fn nothing_is_half_done() {
    let no_bus = Machine::new();
    fs::write(no_bus.path("fake/no-bus"), "").unwrap();
    let no_boxd = Machine::new();
    fs::remove_file(no_boxd.path("bin/boxd")).unwrap();
    let no_reload = Machine::new();
    fs::write(no_reload.path("fake/fails"), "daemon-reload").unwrap();
    let by_hand = Machine::new();
    fs::write(by_hand.path("bin/boxd"), "").unwrap();
    let table = [
        (no_bus, "no service manager answers here", "loginctl enable-linger"),
        (no_boxd, "boxd belongs beside boxctl", "install boxd"),
        (no_reload, "daemon-reload` failed", "service logs"),
    ];
    for (machine, detail, next_step) in table {
        let ran = machine.run(&["install"]);
        assert!(ran.code == 1 && ran.out.is_empty(), "{ran:?}");
        assert!(ran.err.contains(detail) && ran.err.contains(next_step), "{ran:?}");
        assert_eq!(fs::read_dir(machine.path("home")).unwrap().count(), 0, "{ran:?}");
    }
    let homeless =
        Command::new(by_hand.path("bin/boxctl")).args(["service", "install"]).env_clear().output().unwrap();
    let homeless = Ran::from(homeless);
    assert!(homeless.code == 1 && homeless.err.contains("HOME is not set"), "{homeless:?}");
}

#[test]
fn a_boxd_that_somebody_started_is_not_disturbed() {
    let (machine, daemon) = (Machine::new(), Daemon::new(obliging));
    symlink(daemon.socket().parent().unwrap(), machine.path("run/boxd")).unwrap();
    let ran = machine.run(&["install"]);
    assert!(ran.code == 1 && ran.err.contains("a boxd that is no service runs already"), "{ran:?}");
    assert!(ran.err.contains("next: end it (`kill "), "{ran:?}");
    assert!(machine.files().is_empty() && machine.told().is_empty());
}

#[test]
fn a_home_that_takes_no_files() {
    let machine = Machine::new();
    // A directory that is closed would be open to root, who may run this.
    fs::write(machine.path("home/.config"), "").unwrap();
    let ran = machine.run(&["install"]);
    assert!(ran.code == 1 && ran.err.contains("cannot be"), "{ran:?}");
    assert_eq!((machine.files(), machine.told()), (vec![".config".to_owned()], vec![]));
}

#[test]
fn a_service_that_does_not_start_stays_installed() {
    let machine = Machine::new();
    fs::write(machine.path("fake/fails"), "start").unwrap();
    let ran = machine.run(&["install"]);
    assert!(ran.code == 1 && ran.err.contains("next: see `boxctl service logs`"), "{ran:?}");
    assert!(machine.unit("boxd.service").exists());
    fs::remove_file(machine.path("fake/fails")).unwrap();
    machine.told();
    machine.done(&["install"]);
    assert_eq!(machine.told(), ["start boxd.socket boxd.service"]);
}
