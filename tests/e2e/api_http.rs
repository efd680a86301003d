//! Calls to Box's API over HTTP, made with curl.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "what is missing makes the test fail, as it should; clippy.toml exempts only test functions"
)]

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use boxd_tests::{Daemon, Outcome, Sandbox, daemon::run};
use serde_json::{Value, json};

const ON: &str = "[api]\nenabled = true\n";
const MIB: u64 = 1024 * 1024;

fn running(config: &str) -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::prepared(config);
    daemon.restart();
    let outcome = daemon.boxctl_with(&["import", "-a", "work", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

/// curl on the daemon's socket; `--path-as-is`, since it would tidy paths up.
fn command(daemon: &Daemon, arguments: &[&str]) -> Command {
    let mut command = daemon.command(Path::new("curl"));
    command.args(["-sS", "--path-as-is", "--max-time", "60", "--unix-socket"]).arg(daemon.socket());
    command.args(arguments);
    command
}

fn curl(daemon: &Daemon, arguments: &[&str]) -> Outcome {
    run(&mut command(daemon, arguments), None)
}

/// The status of a call and its body as JSON.
fn call(daemon: &Daemon, arguments: &[&str]) -> (u16, Value) {
    let outcome = curl(daemon, &[&["-w", "\n%{http_code}"], arguments].concat());
    let (body, status) = outcome.stdout.rsplit_once('\n').expect("a status");
    (status.parse().expect("a status"), serde_json::from_str(body).unwrap_or(Value::Null))
}

fn entries(sandbox: &Sandbox, event: &str, endpoint: &str) -> usize {
    let journal = sandbox.control("GET", "journal", None);
    let entries = journal["entries"].as_array().expect("entries");
    entries.iter().filter(|entry| entry["event"] == event && entry["endpoint"] == endpoint).count()
}

fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..400 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("it did not come to that: {what}");
}

fn high_water_mark(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("the field");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn off_by_default_and_on_by_config() {
    let (_sandbox, daemon) = running("");
    let (status, problem) = call(&daemon, &["http://boxd/v1/api/2.0/users/me"]);
    assert_eq!((status, &problem["code"]), (403, &json!("denied")));
    assert!(problem["next_step"].as_str().is_some_and(|step| step.contains("[api]")), "{problem}");
    daemon.configure(ON);
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    let (status, me) = call(&daemon, &["http://boxd/v1/api/2.0/users/me?fields=id"]);
    assert_eq!((status, &me["login"]), (200, &json!("user1@example.com")));
}

#[test]
fn the_account_is_named_by_a_header() {
    let (_sandbox, daemon) = running(ON);
    let url = "http://boxd/v1/api/2.0/users/me";
    assert_eq!(call(&daemon, &["-H", "Boxd-Account: work", url]).0, 200);
    let (status, problem) = call(&daemon, &["-H", "Boxd-Account: nope", url]);
    assert_eq!((status, &problem["code"]), (404, &json!("unknown_account")));
    assert_eq!(call(&daemon, &["-H", "Boxd-Account: ../x", url]).0, 400);
}

#[test]
fn what_leaves_the_api_is_refused_and_never_sent() {
    let (sandbox, daemon) = running(ON);
    let before = entries(&sandbox, "received", "token") + entries(&sandbox, "received", "api");
    for path in [
        "api/oauth2/token",
        "api/2.0/../oauth2/token",
        "api/2.0/%2e%2e/oauth2/token",
        "api/2.0/..%2foauth2/token",
        "api/2.0//oauth2/token",
        "api/2.0/oauth2/token",
        "api//2.0/users/me",
        "api/2.0/..;/oauth2/token",
        "api/%32.0/users/me",
        "api/2.0/users%00",
        "upload/oauth2/token",
        "upload/api/oauth2/authorize",
        "upload/api/2.0/%252e%252e/oauth2/authorize",
        "upload/2.0/users/me",
    ] {
        let (status, problem) = call(&daemon, &["-d", "x=y", &format!("http://boxd/v1/{path}")]);
        assert_eq!((status, &problem["code"]), (400, &json!("bad_request")), "{path}");
    }
    let traced = curl(&daemon, &["-i", "-X", "TRACE", "http://boxd/v1/api/2.0/users/me"]);
    assert!(traced.stdout.starts_with("HTTP/1.1 405"), "{}", traced.stdout);
    assert!(traced.stdout.to_lowercase().contains("\r\nallow: get, head, post"), "{}", traced.stdout);
    let from_a_browser = call(&daemon, &["-H", "Origin: http://x", "http://boxd/v1/api/2.0/users/me"]);
    assert_eq!(from_a_browser.0, 403);
    let after = entries(&sandbox, "received", "token") + entries(&sandbox, "received", "api");
    assert_eq!(before, after);
}

#[test]
fn redirects_go_back_and_cookies_do_not() {
    let (sandbox, daemon) = running(ON);
    let redirected = curl(&daemon, &["-i", "http://boxd/v1/api/2.0/files/77/content"]);
    assert!(redirected.stdout.starts_with("HTTP/1.1 302"), "{}", redirected.stdout);
    let head = redirected.stdout.to_lowercase();
    assert!(head.contains("\r\nlocation: /dl/77\r\n"), "{head}");
    let length = curl(&daemon, &["-I", "http://boxd/v1/api/2.0/users/me"]);
    assert!(length.stdout.starts_with("HTTP/1.1 405"), "the sandbox has no HEAD there: {}", length.stdout);
    // The client's own credentials are not Box's.
    let url = "http://boxd/v1/api/2.0/users/me";
    let (status, _) = call(&daemon, &["-H", "Authorization: Bearer wrong", "-b", "a=b", url]);
    assert_eq!(status, 200);
    let cookie = json!({"fault": "error", "error": "x", "path": "api", "status": 400});
    sandbox.fault(&cookie);
    let refused = curl(&daemon, &["-i", url]);
    assert!(refused.stdout.starts_with("HTTP/1.1 400"), "{}", refused.stdout);
    assert!(!refused.stdout.to_lowercase().contains("set-cookie"), "{}", refused.stdout);
    assert!(refused.stdout.to_lowercase().contains("strict-transport-security"), "the rest passes");
}

#[test]
fn a_refused_token_is_renewed_and_the_call_made_again() {
    let (sandbox, daemon) = running(ON);
    let before = daemon.status()["generation"].as_u64().expect("a generation");
    sandbox.fault(&json!({"fault": "status", "status": 401, "path": "api"}));
    assert_eq!(call(&daemon, &["http://boxd/v1/api/2.0/users/me"]).0, 200);
    assert_eq!(daemon.status()["generation"], before + 1);
}

#[test]
fn an_upload_that_is_refused_is_reported() {
    let (sandbox, daemon) = running(ON);
    let before = daemon.status()["generation"].as_u64().expect("a generation");
    sandbox.fault(&json!({"fault": "status", "status": 401, "path": "upload"}));
    let upload = "http://boxd/v1/upload/api/2.0/files/content";
    assert_eq!(call(&daemon, &["-d", "some", upload]).0, 401);
    daemon.wait_for_generation(before + 1);
    let (status, answer) = call(&daemon, &["-d", "some", upload]);
    assert_eq!((status, &answer["entries"][0]["size"]), (201, &json!(4)));
}

#[test]
fn much_passes_through_little_memory() {
    const LENGTH: u64 = 96 * MIB;
    let (sandbox, daemon) = running(ON);
    assert_eq!(call(&daemon, &["http://boxd/v1/api/2.0/users/me"]).0, 200);
    let before = high_water_mark(&daemon);
    sandbox.fault(&json!({"fault": "oversized", "path": "api", "bytes": LENGTH}));
    let url = "http://boxd/v1/api/2.0/users/me";
    let down = curl(&daemon, &["-o", "/dev/null", "-w", "%{http_code} %{size_download}", url]);
    let (status, size) = down.stdout.split_once(' ').expect("both");
    assert!(status == "200" && size.parse::<u64>().is_ok_and(|size| size > LENGTH), "{}", down.stdout);
    let file = daemon.home().join("large");
    std::fs::File::create(&file).and_then(|file| file.set_len(LENGTH)).expect("a sparse file");
    let data = file.display().to_string();
    let upload = "http://boxd/v1/upload/api/2.0/files/content";
    for more in [&[][..], &["-H", "Transfer-Encoding: chunked"]] {
        let (status, answer) = call(&daemon, &[&["-X", "POST", "-T", &data, upload], more].concat());
        assert_eq!((status, &answer["entries"][0]["size"]), (201, &json!(LENGTH)));
    }
    let grown = high_water_mark(&daemon) - before;
    assert!(grown < 8 * 1024, "boxd grew by {grown} KiB");
}

#[test]
fn a_broken_answer_is_no_short_one() {
    let (sandbox, daemon) = running(ON);
    sandbox.fault(&json!({"fault": "truncate", "path": "api", "when": "after"}));
    let broken = curl(&daemon, &["http://boxd/v1/api/2.0/users/me"]);
    assert!(matches!(broken.code, 18 | 56), "curl sees that it is not whole: {broken:?}");
    sandbox.fault(&json!({"fault": "drop", "path": "api"}));
    let (status, problem) = call(&daemon, &["http://boxd/v1/api/2.0/users/me"]);
    assert_eq!((status, &problem["code"]), (503, &json!("unavailable")));
    assert_eq!(call(&daemon, &["http://boxd/v1/api/2.0/users/me"]).0, 200);
}

#[test]
fn a_client_that_goes_away_takes_its_call_along() {
    let (sandbox, daemon) = running(ON);
    sandbox.fault(&json!({"fault": "hang", "path": "api"}));
    let mut waiting = command(&daemon, &["http://boxd/v1/api/2.0/users/me"]);
    let mut waiting = waiting.stdout(Stdio::null()).spawn().expect("curl starts");
    until("it hangs", || sandbox.control("GET", "faults", None)["hung"] == 1);
    waiting.kill().expect("killed");
    waiting.wait().expect("ended");
    until("Box sees the end of it", || entries(&sandbox, "abandoned", "api") == 1);

    // Half a body: Box must not take it for a whole one.
    let mut stream = UnixStream::connect(daemon.socket()).expect("boxd listens");
    let head =
        "POST /v1/upload/api/2.0/files/content HTTP/1.1\r\nHost: boxd\r\nContent-Length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(&vec![b'x'; 500_000]).expect("sent");
    drop(stream);
    until("the upload ends", || entries(&sandbox, "abandoned", "upload") == 1);
    assert_eq!(entries(&sandbox, "handled", "upload"), 0);
}

#[test]
fn places_are_bounded_and_given_back() {
    let (sandbox, daemon) = running(ON);
    sandbox.fault(&json!({"fault": "hang", "path": "api", "count": 16}));
    let request = b"GET /v1/api/2.0/users/me HTTP/1.1\r\nHost: boxd\r\n\r\n";
    let connect = || {
        let mut stream = UnixStream::connect(daemon.socket()).expect("boxd listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket option");
        stream.write_all(request).expect("sent");
        stream
    };
    let status = |mut stream: UnixStream| {
        let mut start = [0; 12];
        stream.read_exact(&mut start).expect("an answer");
        String::from_utf8_lossy(&start).into_owned()
    };
    // All of this process: its bound is the first that is met.
    let held: Vec<UnixStream> = (0..16).map(|_| connect()).collect();
    until("they hang", || sandbox.control("GET", "faults", None)["hung"] == 16);
    assert_eq!(status(connect()), "HTTP/1.1 503");
    assert_eq!(call(&daemon, &["http://boxd/v1/api/2.0/users/me"]).0, 200, "another process is served");
    drop(held);
    until("they are given up", || entries(&sandbox, "abandoned", "api") == 16);
    assert_eq!(status(connect()), "HTTP/1.1 200");
}
