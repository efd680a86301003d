//! `boxctl exec` with the real daemon: new tokens, token endpoints, and an unmodified rclone that renews at one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a helper of a test fails by panicking, and says what it leaves out"
)]

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use boxd_tests::{Binaries, Daemon, Proxy, Sandbox, daemon::run, http};
use serde_json::{Value, json};

const STEP: Duration = Duration::from_millis(100);

/// Waits for something that no event tells of.
fn until(condition: impl Fn() -> bool) {
    for _ in 0..300 {
        if condition() {
            return;
        }
        sleep(STEP);
    }
    panic!("it did not come to that");
}

fn running(options: &[&str]) -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(options);
    let daemon = Daemon::start();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

/// `boxctl exec OPTIONS -- sh -c SCRIPT`.
fn exec(daemon: &Daemon, options: &[&str], script: &str) -> Command {
    let mut command = daemon.command(&Binaries::built().boxctl);
    command.arg("exec").args(options).args(["--", "sh", "-c", script]);
    command
}

/// A program below boxctl that reads and writes lines.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { stdin: child.stdin.take(), child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    /// Lets a script that waits in `read` end, and waits for it.
    fn end(&mut self) -> Option<i32> {
        drop(self.stdin.take());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // For a test that failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An OAuth client of what `--oauth` told: the status and the answer to a renewal.
fn renew(variables: &HashMap<String, String>) -> Option<(u16, Value)> {
    let of = |name: &str| variables[name].as_str();
    let host = of("BOX_TOKEN_URL").strip_prefix("http://")?.strip_suffix("/oauth2/token")?;
    let body = format!(
        "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
        of("BOX_REFRESH_TOKEN"),
        of("BOX_CLIENT_ID"),
        of("BOX_CLIENT_SECRET")
    );
    let mut stream = TcpStream::connect(host).ok()?;
    let request = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).ok()?))
}

fn renewed(variables: &HashMap<String, String>) -> String {
    let (status, answer) = renew(variables).unwrap();
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].as_str().unwrap().to_owned()
}

