//! A running boxd with places of its own, and boxctl beside it.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::Binaries;

/// How long a daemon may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(20);

/// What programs do not run without.
const NEEDED: &[&str] = if cfg!(windows) {
    &["PATH", "SYSTEMROOT", "COMSPEC", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA"]
} else {
    &["PATH"]
};

/// A daemon that ends with this value.
#[derive(Debug)]
pub struct Daemon {
    home: TempDir,
    child: Option<Child>,
    environment: Vec<(String, String)>,
    /// Where a daemon with a clock that can be moved listens for that.
    clock: Option<ChildStdin>,
}

/// What came of one run of a program.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit status.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Daemon {
    /// Starts one in fresh places.
    pub fn start() -> Self {
        let mut daemon = Self::prepared("");
        daemon.restart();
        daemon
    }

    /// Fresh places with this config file, and nothing running yet.
    pub fn prepared(config: &str) -> Self {
        let home = TempDir::new().expect("a temporary directory");
        let daemon = Self { home, child: None, environment: Vec::new(), clock: None };
        daemon.configure(config);
        daemon
    }

    /// Writes the config file, fit to hold a secret.
    pub fn configure(&self, config: &str) {
        let file = self.home().join("config.toml");
        std::fs::write(&file, config).expect("the config can be written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))
                .expect("its mode can be set");
        }
    }

    /// Sets a variable for all that is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Where everything of it is.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Its state directory.
    pub fn state_dir(&self) -> PathBuf {
        self.home().join("state")
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        let nothing_else = boxd_proto::endpoint::Environment::default();
        nothing_else.server_socket(None, Some(&self.state_dir())).expect("there is a place")
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home().join("log")).unwrap_or_default()
    }

    /// A command in its surroundings.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(
                std::env::vars_os()
                    .filter(|(name, _)| NEEDED.iter().any(|needed| name.eq_ignore_ascii_case(needed))),
            )
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("HOME", self.home())
            .env("BOXD_STATE_DIR", self.state_dir())
            .env("BOXD_CONFIG", self.home().join("config.toml"))
            .stdin(Stdio::null());
        command
    }

    /// Starts the daemon, and returns once it answers.
    pub fn restart(&mut self) {
        self.start_with(&[]);
        self.expect_answer();
    }

    /// Starts one whose clock can be moved, and returns once it answers. `moves`: how far its clock is from the
    /// machine's, as [`Daemon::clock`] takes them, and `boot N` for another boot of the machine.
    pub fn restart_adrift(&mut self, moves: &[&str]) {
        let mut command = self.daemon_command(&Binaries::adrift());
        let mut child = command.args(moves).stdin(Stdio::piped()).spawn().expect("boxd starts");
        self.clock = child.stdin.take();
        self.child = Some(child);
        self.expect_answer();
    }

    /// Starts the daemon itself with the kernel's boot clock so many seconds ahead of the machine's
    /// (`time_namespaces(7)`), and returns once it answers.
    pub fn restart_in_time_namespace(&mut self, ahead: u64) {
        let mut command = self.daemon_command(Path::new("unshare"));
        command.args(["--time", "--boottime", &ahead.to_string(), "--"]).arg(&Binaries::built().boxd);
        self.child = Some(command.spawn().expect("unshare starts"));
        self.expect_answer();
    }

    /// Moves its clock: `sleep SECONDS`, the machine sleeps; `step SECONDS`, somebody sets its clock.
    pub fn clock(&mut self, order: &str) {
        let clock = self.clock.as_mut().expect("its clock can be moved");
        writeln!(clock, "{order}").expect("it listens");
    }

    fn expect_answer(&self) {
        let connected = boxd_client::Client::connect_within(self.socket(), PATIENCE);
        assert!(connected.is_ok(), "boxd does not answer: {}", self.log());
    }

    /// Starts the daemon with arguments, without waiting for it.
    pub fn start_with(&mut self, arguments: &[&str]) {
        let mut command = self.daemon_command(&Binaries::built().boxd);
        let child = command.args(arguments).spawn().expect("boxd starts");
        self.child = Some(child);
    }

    /// A command for the daemon that appends to the log.
    fn daemon_command(&self, program: &Path) -> Command {
        let mut log = File::options()
            .create(true)
            .append(true)
            .open(self.home().join("log"))
            .expect("the log can be written");
        writeln!(log, "--- start").expect("the log can be written");
        let mut command = self.command(program);
        command
            .env("BOXD_LOG", std::env::var("BOXD_LOG").unwrap_or_else(|_| "trace".into()))
            .stdout(Stdio::null())
            .stderr(log);
        command
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// SIGKILL, or `TerminateProcess`: no chance to clean up.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Sends a signal by name, as `kill` does.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "{name} can be sent");
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.take().expect("it runs").wait().expect("it ends")
    }

    /// Runs boxctl.
    pub fn boxctl(&self, arguments: &[&str]) -> Outcome {
        run(self.command(&Binaries::built().boxctl).args(arguments), None)
    }

    /// Runs boxctl with something on stdin.
    pub fn boxctl_with(&self, arguments: &[&str], stdin: &str) -> Outcome {
        run(self.command(&Binaries::built().boxctl).args(arguments), Some(stdin))
    }

    /// The token of the default account, which there must be.
    pub fn token(&self) -> String {
        let outcome = self.boxctl(&["token"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.stdout.trim_end().to_owned()
    }

    /// The JSON of a successful command.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let outcome = self.boxctl(arguments);
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("no JSON: {outcome:?}"))
    }

    /// The status of the first account.
    pub fn status(&self) -> serde_json::Value {
        self.json(&["status", "--json"])["accounts"][0].clone()
    }

    /// Waits until the first account's generation is at least this.
    pub fn wait_for_generation(&self, generation: u64) {
        self.wait_until(|status| status["generation"].as_u64() >= Some(generation));
    }

    /// Waits until the first account's status satisfies a condition.
    pub fn wait_until(&self, condition: impl Fn(&serde_json::Value) -> bool) {
        const STEP: Duration = Duration::from_millis(50);
        for _ in 0..600 {
            if condition(&self.status()) {
                return;
            }
            std::thread::sleep(STEP);
        }
        panic!("it did not come to that: {}\n{}", self.status(), self.log());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended already; there is nothing left to do then.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command, stdin: Option<&str>) -> Outcome {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if stdin.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().expect("the program starts");
    if let (Some(text), Some(mut pipe)) = (stdin, child.stdin.take()) {
        // A program that does not read its stdin is free to close it.
        drop(pipe.write_all(text.as_bytes()));
    }
    let output = child.wait_with_output().expect("the program ends");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
