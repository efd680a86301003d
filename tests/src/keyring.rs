//! A real GNOME Keyring on a session bus of its own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

/// Set where a missing keyring is a failure, as in CI.
const NEEDED: &str = "BOXD_TESTS_NEED_KEYRING";
const PASSWORD: &str = "opens the keyring";
/// Without services that start by themselves: the test says when there is a keyring.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen/><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>"#;
/// Between two looks, and how many of them.
const STEP: Duration = Duration::from_millis(50);
const LOOKS: u32 = 200;

/// A session bus, and the keyring's daemon on it; both end with this value.
#[derive(Debug)]
pub struct Keyring {
    bus: Child,
    address: String,
    daemon: Option<Child>,
    home: TempDir,
}

impl Keyring {
    /// Starts an open one. `None`, and a word on stderr, where this machine has none: its tests cannot run then.
    #[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
    pub fn start() -> Option<Self> {
        if !["dbus-daemon", "gnome-keyring-daemon", "dbus-send"].into_iter().all(can_run) {
            assert!(
                std::env::var_os(NEEDED).is_none(),
                "dbus-daemon, dbus-send or gnome-keyring-daemon is missing, and {NEEDED} is set"
            );
            eprintln!("SKIPPED: this test needs a keyring (Debian: dbus, gnome-keyring)");
            return None;
        }
        let home = TempDir::new().expect("a temporary directory");
        let config = home.path().join("bus.conf");
        let listen = format!("<listen>unix:dir={}</listen>", home.path().display());
        std::fs::write(&config, BUS.replace("<listen/>", &listen)).expect("the bus's config can be written");
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address=1"])
            .arg(format!("--config-file={}", config.display()))
            .env("HOME", home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon starts");
        let stdout = bus.stdout.take().expect("stdout is piped");
        let address = BufReader::new(stdout).lines().next().expect("it tells its address").expect("as text");
        let mut keyring = Self { bus, address, daemon: None, home };
        keyring.unlock();
        Some(keyring)
    }

    /// What `DBUS_SESSION_BUS_ADDRESS` is in this session.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Starts the daemon anew with the password, as a login to the desktop does.
    pub fn unlock(&mut self) {
        self.run(&["--unlock"], PASSWORD);
        self.wait_for("boolean false");
    }

    /// Starts the daemon anew without the password, as a session without a login does.
    pub fn lock(&mut self) {
        self.run(&[], "");
        self.wait_for("boolean true");
    }

    /// Ends the daemon.
    pub fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().expect("it can be killed");
            daemon.wait().expect("it ends");
        }
    }

    /// Loses everything that is in it.
    pub fn lose(&mut self) {
        self.stop();
        std::fs::remove_dir_all(self.files()).expect("the keyring's files are there");
        self.unlock();
    }

    /// Where its files are.
    pub fn files(&self) -> std::path::PathBuf {
        self.home.path().join(".local/share/keyrings")
    }

    fn run(&mut self, arguments: &[&str], stdin: &str) {
        self.stop();
        let mut daemon = self
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--components=secrets"])
            .arg(format!("--control-directory={}", self.home.path().join("control").display()))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring-daemon starts");
        let mut pipe = daemon.stdin.take().expect("stdin is piped");
        pipe.write_all(stdin.as_bytes()).expect("it takes the password");
        drop(pipe);
        self.daemon = Some(daemon);
    }

    /// Waits until the login keyring says so of being locked.
    fn wait_for(&self, locked: &str) {
        let mut said = String::new();
        for _ in 0..LOOKS {
            let output = self
                .command("dbus-send")
                .args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"])
                .args(["/org/freedesktop/secrets/collection/login", "org.freedesktop.DBus.Properties.Get"])
                .args(["string:org.freedesktop.Secret.Collection", "string:Locked"])
                .output()
                .expect("dbus-send runs");
            said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            if said.contains(locked) {
                return;
            }
            std::thread::sleep(STEP);
        }
        panic!("the keyring does not come up: {said}");
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("HOME", self.home.path())
            .env("XDG_DATA_HOME", self.home.path().join(".local/share"))
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        for child in self.daemon.iter_mut().chain([&mut self.bus]) {
            // It may have ended already; there is nothing left to do then.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn can_run(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| Path::new(&directory).join(name).is_file())
}
