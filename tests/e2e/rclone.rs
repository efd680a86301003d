//! Taking a grant over from the real rclone, which writes its own file.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a helper of a test fails by panicking, and says what it leaves out"
)]

use std::{
    io::{Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use boxd_tests::{Daemon, Outcome, Sandbox, daemon::run};
use serde_json::json;

const PASSWORD: &str = "Pa55w0rd-canary";

/// rclone, with the daemon's home directory as its own.
struct Rclone<'a> {
    daemon: &'a Daemon,
}

impl<'a> Rclone<'a> {
    /// `None` where rclone is not installed: then there is nothing to test against, and the output says so.
    fn of(daemon: &'a Daemon) -> Option<Self> {
        if Command::new("rclone").arg("version").output().is_err() {
            eprintln!("NOT TESTED: rclone is not installed");
            return None;
        }
        Some(Self { daemon })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.daemon.command(Path::new("rclone"));
        // The API's host is a constant of rclone: a closed proxy keeps it from looking for Box's.
        command.args(arguments).env("HTTPS_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1");
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        run(&mut self.command(arguments), None)
    }

    /// Answers one prompt after the other: rclone reads ahead, and would lose answers that come early.
    fn converse(&self, arguments: &[&str], answers: &[&str]) -> String {
        let (mut output, prompts) = std::io::pipe().unwrap();
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(prompts.try_clone().unwrap()).stderr(prompts);
        let mut child = command.spawn().unwrap();
        // Its ends of the pipe must be closed here, or the end of rclone is not seen.
        drop(command);
        let mut stdin = child.stdin.take().unwrap();
        let mut answers = answers.iter();
        let mut said = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = output.read(&mut chunk) {
            said.extend_from_slice(&chunk[..length]);
            let asks = said.ends_with(b"> ") || said.ends_with(b"password:");
            if let Some(answer) = asks.then(|| answers.next()).flatten() {
                writeln!(stdin, "{answer}").unwrap();
            }
        }
        child.wait().unwrap();
        String::from_utf8_lossy(&said).into_owned()
    }

    fn conf(&self) -> String {
        let file = self.daemon.home().join(".config/rclone/rclone.conf");
        std::fs::read_to_string(file).unwrap_or_default()
    }

    /// A remote with an old token, which rclone then renews itself.
    fn with_renewed_remote(&self, sandbox: &Sandbox) {
        let member = |name: &str| sandbox.line[name].as_str().unwrap().to_owned();
        let old = member("refresh_token");
        let token = json!({
            "access_token": "long-gone", "token_type": "bearer", "refresh_token": old,
            "expiry": "2020-01-01T00:00:00Z",
        });
        let options = [
            format!("client_id={}", member("client_id")),
            format!("client_secret={}", member("client_secret")),
            format!("token_url={}", member("token_url")),
            format!("auth_url={}", member("authorize_url")),
            format!("token={token}"),
        ];
        let create = ["config", "create", "mybox", "box", "--non-interactive"];
        let arguments: Vec<&str> = create.into_iter().chain(options.iter().map(String::as_str)).collect();
        let created = self.run(&arguments);
        assert!(self.conf().contains(&old), "rclone wrote its file: {created:?}");
        self.run(&["--retries", "1", "--low-level-retries", "1", "--contimeout", "5s", "lsd", "mybox:"]);
        let conf = self.conf();
        assert!(
            conf.contains("\"refresh_token\"") && !conf.contains(&old),
            "rclone renewed the token: {conf}"
        );
        assert_eq!(sandbox.grant()["refreshes"], 1);
    }
}

/// A daemon whose every account is of this sandbox; an rclone remote names only some of its endpoints.
fn daemon_of(sandbox: &Sandbox) -> Daemon {
    let keys = ["revoke_url", "api_url", "upload_url"];
    let lines: Vec<String> = keys
        .iter()
        .filter_map(|key| Some(format!("{key} = \"{}\"\n", sandbox.line[*key].as_str()?)))
        .collect();
    let mut daemon = Daemon::prepared(&format!("[box]\n{}", lines.concat()));
    daemon.restart();
    daemon
}

#[test]
fn a_remote_is_moved_from_where_rclone_keeps_it() {
    let sandbox = Sandbox::start(&[]);
    let daemon = daemon_of(&sandbox);
    let Some(rclone) = Rclone::of(&daemon) else { return };
    rclone.with_renewed_remote(&sandbox);

    let moved = daemon.boxctl(&["import", "--from", "rclone"]);
    assert_eq!(moved.code, 0, "{}", moved.stderr);
    assert!(moved.stderr.contains("rclone config delete mybox"), "{}", moved.stderr);
    assert_eq!(sandbox.grant()["refreshes"], 2, "spent once, which is what ends rclone's copy");
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    assert_eq!(daemon.status()["state"], "healthy");

    assert_eq!(rclone.run(&["config", "delete", "mybox"]).code, 0, "what the person was told to do");
    assert!(!rclone.conf().contains("refresh_token"), "{}", rclone.conf());
}

#[test]
fn an_encrypted_file_is_imported_through_rclone_itself() {
    let sandbox = Sandbox::start(&[]);
    let daemon = daemon_of(&sandbox);
    let Some(rclone) = Rclone::of(&daemon) else { return };
    rclone.with_renewed_remote(&sandbox);
    // Set configuration password, add it, twice, quit both menus.
    let said = rclone.converse(&["config"], &["s", "a", PASSWORD, PASSWORD, "q", "q"]);
    assert!(rclone.conf().contains("RCLONE_ENCRYPT_V0:"), "{said}");

    let refused = daemon.boxctl(&["import", "--from", "rclone"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    let remedy = "rclone config show | boxctl import --from rclone -";
    assert!(refused.stderr.contains(remedy), "{}", refused.stderr);
    assert_eq!(sandbox.grant()["refreshes"], 1, "nothing was spent");

    let shown = run(rclone.command(&["config", "show"]).env("RCLONE_CONFIG_PASS", PASSWORD), None);
    let moved = daemon.boxctl_with(&["import", "--from", "rclone", "-"], &shown.stdout);
    assert_eq!(moved.code, 0, "{}", moved.stderr);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    assert!(!daemon.log().contains(PASSWORD));
}

#[test]
fn the_app_that_is_built_into_rclone_is_refused() {
    let daemon = Daemon::start();
    let Some(rclone) = Rclone::of(&daemon) else { return };
    let token = r#"token={"access_token":"canary","token_type":"bearer","refresh_token":"canary","expiry":"2099-01-01T00:00:00Z"}"#;
    let created = rclone.run(&["config", "create", "plain", "box", "--non-interactive", token]);
    assert!(rclone.conf().contains("[plain]"), "{created:?}");
    let refused = daemon.boxctl(&["import", "--from", "rclone"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("remote plain") && refused.stderr.contains("boxctl login"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
}