/// The environment that a program prints as it starts, up to a line `end`.
fn environment(program: &mut Program) -> HashMap<String, String> {
    let lines = std::iter::from_fn(|| Some(program.line()).filter(|line| line != "end"));
    lines
        .filter_map(|line| {
            let (name, value) = line.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

const PRINT_AND_WAIT: &str = "env; echo end; read -r line";

#[test]
fn a_program_is_started_anew_with_each_token_even_when_the_daemon_was_away() {
    let (_sandbox, mut daemon) = running(&[]);
    let script = "trap 'exit' TERM; echo $BOX_ACCESS_TOKEN; while :; do sleep 0.02; done";
    let mut program = Program::start(exec(&daemon, &["--restart"], script));
    assert_eq!(program.line(), daemon.token());
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    assert_eq!(program.line(), daemon.token());

    daemon.kill();
    assert!(program.child.try_wait().unwrap().is_none(), "it goes on without the daemon");
    daemon.restart();
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    assert_eq!(program.line(), daemon.token());
}

#[test]
fn a_program_that_is_told_by_a_signal_asks_for_the_new_token_and_shows_none() {
    let (_sandbox, daemon) = running(&[]);
    let boxctl = Binaries::built().boxctl.display().to_string();
    let script =
        format!("trap '{boxctl} token' USR1; echo \"first $BOX_ACCESS_TOKEN\"; while :; do sleep 0.02; done");
    let mut program = Program::start(exec(&daemon, &["--signal", "USR1", "--mask"], &script));
    assert_eq!(program.line(), "first ***");
    for _ in 0..2 {
        assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
        assert_eq!(program.line(), "***");
    }
}

#[test]
fn an_endpoint_gives_the_present_token_for_the_program_s_life_and_none_of_the_real_secrets() {
    let (sandbox, mut daemon) = running(&[]);
    let mut program = Program::start(exec(&daemon, &["--oauth"], PRINT_AND_WAIT));
    let variables = environment(&mut program);
    let real =
        ["refresh_token", "client_secret", "client_id"].map(|name| sandbox.line[name].as_str().unwrap());
    for (name, value) in &variables {
        assert!(!real.iter().any(|real| value.contains(real)), "{name}");
    }
    assert_eq!(variables["BOX_ACCESS_TOKEN"], daemon.token());
    assert_eq!(renewed(&variables), daemon.token());
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    assert_eq!(renewed(&variables), daemon.token());

    let old = daemon.token();
    daemon.kill();
    assert_eq!(renew(&variables), None, "it is the daemon's");
    #[cfg(unix)]
    {
        let place = variables["BOX_TOKEN_URL"].strip_prefix("http://").unwrap().split('/').next().unwrap();
        let stolen = std::net::TcpListener::bind(place);
        assert!(
            stolen.is_err(),
            "the program would tell its secrets to whoever listens in the daemon's place"
        );
    }
    daemon.restart();
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    until(|| renew(&variables).is_some());
    assert_eq!(renewed(&variables), daemon.token(), "the same endpoint with the same secrets");
    assert_ne!(daemon.token(), old);

    assert_eq!(program.end(), Some(1), "read met the end of its input");
    until(|| renew(&variables).is_none());
    let log = daemon.log();
    for secret in ["BOX_CLIENT_SECRET", "BOX_REFRESH_TOKEN", "BOX_ACCESS_TOKEN"] {
        assert!(!log.contains(&variables[secret]), "{secret} is in the log");
    }
}

#[test]
fn a_token_that_box_refuses_is_renewed_at_the_endpoint_and_a_good_one_is_not() {
    let (sandbox, daemon) = running(&[]);
    let mut program = Program::start(exec(&daemon, &["--oauth"], PRINT_AND_WAIT));
    let variables = environment(&mut program);
    let before = sandbox.grant()["refreshes"].as_u64().unwrap();
    let good = daemon.token();
    for _ in 0..3 {
        assert_eq!(renewed(&variables), good);
    }
    assert_eq!(sandbox.grant()["refreshes"], before);
    // Box's clock is ahead of the daemon's: the token ends there before its time.
    sandbox.control("POST", "clock", Some(&json!({ "advance_seconds": 7200 })));
    let new = renewed(&variables);
    assert_ne!(new, good);
    assert_eq!(sandbox.who_am_i(&new), 200);
    assert_eq!(sandbox.grant()["refreshes"], before + 1);
    assert_eq!(program.end(), Some(1));
}

#[test]
fn an_endpoint_hands_out_no_more_rights_than_the_program_was_given() {
    let (sandbox, daemon) = running(&[]);
    let options = ["--oauth", "--scope", "item_download", "--resource", "folder:1"];
    let mut program = Program::start(exec(&daemon, &options, PRINT_AND_WAIT));
    let variables = environment(&mut program);
    let scoped = renewed(&variables);
    assert_eq!(scoped, variables["BOX_ACCESS_TOKEN"]);
    let of_sandbox = sandbox.bare_tokens();
    assert!(of_sandbox.iter().any(|token| token["token"] == scoped.as_str()), "{of_sandbox:?}");
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    let next = renewed(&variables);
    assert!(next != scoped && next != daemon.token());
    assert_eq!(program.end(), Some(1));
}

#[test]
fn an_endpoint_goes_with_its_account_when_that_is_renamed() {
    let (_sandbox, daemon) = running(&[]);
    let mut program = Program::start(exec(&daemon, &["--oauth"], PRINT_AND_WAIT));
    let variables = environment(&mut program);
    for (from, to) in [("default", "work"), ("work", "home"), ("home", "default")] {
        assert_eq!(daemon.boxctl(&["rename", from, to]).code, 0);
        assert_eq!(daemon.boxctl(&["refresh", to]).code, 0);
        assert_eq!(renewed(&variables), daemon.token(), "{to}");
    }
    assert_eq!(program.end(), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_of_endpoints_that_have_gone() {
    let (_sandbox, daemon) = running(&[]);
    let open_files = || std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap().count();
    // From the first token on the audit log is open.
    daemon.token();
    until(|| std::fs::metadata(daemon.state_dir().join("audit.log")).is_ok_and(|log| log.len() > 0));
    let before = open_files();
    assert_eq!(exec(&daemon, &["--oauth"], "true").status().unwrap().code(), Some(0));
    until(|| open_files() <= before);
    let before = open_files();
    let mut programs: Vec<Program> =
        (0..20).map(|_| Program::start(exec(&daemon, &["--oauth"], PRINT_AND_WAIT))).collect();
    for program in &mut programs {
        // One connection to each that says nothing.
        let url = environment(program).remove("BOX_TOKEN_URL").unwrap();
        let host = url.strip_prefix("http://").unwrap().strip_suffix("/oauth2/token").unwrap().to_owned();
        drop(TcpStream::connect(host).unwrap());
    }
    // A connection and a listener for each; a connection to Box that idled before may be gone by now.
    assert!(open_files() >= 40, "{} {before}", open_files());
    // Half of them end by themselves, half are killed.
    for (index, program) in programs.iter_mut().enumerate() {
        if index % 2 == 0 {
            assert_eq!(program.end(), Some(1));
        } else {
            program.child.kill().unwrap();
        }
    }
    until(|| open_files() <= before);
}

/// Debian's rclone below boxctl, with Box's fixed host led to a sandbox.
struct Rclone {
    sandbox: Sandbox,
    daemon: Daemon,
    proxy: Proxy,
    ca_file: String,
}

impl Rclone {
    /// `None` where rclone is not installed: then there is nothing to test against, and the output says so.
    fn with_sandbox(options: &[&str]) -> Option<Self> {
        if Command::new("rclone").arg("version").output().is_err() {
            eprintln!("NOT TESTED: rclone is not installed");
            return None;
        }
        let daemon = Daemon::start();
        let ca_file = daemon.home().join("ca.pem").display().to_string();
        let sandbox = Sandbox::start(&[&["--tls", "--ca-out", &ca_file], options].concat());
        let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let port = sandbox.line["url"].as_str()?.rsplit(':').next()?.parse().ok()?;
        Some(Self { proxy: Proxy::to(port), sandbox, daemon, ca_file })
    }

    /// `boxctl exec --oauth -- WORDS` with the way to Box's host.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.daemon.command(&Binaries::built().boxctl);
        command.args(["exec", "--oauth", "--"]).args(words);
        command.env("HTTPS_PROXY", &self.proxy.url).env("SSL_CERT_FILE", &self.ca_file);
        command
    }

    /// Statuses that the sandbox's API gave.
    fn api_statuses(&self) -> Vec<u64> {
        let journal = self.sandbox.control("GET", "journal", None);
        let entries = journal["entries"].as_array().unwrap().iter();
        let of_api = entries.filter(|entry| entry["event"] == "handled" && entry["endpoint"] == "api");
        of_api.filter_map(|entry| entry["status"].as_u64()).collect()
    }
}

#[test]
fn one_rclone_process_works_over_several_renewals() {
    // rclone takes a token for ended 10 s before its time.
    let Some(rclone) = Rclone::with_sandbox(&["--access-ttl", "20s"]) else { return };
    let serve = ["rclone", "rcd", "--rc-addr", "127.0.0.1:0", "--rc-no-auth"];
    let mut command = rclone.command(&serve);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let url = said.find_map(|line| Some(line.split("on ").nth(1)?.trim().trim_end_matches('/').to_owned()));
    let url = url.filter(|url| url.starts_with("http://")).unwrap();
    std::thread::spawn(move || said.for_each(drop));

    let before = rclone.sandbox.grant()["refreshes"].as_u64().unwrap();
    let mut calls = 0;
    while rclone.sandbox.grant()["refreshes"].as_u64() < Some(before + 3) {
        let asked = json!({ "fs": ":box:", "remote": "" });
        let (status, answer) = http::request("POST", &format!("{url}/operations/list"), None, Some(&asked));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["list"][0]["Name"], "Sandbox", "{answer}");
        calls += 1;
        sleep(STEP);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(calls > 30, "{calls}");
    let statuses = rclone.api_statuses();
    assert!(statuses.len() >= calls && statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let asked = rclone.proxy.asked();
    assert!(!asked.is_empty() && asked.iter().all(|place| place == "api.box.com:443"), "{asked:?}");
    assert_eq!(rclone.sandbox.grant()["max_in_flight"], 1, "boxd alone renewed");
}

#[test]
fn rclone_works_again_after_box_refused_a_token() {
    let Some(rclone) = Rclone::with_sandbox(&[]) else { return };
    let script = "rclone lsd :box: || exit 3; echo end; read -r line; rclone lsd :box: || exit 4";
    let mut program = Program::start(rclone.command(&["sh", "-c", script]));
    assert!(program.line().ends_with(" Sandbox"));
    assert_eq!(program.line(), "end");
    let old = rclone.daemon.token();
    rclone.sandbox.control("POST", "clock", Some(&json!({ "advance_seconds": 7200 })));
    program.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    assert!(program.line().ends_with(" Sandbox"));
    assert_eq!(program.end(), Some(0));
    let conf = rclone.daemon.home().join(".config/rclone/rclone.conf");
    assert_eq!(std::fs::read_to_string(conf).unwrap_or_default(), "", "rclone kept nothing");
    assert_ne!(rclone.daemon.token(), old, "it was renewed at the endpoint");
}

#[test]
fn what_an_rclone_of_its_own_knows_is_of_no_use_at_box() {
    let Some(rclone) = Rclone::with_sandbox(&[]) else { return };
    let shown = run(&mut rclone.command(&["env"]), None);
    let secrets: Vec<&str> = shown
        .stdout
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| name.starts_with("RCLONE_BOX_") && *name != "RCLONE_BOX_TOKEN_URL")
        .map(|(_, value)| value)
        .collect();
    assert_eq!(secrets.len(), 3, "{shown:?}");
    let access = rclone.daemon.token();
    assert!(secrets.iter().all(|secret| secret.contains("boxd-local-") && !secret.contains(&access)));
    let listed = run(rclone.daemon.command(Path::new("rclone")).args(["listremotes"]), None);
    assert_eq!(listed.stdout, "");
}
