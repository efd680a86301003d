//! What surrounds the daemon fails: its log, its limits. Tokens are handed out and renewed all the same.
#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    reason = "what is missing makes the test fail, as it should; clippy.toml exempts only test functions"
)]

use std::{
    fs::OpenOptions,
    process::{Child, Command, Stdio},
    time::Duration,
};

use boxd_client::Client;
use boxd_tests::{Binaries, Daemon, Sandbox};

/// A boxd that was started in its own way.
struct Odd {
    daemon: Daemon,
    child: Child,
    _sandbox: Sandbox,
}

impl Odd {
    /// Started by a shell with these words before it, and with this stderr, and given an account.
    fn start(script: &str, stderr: Stdio) -> Self {
        let daemon = Daemon::prepared("");
        let sandbox = Sandbox::start(&[]);
        let mut command = daemon.command(std::path::Path::new("/bin/sh"));
        command.args(["-c", &format!("{script} exec \"$0\" --log trace")]).arg(&Binaries::built().boxd);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn();
        let child = child.expect("it starts");
        let up = Client::connect_within(daemon.socket(), Duration::from_secs(20));
        assert!(up.is_ok(), "{script}: it does not answer");
        let file = sandbox.import_file(daemon.home());
        let import = daemon.boxctl(&["import", &file.to_string_lossy()]);
        assert_eq!(import.code, 0, "{script}: {}", import.stderr);
        Self { daemon, child, _sandbox: sandbox }
    }

    fn works(&self, times: usize) {
        for _ in 0..times {
            let refresh = self.daemon.boxctl(&["refresh"]);
            assert_eq!(refresh.code, 0, "{}", refresh.stderr);
        }
        assert!(!self.daemon.token().is_empty());
    }

    fn ends_in_order(mut self) {
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()));
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_log_that_cannot_be_written_is_no_reason_to_end() {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let odd = Odd::start("", full.into());
    odd.works(3);
    odd.ends_in_order();
    // Nobody reads any more.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let odd = Odd::start("", writer.into());
    odd.works(3);
    odd.ends_in_order();
}

#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let odd = Odd::start("", writer.into());
    // Each writes a kilobyte or more; a pipe has room for 64.
    odd.works(100);
    odd.ends_in_order();
    drop(reader);
}

#[test]
fn a_limit_for_files_is_like_a_full_disk() {
    // Half of what the ballast would take, in blocks of 512 bytes.
    let odd = Odd::start("ulimit -f 100;", Stdio::null());
    odd.works(3);
    odd.ends_in_order();
}

#[test]
fn a_report_that_nobody_reads_is_no_fault() {
    let daemon = Daemon::prepared("");
    for stdout in ["/dev/full", "/dev/null"] {
        let stdout_of = OpenOptions::new().write(true).open(stdout).expect("it is there");
        let mut command = daemon.command(&Binaries::built().boxd);
        let status =
            command.arg("--check").stdout(stdout_of).stderr(Stdio::null()).status().expect("it runs");
        assert!(matches!(status.code(), Some(0 | 1)), "{stdout}: {status}");
    }
}
