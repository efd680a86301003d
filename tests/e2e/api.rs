//! Calls to Box's API through the daemon: what passes, what does not, and what happens when something breaks.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "what is missing makes the test fail, as it should; clippy.toml exempts only test functions"
)]

use std::{
    io::Write as _,
    process::{Child, Stdio},
    time::Duration,
};

use boxd_client::{ApiRequest, ApiRequestBody, Client, Code, Error};
use boxd_tests::{Binaries, Daemon, Sandbox};
use serde_json::{Value, json};

const ON: &str = "[api]\nenabled = true\n";
const MIB: u64 = 1024 * 1024;

/// A daemon with a grant of a sandbox.
fn running(config: &str) -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::prepared(config);
    daemon.restart();
    let outcome = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (sandbox, daemon)
}

fn get(path: &str) -> ApiRequest {
    ApiRequest {
        account: None,
        upload: false,
        method: "GET".into(),
        path: path.into(),
        headers: Vec::new(),
        body: ApiRequestBody::None,
        follow: true,
    }
}

fn client(daemon: &Daemon) -> Client {
    Client::connect_to(daemon.socket()).expect("boxd answers")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Starts boxctl, to be watched or ended.
fn spawn(daemon: &Daemon, arguments: &[&str]) -> Child {
    let mut command = daemon.command(&Binaries::built().boxctl);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("boxctl starts")
}

/// Waits for a condition, as long as is reasonable.
fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..400 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("it did not come to that: {what}");
}

/// The sandbox's journal entries of one kind at one endpoint.
fn entries(sandbox: &Sandbox, event: &str, endpoint: &str) -> usize {
    let journal = sandbox.control("GET", "journal", None);
    let entries = journal["entries"].as_array().expect("entries");
    entries.iter().filter(|entry| entry["event"] == event && entry["endpoint"] == endpoint).count()
}

/// How often a token was used at the sandbox's API.
fn uses(sandbox: &Sandbox) -> usize {
    let journal = sandbox.control("GET", "journal", None);
    journal["entries"].as_array().expect("entries").iter().filter(|entry| entry["event"] == "used").count()
}

