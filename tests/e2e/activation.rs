//! What a service manager hands over and hears, played by the test: sockets, readiness, reloads, the watchdog.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::{
    os::{
        fd::OwnedFd,
        unix::{
            fs::PermissionsExt as _,
            net::{UnixDatagram, UnixListener},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use boxd_tests::{Binaries, Daemon, Sandbox};

/// How long a message of a daemon may be on its way.
const PATIENCE: Duration = Duration::from_secs(20);

/// The service manager's end.
struct Manager {
    daemon: Daemon,
    notices: UnixDatagram,
    socket: PathBuf,
    child: Option<Child>,
}

impl Manager {
    fn new() -> Self {
        let daemon = Daemon::prepared("");
        let notices = UnixDatagram::bind(daemon.home().join("notify")).expect("bound");
        notices.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        let directory = daemon.home().join("run");
        std::fs::create_dir(&directory).expect("created");
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700)).expect("mode");
        Self { daemon, notices, socket: directory.join("boxd.sock"), child: None }
    }

    /// Starts boxd with these sockets as descriptors 3 and up, and these words for its command line.
    fn start(&mut self, sockets: &[&UnixListener], words: &str) {
        // The shell's own redirections put the descriptors where systemd would.
        let [first, second] = [sockets.first(), sockets.get(1)].map(|socket| {
            socket.map_or_else(Stdio::null, |socket| {
                OwnedFd::from(socket.try_clone().expect("a second descriptor")).into()
            })
        });
        let script = format!(
            "exec 3<&0 4<&1 0</dev/null 1>/dev/null; export LISTEN_PID=$$ LISTEN_FDS={}; exec \"$0\" {words}",
            sockets.len()
        );
        let log = std::fs::File::create(self.daemon.home().join("log")).expect("a log");
        let mut command = self.daemon.command(Path::new("/bin/sh"));
        command
            .args(["-c", &script])
            .arg(&Binaries::built().boxd)
            .env("NOTIFY_SOCKET", self.daemon.home().join("notify"))
            .env("WATCHDOG_USEC", "600000")
            .stdin(first)
            .stdout(second)
            .stderr(log);
        self.child = Some(command.spawn().expect("it starts"));
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "{name}");
    }

    /// The next message.
    fn notice(&self) -> String {
        let mut buffer = [0; 4096];
        let length =
            self.notices.recv(&mut buffer).unwrap_or_else(|error| panic!("{error}: {}", self.daemon.log()));
        String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned()
    }

    /// Reads messages until one begins so.
    fn until(&self, beginning: &str) -> String {
        loop {
            let notice = self.notice();
            if notice.starts_with(beginning) {
                return notice;
            }
        }
    }

    fn boxctl(&self, arguments: &[&str]) -> boxd_tests::daemon::Outcome {
        let mut command = self.daemon.command(&Binaries::built().boxctl);
        boxd_tests::daemon::run(command.env("BOXD_SOCKET", &self.socket).args(arguments), None)
    }

    fn code(&mut self) -> Option<i32> {
        self.child.take().expect("it runs").wait().expect("it ends").code()
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

#[test]
fn an_inherited_socket_is_served_and_left_where_it_is() {
    let mut manager = Manager::new();
    let listener = UnixListener::bind(&manager.socket).expect("bound");
    manager.start(&[&listener], "");
    manager.until("READY=1");
    let paths = manager.boxctl(&["paths", "socket"]);
    assert_eq!(paths.stdout.trim_end(), manager.socket.display().to_string(), "{}", paths.stderr);
    assert_eq!(manager.boxctl(&["accounts"]).code, 0);
    manager.signal("TERM");
    manager.until("STOPPING=1");
    assert_eq!(manager.code(), Some(0));
    assert!(manager.socket.exists(), "it belongs to the service manager");
    assert!(!manager.daemon.socket().exists(), "there was no need for another one");
    // Whoever connects before the next start waits for it.
    let socket = manager.socket.clone();
    let early = std::thread::spawn(move || boxd_client::Client::connect_within(socket, PATIENCE).is_ok());
    manager.start(&[&listener], "");
    assert!(early.join().expect("it ends"));
}

#[test]
fn what_cannot_be_served_is_refused_with_a_word() {
    let mut manager = Manager::new();
    let listener = UnixListener::bind(&manager.socket).expect("bound");
    let second = UnixListener::bind(manager.daemon.home().join("run/second")).expect("bound");
    manager.start(&[&listener, &second], "");
    assert_eq!(manager.code(), Some(78));
    assert!(manager.daemon.log().contains("handed 2 sockets over"), "{}", manager.daemon.log());

    manager.start(&[&listener], "--socket /elsewhere/boxd.sock");
    assert_eq!(manager.code(), Some(78));
    let log = manager.daemon.log();
    assert!(log.contains("/elsewhere/boxd.sock") && log.contains("ListenStream="), "{log}");
}

#[test]
fn the_service_manager_hears_how_things_stand() {
    let mut manager = Manager::new();
    let sandbox = Sandbox::start(&[]);
    let listener = UnixListener::bind(&manager.socket).expect("bound");
    manager.start(&[&listener], "");
    manager.until("READY=1");
    assert_eq!(manager.until("STATUS="), "STATUS=no account yet: boxctl login, or boxctl import\n");
    let file = sandbox.import_file(manager.daemon.home());
    let import = manager.boxctl(&["import", &file.display().to_string()]);
    assert_eq!(import.code, 0, "{}", import.stderr);
    while manager.until("STATUS=") != "STATUS=1 account, with a token at hand\n" {}

    manager.signal("HUP");
    let reloading = manager.until("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    manager.until("READY=1");
}

#[test]
fn the_watchdog_is_fed_only_while_clients_are_served() {
    let mut manager = Manager::new();
    let listener = UnixListener::bind(&manager.socket).expect("bound");
    manager.start(&[&listener], "");
    for _ in 0..3 {
        manager.until("WATCHDOG=1");
    }
    manager.signal("STOP");
    // What was sent before the signal came; then nothing more.
    manager.notices.set_read_timeout(Some(Duration::from_secs(2))).expect("a socket option");
    let mut buffer = [0; 4096];
    while manager.notices.recv(&mut buffer).is_ok() {}
    manager.notices.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    manager.signal("CONT");
    manager.until("WATCHDOG=1");
}
