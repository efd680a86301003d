//! Other users of this machine, and a daemon that they can reach. Only root can be somebody else.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{Binaries, Daemon, Outcome, Sandbox, curl::Answer, daemon::run};

/// How long a daemon may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody with a user id, the group of the same number, and more groups.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// The user id.
    pub uid: u32,
    /// Supplementary groups, with commas between them; empty: none.
    pub groups: &'static str,
}

/// A daemon at a socket in a directory that everybody can enter.
#[derive(Debug)]
pub struct Open {
    /// The daemon.
    pub daemon: Daemon,
    place: TempDir,
}

/// Whether this process can become other users.
pub fn is_root() -> bool {
    let told = Command::new("id").arg("-u").output();
    told.is_ok_and(|output| output.stdout == b"0\n")
}

impl Guest {
    /// Somebody without further groups.
    pub const fn new(uid: u32) -> Self {
        Self { uid, groups: "" }
    }

    /// A command run as this user.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
        command.arg(format!("--reuid={}", self.uid)).arg(format!("--regid={}", self.uid));
        match self.groups {
            "" => command.arg("--clear-groups"),
            groups => command.arg(format!("--groups={groups}")),
        };
        command.arg("--").arg(program).current_dir("/").stdin(Stdio::null());
        command
    }

    /// boxctl as this user, at a socket.
    pub fn boxctl(&self, socket: &Path, arguments: &[&str]) -> Outcome {
        let mut command = self.command(&Binaries::built().boxctl);
        run(command.arg("--socket").arg(socket).args(arguments), None)
    }

    /// curl as this user, at a socket.
    pub fn curl(&self, socket: &Path, path: &str, options: &[&str]) -> Answer {
        let mut command = self.command(Path::new("curl"));
        command.args(["--silent", "--include", "--max-time", "60", "--path-as-is", "--unix-socket"]);
        command.arg(socket).arg(format!("http://boxd{path}")).args(options);
        Answer::of(&run(&mut command, None).stdout)
    }
}

impl Open {
    /// Starts one with this config, in which `PLACE` stands for the directory of its socket; `PLACE/agent` is there, too.
    pub fn start(config: &str) -> Self {
        let place = TempDir::new().expect("a temporary directory");
        // boxd would keep a directory of its own making to itself.
        let agent = place.path().join("agent");
        std::fs::create_dir(&agent).expect("it is ours");
        for directory in [place.path(), &agent] {
            std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        }
        let mut open = Self { daemon: Daemon::prepared(""), place };
        open.configure(config);
        open.restart();
        open
    }

    /// The same with the accounts `bot` and `work`; `None` where nobody else can be played.
    pub fn with_accounts(config: &str) -> Option<([Sandbox; 2], Self)> {
        if !is_root() {
            return None;
        }
        let open = Self::start(config);
        let import = |account: &str| {
            let sandbox = Sandbox::start(&[]);
            let outcome = open.boxctl_with(&["import", "-", "-a", account], &sandbox.line.to_string());
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            sandbox
        };
        let sandboxes = [import("bot"), import("work")];
        Some((sandboxes, open))
    }

    /// Writes the config file.
    pub fn configure(&self, config: &str) {
        self.daemon.configure(&config.replace("PLACE", &self.place.path().to_string_lossy()));
    }

    /// Starts the daemon, and returns once it answers. Its socket is open to all, as that of a system service is to
    /// a group.
    pub fn restart(&mut self) {
        let socket = self.socket();
        self.daemon.start_with(&["--socket", &socket.to_string_lossy()]);
        let connected = boxd_client::Client::connect_within(&socket, PATIENCE);
        assert!(connected.is_ok(), "boxd does not answer: {}", self.daemon.log());
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).expect("it is ours");
    }

    /// The directory of its socket.
    pub fn place(&self) -> &Path {
        self.place.path()
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.place.path().join("boxd.sock")
    }

    /// boxctl as the owner.
    pub fn boxctl(&self, arguments: &[&str]) -> Outcome {
        self.boxctl_with(arguments, "")
    }

    /// The same with something on stdin.
    pub fn boxctl_with(&self, arguments: &[&str], stdin: &str) -> Outcome {
        let socket = self.socket();
        let socket = socket.to_string_lossy();
        self.daemon.boxctl_with(&[&["--socket", &socket], arguments].concat(), stdin)
    }
}