fn kib(daemon: &Daemon, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("Linux");
    let line = status.lines().find(|line| line.starts_with(field)).expect("the field");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn it_is_off_unless_the_config_says_so() {
    let (_sandbox, daemon) = running("");
    let off = daemon.boxctl(&["api", "users/me"]);
    assert_eq!((off.code, off.stdout.as_str()), (6, ""), "{}", off.stderr);
    assert!(off.stderr.contains("enabled = true") && off.stderr.contains("[api]"), "{}", off.stderr);

    daemon.configure(ON);
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    let on = daemon.boxctl(&["api", "users/me"]);
    assert_eq!(on.code, 0, "{}", on.stderr);
    let me: Value = serde_json::from_str(&on.stdout).expect("JSON");
    assert_eq!(me["login"], "user1@example.com");

    daemon.configure("[api]\nenabled = \"yes\"\n");
    assert_ne!(daemon.boxctl(&["reload"]).code, 0, "a bad value is refused, and the old config stays");
    assert_eq!(daemon.boxctl(&["api", "users/me"]).code, 0);
    daemon.configure("[api]\nenabled = false\n");
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    assert_eq!(daemon.boxctl(&["api", "users/me"]).code, 6);
}

#[test]
fn the_check_knows_it() {
    let daemon = Daemon::prepared(ON);
    let check = boxd_tests::daemon::run(daemon.command(&Binaries::built().boxd).arg("--check"), None);
    assert_eq!(check.code, 0, "{}", check.stderr);
    assert!(check.stdout.contains("passed through"), "{}", check.stdout);
}

#[test]
fn answers_come_as_they_are_and_errors_have_a_body_too() {
    let (sandbox, daemon) = running(ON);
    for path in ["/2.0/users/me", "2.0/users/me", "users/me", "users/me?fields=id"] {
        assert_eq!(daemon.boxctl(&["api", path]).code, 0, "{path}");
    }
    let with_head = daemon.boxctl(&["api", "-i", "users/me"]);
    assert!(with_head.stdout.starts_with("HTTP/1.1 200\r\n"), "{}", with_head.stdout);
    let head = with_head.stdout.to_lowercase();
    assert!(head.contains("\r\nbox-request-id: ") && !head.contains("set-cookie"), "{head}");

    let missing = daemon.boxctl(&["api", "folders/2"]);
    assert_eq!(missing.code, 1);
    let told: Value = serde_json::from_str(&missing.stdout).expect("Box's own words");
    assert_eq!(told["code"], "not_found");
    let lines: Vec<_> = missing.stderr.lines().collect();
    assert_eq!(lines[0], "boxctl: Box answered 404 to GET /2.0/folders/2");
    assert!(lines[1].starts_with("  next: check the path and the id"), "{lines:?}");
    let body = json!({"fault": "status", "status": 503, "path": "api", "body": "{\"code\":\"busy\"}"});
    sandbox.fault(&body);
    let busy = daemon.boxctl(&["api", "users/me"]);
    assert_eq!((busy.code, busy.stdout.as_str()), (1, "{\"code\":\"busy\"}"));
    let as_json = daemon.boxctl(&["--json", "api", "folders/2"]);
    let problem: Value = serde_json::from_str(&as_json.stderr).expect("a problem");
    assert_eq!((&problem["code"], &problem["status"]), (&json!("box_error"), &json!(404)), "{problem}");
    assert!(problem["next_step"].as_str().is_some_and(|step| !step.is_empty()), "{problem}");
    assert_eq!(daemon.boxctl(&["api", "-a", "nope", "users/me"]).code, 7);
    assert_eq!(daemon.boxctl(&["api", "-X", "FOO", "users/me"]).code, 2);
    assert_eq!(daemon.boxctl(&["api", "-d", "-", "users/me"]).code, 2);

    let renamed = daemon.boxctl(&["api", "-X", "PUT", "-d", "{\"name\":\"new.txt\"}", "files/123"]);
    assert_eq!(renamed.code, 0, "{}", renamed.stderr);
    let file: Value = serde_json::from_str(&renamed.stdout).expect("JSON");
    assert_eq!((&file["id"], &file["name"]), (&json!("123"), &json!("new.txt")));
}

#[test]
fn what_leaves_the_api_is_refused_and_never_sent() {
    let (sandbox, daemon) = running(ON);
    let before = entries(&sandbox, "received", "token") + entries(&sandbox, "received", "revoke");
    for path in [
        "/oauth2/token",
        "/2.0/../oauth2/token",
        "/2.0/%2e%2e/oauth2/revoke",
        "/2.0/..%2foauth2/token",
        "/2.0//oauth2/token",
        "/2.0/oauth2/token",
        "//127.0.0.1/2.0/users/me",
        "@127.0.0.1/2.0/users/me",
        "http://127.0.0.1/2.0/users/me",
        "/2.0/users\\me",
        "/2.0/users/me HTTP/1.1\r\nX: y",
        "/api/2.0/files/content",
    ] {
        let refused = client(&daemon).api(get(path), None).map(|answer| answer.head().clone());
        assert!(
            matches!(&refused, Err(Error::Problem(problem)) if problem.code == Code::BadRequest),
            "{path}: {refused:?}"
        );
    }
    for method in ["TRACE", "CONNECT", "BREW"] {
        let call = ApiRequest { method: method.into(), ..get("/2.0/users/me") };
        let refused = client(&daemon).api(call, None).map(|answer| answer.head().clone());
        let code = refused.map_err(|error| error.code());
        assert_eq!(code.expect_err("refused"), Code::MethodNotAllowed, "{method}");
    }
    assert_eq!(daemon.boxctl(&["api", "../oauth2/token"]).code, 2);
    assert_eq!(daemon.boxctl(&["api", "https://api.box.com/2.0/users/me"]).code, 2);
    assert_eq!(daemon.boxctl(&["api", "-H", "Authorization: Bearer x", "users/me"]).code, 2);
    assert_eq!(daemon.boxctl(&["api", "-H", "a b: x", "users/me"]).code, 2);
    let after = entries(&sandbox, "received", "token") + entries(&sandbox, "received", "revoke");
    assert_eq!(before, after);
}

#[test]
fn a_refused_token_is_renewed_once_and_the_call_made_again() {
    let (sandbox, daemon) = running(ON);
    let before = daemon.status()["generation"].as_u64().expect("a generation");
    let dead = json!({"fault": "status", "status": 401, "path": "api", "when": "before"});
    sandbox.fault(&dead);
    let call = daemon.boxctl(&["api", "users/me"]);
    assert_eq!(call.code, 0, "{} {}", call.stderr, daemon.log());
    assert_eq!(daemon.status()["generation"], before + 1);
    assert_eq!(sandbox.grant()["max_in_flight"], 1);

    // So soon after a renewal there is no other: Box's own answer comes back.
    sandbox.fault(&dead);
    let call = daemon.boxctl(&["api", "users/me"]);
    assert_eq!((call.code, first_line(&call.stderr)), (1, "boxctl: Box answered 401 to GET /2.0/users/me"));
    assert_eq!(daemon.status()["generation"], before + 1);
    assert!(!daemon.log().contains(&daemon.token()), "no token is logged");
}

#[test]
fn a_second_refusal_goes_back_as_it_is() {
    let (sandbox, daemon) = running(ON);
    let before = daemon.status()["generation"].as_u64().expect("a generation");
    // One for the call, one for its repetition, and one for the use by which boxd confirms the new token.
    sandbox.fault(&json!({"fault": "status", "status": 401, "path": "api", "count": 3}));
    let call = daemon.boxctl(&["api", "users/me"]);
    assert_eq!((call.code, first_line(&call.stderr)), (1, "boxctl: Box answered 401 to GET /2.0/users/me"));
    assert_eq!(daemon.status()["generation"], before + 1, "one renewal, however often it is refused");
}

#[test]
fn a_refused_upload_is_not_repeated_but_the_token_is_renewed() {
    let (sandbox, daemon) = running(ON);
    let before = daemon.status()["generation"].as_u64().expect("a generation");
    let file = daemon.home().join("body");
    std::fs::write(&file, vec![b'x'; 300_000]).expect("a file");
    sandbox.fault(&json!({"fault": "status", "status": 401, "path": "upload"}));
    let data = format!("@{}", file.display());
    let refused = daemon.boxctl(&["api", "--upload", "-d", &data, "files/content"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    daemon.wait_for_generation(before + 1);
    let taken = daemon.boxctl(&["api", "--upload", "-d", &data, "files/content"]);
    assert_eq!(taken.code, 0, "{}", taken.stderr);
    let answer: Value = serde_json::from_str(&taken.stdout).expect("JSON");
    assert_eq!(answer["entries"][0]["size"], 300_000);
    // What is small was kept: the call is made again.
    let small = daemon.boxctl(&["api", "--upload", "-d", "{\"a\":1}", "files/content"]);
    assert_eq!(small.code, 0, "{}", small.stderr);
}

#[test]
fn a_redirect_is_followed_without_the_token() {
    let (sandbox, daemon) = running(ON);
    // The sandbox's download host refuses requests with a token.
    let content = daemon.boxctl(&["api", "files/5000/content"]);
    assert_eq!((content.code, content.stdout.len()), (0, 5000), "{}", content.stderr);
    let plain = ApiRequest { follow: false, ..get("/2.0/files/5000/content") };
    let mut client = client(&daemon);
    let answer = client.api(plain, None).expect("an answer");
    assert_eq!(answer.head().status, 302);
    drop(answer);
    for location in ["http://192.0.2.1/", "ftp://127.0.0.1/", "file:///etc/passwd"] {
        sandbox.fault(&json!({"fault": "redirect", "path": "api", "location": location}));
        let refused = daemon.boxctl(&["api", "users/me"]);
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{location}");
        assert!(refused.stderr.contains("not followed"), "{}", refused.stderr);
    }
    sandbox.fault(&json!({"fault": "redirect", "path": "api", "location": "/dl/9"}));
    sandbox.fault(&json!({"fault": "redirect", "path": "download", "location": "/dl/9", "count": 9}));
    let endless = daemon.boxctl(&["api", "users/me"]);
    assert!(endless.stderr.contains("more than 5 times"), "{}", endless.stderr);
    sandbox.control("DELETE", "faults", None);
    // Led back to the API there is no token either.
    sandbox.fault(&json!({"fault": "redirect", "path": "api", "location": "/2.0/users/me"}));
    let back = daemon.boxctl(&["api", "users/me"]);
    assert_eq!(first_line(&back.stderr), "boxctl: Box answered 401 to GET /2.0/users/me");
}

#[test]
fn much_passes_through_little_memory() {
    const LENGTH: u64 = 96 * MIB;
    let (_sandbox, daemon) = running(ON);
    assert_eq!(daemon.boxctl(&["api", "files/100000/content"]).code, 0);
    let before = kib(&daemon, "VmHWM");
    let mut client = client(&daemon);
    let mut answer = client.api(get(&format!("/2.0/files/{LENGTH}/content")), None).expect("an answer");
    let mut length = 0;
    while let Some(piece) = answer.next_piece().expect("all of it") {
        length += piece.len() as u64;
    }
    assert_eq!(length, LENGTH);
    drop(answer);
    let streamed = |length| ApiRequest {
        upload: true,
        method: "POST".into(),
        body: ApiRequestBody::Streamed { length },
        ..get("/api/2.0/files/content")
    };
    for announced in [Some(LENGTH), None] {
        let source = Box::new(std::io::Read::take(std::io::repeat(b'x'), LENGTH));
        let mut answer = client.api(streamed(announced), Some(source)).expect("an answer");
        assert_eq!(answer.head().status, 201);
        let body = answer.next_piece().expect("a body").expect("a body");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["entries"][0]["size"], LENGTH);
        assert!(answer.next_piece().expect("its end").is_none());
    }
    let grown = kib(&daemon, "VmHWM") - before;
    assert!(grown < 8 * 1024, "boxd grew by {grown} KiB");
    assert!(client.info().is_ok(), "the client goes on");
    // A body that is not as long as it said is not passed off as whole.
    let source = Box::new(std::io::Cursor::new(vec![0; 1000]));
    assert!(client.api(streamed(Some(2000)), Some(source)).is_err());
}

#[test]
fn an_answer_that_breaks_off_is_told_as_such() {
    let (sandbox, daemon) = running(ON);
    sandbox.fault(&json!({"fault": "truncate", "path": "download", "when": "after"}));
    let broken = daemon.boxctl(&["api", "files/1000000/content"]);
    assert_eq!(broken.code, 1);
    assert!(broken.stdout.len() < 1_000_000);
    assert!(broken.stderr.contains("broke off"), "{}", broken.stderr);
    sandbox.fault(&json!({"fault": "drop", "path": "api"}));
    assert_eq!(daemon.boxctl(&["api", "users/me"]).code, 5, "it may be asked for again");
    sandbox.fault(&json!({"fault": "drop", "path": "upload"}));
    let lost = daemon.boxctl(&["api", "--upload", "-d", "x", "files/content"]);
    assert_eq!(lost.code, 1);
    assert!(lost.stderr.contains("is not known"), "{}", lost.stderr);
    let whole = daemon.boxctl(&["api", "files/1000000/content"]);
    assert_eq!((whole.code, whole.stdout.len()), (0, 1_000_000));
}

#[test]
fn a_client_that_goes_away_takes_its_call_along() {
    let (sandbox, daemon) = running(ON);
    sandbox.fault(&json!({"fault": "hang", "path": "api"}));
    let mut waiting = spawn(&daemon, &["api", "users/me"]);
    until("it hangs", || sandbox.control("GET", "faults", None)["hung"] == 1);
    waiting.kill().expect("killed");
    until("Box sees the end of it", || entries(&sandbox, "abandoned", "api") == 1);
    waiting.wait().expect("ended");

    // One that does not read: Box is not read from either, and sees the end of it.
    let mut client = client(&daemon);
    let answer = client.api(get(&format!("/2.0/files/{}/content", 1024 * MIB)), None).expect("an answer");
    drop(answer);
    until("the download ends", || entries(&sandbox, "abandoned", "download") == 1);

    // And one that goes away in the middle of its own body.
    let used = uses(&sandbox);
    let mut uploading = spawn(&daemon, &["api", "--upload", "-d", "@-", "files/content"]);
    let mut stdin = uploading.stdin.take().expect("piped");
    stdin.write_all(&vec![b'x'; 200_000]).expect("boxctl reads");
    until("Box has begun to read it", || uses(&sandbox) > used);
    uploading.kill().expect("killed");
    uploading.wait().expect("ended");
    until("the upload ends", || entries(&sandbox, "abandoned", "upload") == 1);
    assert_eq!(entries(&sandbox, "handled", "upload"), 0, "half a body is no body");
}

#[test]
fn one_program_has_a_bound_and_a_place_that_is_left_is_free() {
    let (sandbox, daemon) = running(ON);
    sandbox.fault(&json!({"fault": "hang", "path": "api", "count": 16}));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut client = client(&daemon);
                let mut answer = client.api(get("/2.0/users/me"), None).expect("an answer");
                assert_eq!(answer.head().status, 200);
                while answer.next_piece().expect("whole").is_some() {}
            });
        }
        until("they hang", || sandbox.control("GET", "faults", None)["hung"] == 16);
        let mut one_more = client(&daemon);
        match one_more.api(get("/2.0/users/me"), None).map(|answer| answer.head().clone()) {
            Err(Error::Problem(problem)) => {
                assert_eq!((problem.code, problem.retry_after_seconds), (Code::Unavailable, Some(1)));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(daemon.boxctl(&["api", "users/me"]).code, 0, "another program has places of its own");
        assert_eq!(daemon.boxctl(&["token"]).code, 0);
        sandbox.control("POST", "release", None);
    });
    until("the places are free", || client(&daemon).api(get("/2.0/users/me"), None).is_ok());
}

#[test]
fn tokens_go_nowhere_else_when_the_config_changes() {
    let (sandbox, daemon) = running(ON);
    let other = Sandbox::start(&[]);
    let elsewhere = format!(
        "{ON}[accounts.default.box]\ntoken_url = {}\napi_url = {}\n",
        other.line["token_url"], other.line["api_url"]
    );
    daemon.configure(&elsewhere);
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    let refused = daemon.boxctl(&["api", "users/me"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert_eq!(entries(&other, "received", "api"), 0);
    daemon.configure(ON);
    assert_eq!(daemon.boxctl(&["reload"]).code, 0);
    assert_eq!(daemon.boxctl(&["api", "users/me"]).code, 0);
    drop(sandbox);
    let gone = daemon.boxctl(&["api", "users/me"]);
    assert_eq!(gone.code, 5, "{}", gone.stderr);
}
