//! What a service manager hands over and hears, with the test as the manager.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::{
    io::{Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::{
            fs::DirBuilderExt as _,
            net::{UnixDatagram, UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use boxd_tests::{Binaries, Daemon, Sandbox, daemon::Outcome};

/// How long a message may be on its way.
const PATIENCE: Duration = Duration::from_secs(20);

struct Manager {
    daemon: Daemon,
    notices: UnixDatagram,
    child: Option<Child>,
}

/// What is said beside the sockets.
#[derive(Clone, Copy)]
struct Words<'a> {
    /// `LISTEN_PID`, as the shell sees it that becomes boxd.
    pid: &'a str,
    names: &'a str,
    arguments: &'a str,
}

const USUAL: Words<'_> = Words { pid: "$$", names: "boxd", arguments: "" };

impl Manager {
    fn new(config: &str) -> Self {
        let daemon = Daemon::prepared(config);
        let notices = UnixDatagram::bind(daemon.home().join("notify")).expect("bound");
        notices.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        std::fs::DirBuilder::new().mode(0o700).create(daemon.home().join("run")).expect("created");
        Self { daemon, notices, child: None }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.daemon.home().join("run").join(name)
    }

    fn listen(&self, name: &str) -> UnixListener {
        UnixListener::bind(self.place(name)).expect("bound")
    }

    /// Starts boxd with one or two descriptors, from 3 on as systemd does.
    fn start(&mut self, descriptors: &[OwnedFd], words: Words<'_>) {
        let [first, second] = [0, 1].map(|index| {
            let descriptor = descriptors.get(index).map(|fd| fd.try_clone().expect("a second descriptor"));
            descriptor.map_or_else(Stdio::null, Stdio::from)
        });
        let Words { pid, names, arguments } = words;
        let script = format!(
            "exec 3<&0 4<&1 </dev/null >/dev/null; export LISTEN_PID={pid} LISTEN_FDS={} LISTEN_FDNAMES={names}; \
             exec \"$0\" {arguments}",
            descriptors.len()
        );
        let log = std::fs::File::create(self.daemon.home().join("log")).expect("a log");
        let mut command = self.daemon.command(Path::new("/bin/sh"));
        command
            .args(["-c", &script])
            .arg(&Binaries::built().boxd)
            .env("BOXD_LOG", "debug")
            .env("NOTIFY_SOCKET", self.daemon.home().join("notify"))
            .env("WATCHDOG_USEC", "600000")
            .stdin(first)
            .stdout(second)
            .stderr(log);
        self.child = Some(command.spawn().expect("it starts"));
    }

    fn start_on(&mut self, listeners: &[&UnixListener], words: Words<'_>) {
        let fds: Vec<OwnedFd> = listeners
            .iter()
            .map(|listener| listener.try_clone().expect("a second descriptor").into())
            .collect();
        self.start(&fds, words);
    }

    fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.is_ok_and(|status| status.success()), "{name}");
    }

    fn end(&mut self) -> Option<i32> {
        self.child.take().expect("it runs").wait().expect("it ends").code()
    }

    /// The next message that begins so; others are passed over.
    fn hear(&self, beginning: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.notices.recv(&mut buffer);
            let length = length.unwrap_or_else(|error| panic!("{beginning}: {error}: {}", self.daemon.log()));
            let notice = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned();
            if notice.starts_with(beginning) {
                return notice;
            }
        }
    }

    fn boxctl(&self, socket: &str, arguments: &[&str]) -> Outcome {
        let mut command = self.daemon.command(&Binaries::built().boxctl);
        command.env_remove("BOXD_STATE_DIR").env("BOXD_SOCKET", self.place(socket)).args(arguments);
        boxd_tests::daemon::run(&mut command, None)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended already; there is nothing left to do then.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

#[test]
fn an_inherited_socket_is_served_locked_and_left_where_it_is() {
    let mut manager = Manager::new("");
    let listener = manager.listen("boxd.sock");
    // Somebody is early.
    let socket = manager.place("boxd.sock");
    let early = std::thread::spawn(move || boxd_client::Client::connect_within(socket, PATIENCE).is_ok());
    manager.start_on(&[&listener], USUAL);
    manager.hear("READY=1");
    assert!(early.join().expect("it ends"), "{}", manager.daemon.log());
    assert_eq!(manager.boxctl("boxd.sock", &["accounts"]).code, 0);
    assert!(!manager.daemon.socket().exists(), "no other one was made");
    let lock = std::fs::File::open(manager.place("boxd.sock.lock")).expect("there is a lock");
    assert!(lock.try_lock().is_err(), "the lock is held");
    manager.signal("TERM");
    let stopping = manager.hear("STOPPING=1");
    assert!(stopping.contains("EXTEND_TIMEOUT_USEC="), "{stopping}");
    assert_eq!(manager.end(), Some(0));
    UnixStream::connect(manager.place("boxd.sock")).expect("it is the manager's, who still listens");
}

#[test]
fn several_sockets_are_served_and_a_flag_must_name_one_of_them() {
    let mut manager = Manager::new("");
    let (main, second) = (manager.listen("boxd.sock"), manager.listen("second.sock"));
    manager.start_on(&[&second, &main], Words { names: "more:boxd", ..USUAL });
    manager.hear("READY=1");
    for socket in ["boxd.sock", "second.sock", "boxd.sock"] {
        assert_eq!(manager.boxctl(socket, &["accounts"]).code, 0, "{socket}");
    }
    let log = manager.daemon.log();
    assert!(log.contains(&format!("socket={}", manager.place("boxd.sock").display())), "{log}");
    manager.signal("TERM");
    assert_eq!(manager.end(), Some(0));

    let asked = format!("--socket {}", manager.place("second.sock").display());
    manager.start_on(&[&second, &main], Words { arguments: &asked, ..USUAL });
    manager.hear("READY=1");
    manager.signal("TERM");
    assert_eq!(manager.end(), Some(0));

    manager.start_on(&[&main], Words { arguments: "--socket /elsewhere/boxd.sock", ..USUAL });
    assert_eq!(manager.end(), Some(78));
    let log = manager.daemon.log();
    assert!(log.contains("/elsewhere/boxd.sock") && log.contains("ListenStream="), "{log}");
}

#[test]
fn what_is_no_listening_socket_is_refused() {
    let mut manager = Manager::new("");
    let (connected, _other) = UnixStream::pair().expect("a pair");
    manager.start(&[OwnedFd::from(connected)], USUAL);
    assert_eq!(manager.end(), Some(78));
    assert!(manager.daemon.log().contains("check the .socket unit"), "{}", manager.daemon.log());
}

#[test]
fn what_was_passed_to_another_process_is_none_of_ours() {
    let mut manager = Manager::new("");
    let listener = manager.listen("boxd.sock");
    manager.start_on(&[&listener], Words { pid: "1", ..USUAL });
    manager.hear("READY=1");
    assert!(manager.daemon.socket().exists(), "it made its own");
    assert_eq!(manager.daemon.boxctl(&["accounts"]).code, 0);
}

#[test]
fn clients_who_wait_for_a_daemon_that_cannot_start_learn_why() {
    let mut manager = Manager::new("nonsense = 1\n");
    let listener = manager.listen("boxd.sock");
    // They are in the queue before boxd is there.
    let mut waiting: Vec<UnixStream> = (0..3)
        .map(|_| {
            let mut client = UnixStream::connect(manager.place("boxd.sock")).expect("somebody listens");
            client.write_all(b"GET /v1/token HTTP/1.1\r\nHost: boxd\r\n\r\n").expect("it is taken");
            client
        })
        .collect();
    manager.start_on(&[&listener], USUAL);
    assert_eq!(manager.end(), Some(78));
    for client in &mut waiting {
        let mut answer = String::new();
        client.read_to_string(&mut answer).expect("an answer");
        assert!(answer.contains("action_required") && answer.contains("nonsense"), "{answer}");
    }
    // Once it is mended, the next one is served.
    manager.daemon.configure("");
    manager.start_on(&[&listener], USUAL);
    assert_eq!(manager.boxctl("boxd.sock", &["accounts"]).code, 0);
}

#[test]
fn the_manager_hears_how_things_go() {
    let mut manager = Manager::new("");
    let sandbox = Sandbox::start(&[]);
    let listener = manager.listen("boxd.sock");
    manager.start_on(&[&listener], USUAL);
    manager.hear("READY=1");
    assert_eq!(manager.hear("STATUS="), "STATUS=no accounts yet: boxctl login");
    let file = sandbox.import_file(manager.daemon.home());
    let import = manager.boxctl("boxd.sock", &["import", &file.display().to_string()]);
    assert_eq!(import.code, 0, "{}", import.stderr);
    manager.hear("STATUS=1 account healthy; next renewal ");

    manager.signal("HUP");
    let reloading = manager.hear("RELOADING=1");
    let since = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).expect("the time");
    assert!(since.parse::<u64>().is_ok_and(|usec| usec > 0), "{reloading}");
    manager.hear("READY=1");
}

