//! The programs as a package ships them, a daemon with a grant, and what the kernel says of a process.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use boxd_client::{Client, Endpoints, Import, ImportedCredential, Secret};
use boxd_tests::Sandbox;
use tempfile::TempDir;

/// Where they are.
pub(crate) struct Programs {
    pub(crate) boxd: PathBuf,
    pub(crate) boxctl: PathBuf,
    pub(crate) round_trip: PathBuf,
    pub(crate) echo: PathBuf,
}

/// A running daemon with places of its own.
pub(crate) struct Running {
    pub(crate) home: TempDir,
    pub(crate) child: Child,
}

impl Programs {
    pub(crate) fn built() -> Self {
        Self {
            boxd: build(&["-p", "boxd"], "boxd"),
            boxctl: build(&["-p", "boxctl"], "boxctl"),
            round_trip: build(&["-p", "boxd-tests", "--bin", "round-trip"], "round-trip"),
            echo: build(&["-p", "boxd-tests", "--bin", "echo"], "echo"),
        }
    }

    /// Starts a daemon in this home, and returns once it answers.
    pub(crate) fn start(&self, home: TempDir) -> Running {
        let log = fs::File::options().create(true).append(true).open(home.path().join("log")).expect("a log");
        let child = Command::new(&self.boxd)
            .env("BOXD_STATE_DIR", home.path().join("state"))
            .env("BOXD_CONFIG", home.path().join("config.toml"))
            .env("BOXD_LOG", "warn")
            .stderr(log)
            .spawn()
            .expect("boxd starts");
        let running = Running { home, child };
        while Client::connect_to(running.socket()).is_err() {
            std::thread::yield_now();
        }
        running
    }

    /// A daemon that holds the sandbox's grant.
    pub(crate) fn with_grant(&self, sandbox: &Sandbox) -> Running {
        let home = TempDir::new().expect("a directory");
        fs::write(home.path().join("config.toml"), "").expect("a config");
        let running = self.start(home);
        let token = sandbox.line["refresh_token"].as_str().expect("a grant");
        running.client().import(import(sandbox, "default", token, true)).expect("the grant is taken over");
        running
    }
}

impl Running {
    pub(crate) fn socket(&self) -> PathBuf {
        self.home.path().join("state/boxd.sock")
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect_within(self.socket(), Duration::from_secs(20)).expect("boxd answers")
    }

    /// A figure of `/proc/PID/status` in KiB.
    pub(crate) fn kib(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux");
        let line = status.lines().find(|line| line.starts_with(field)).expect("the field");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    }

    /// How often the process was woken so far.
    pub(crate) fn wakeups(&self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("Linux");
        tasks
            .filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok())
            .filter_map(|status| {
                let line =
                    status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?.to_owned();
                line.split_whitespace().nth(1)?.parse::<u64>().ok()
            })
            .sum()
    }

    /// Ends it, and gives its home back.
    pub(crate) fn stop(mut self) -> TempDir {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
        std::mem::replace(&mut self.home, TempDir::new().expect("a directory"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One grant of a sandbox as an import.
pub(crate) fn import(sandbox: &Sandbox, account: &str, refresh_token: &str, refresh_now: bool) -> Import {
    let text = |name: &str| sandbox.line[name].as_str().map(str::to_owned);
    Import {
        account: Some(account.to_owned()),
        replace: false,
        credential: ImportedCredential::OAuth2 {
            client_id: text("client_id").expect("a client_id"),
            client_secret: text("client_secret").map(Secret::new),
            refresh_token: Secret::new(refresh_token),
            access_token: None,
            expires_at: None,
            refresh_now,
        },
        endpoints: Endpoints {
            token_url: text("token_url"),
            revoke_url: text("revoke_url"),
            api_url: text("api_url"),
            upload_url: text("upload_url"),
            ca_file: text("ca_file"),
            ..Endpoints::default()
        },
    }
}

fn build(arguments: &[&str], name: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--message-format=json", "--profile", "dist"])
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{name} does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .unwrap_or_else(|| panic!("cargo does not tell where {name} is"))
}