#[test]
fn the_watchdog_is_told_only_while_boxd_makes_progress() {
    let mut manager = Manager::new("");
    let listener = manager.listen("boxd.sock");
    manager.start_on(&[&listener], USUAL);
    for _ in 0..3 {
        manager.hear("WATCHDOG=1");
    }
    manager.signal("STOP");
    // What was sent before the signal came; then nothing for more than three periods.
    manager.notices.set_read_timeout(Some(Duration::from_secs(2))).expect("a socket option");
    let mut buffer = [0; 4096];
    while manager.notices.recv(&mut buffer).is_ok() {}
    manager.notices.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    manager.signal("CONT");
    manager.hear("WATCHDOG=1");
}

#[test]
fn programs_that_boxd_runs_see_nothing_of_it() {
    let sandbox = Sandbox::start(&[]);
    let mut manager = Manager::new("");
    let seen = manager.daemon.home().join("seen");
    let secret = sandbox.line["client_secret"].as_str().expect("a secret").to_owned();
    let script = format!("env >{0}; ls -l /proc/self/fd >>{0}; echo {secret}", seen.display());
    let urls = ["authorize_url", "token_url", "revoke_url", "api_url"]
        .map(|key| format!("{key} = {}\n", sandbox.line[key]))
        .concat();
    manager.daemon.configure(&format!(
        "[box]\n{urls}[accounts.work]\nauth = \"oauth2\"\nclient_id = {}\nclient_secret = {{ command = [\"sh\", \"-c\", '''{script}'''] }}\n",
        sandbox.line["client_id"]
    ));
    let listener = manager.listen("boxd.sock");
    manager.start_on(&[&listener], USUAL);
    let file = sandbox.import_file(manager.daemon.home());
    let import = manager.boxctl("boxd.sock", &["import", "-a", "work", &file.display().to_string()]);
    assert_eq!(import.code, 0, "{}", import.stderr);
    assert_eq!(manager.boxctl("boxd.sock", &["refresh", "work"]).code, 0);
    let seen = std::fs::read_to_string(seen).expect("the command ran");
    for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "socket:"] {
        assert!(!seen.contains(name), "{name}: {seen}");
    }
}
