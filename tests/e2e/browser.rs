//! `boxctl login` in a real browser, against the sandbox's own consent page.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use boxd_tests::{Binaries, Browser, Daemon, Sandbox};
use serde_json::Value;

/// One browser at a time: several on a small machine are slower than one after another.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A sandbox, a daemon whose accounts use it, and a browser; `None` where there is no browser.
fn world(accounts: &[&str]) -> Option<(Browser, Sandbox, Daemon)> {
    let browser = Browser::start()?;
    let sandbox = Sandbox::start(&[]);
    let member = |name: &str| sandbox.line[name].as_str().unwrap_or_default().to_owned();
    let endpoint = |name| format!("{name} = {:?}", member(name));
    let account = |name: &&str| {
        let (id, secret) = (member("client_id"), member("client_secret"));
        format!("[accounts.{name}]\nauth = \"oauth2\"\nclient_id = {id:?}\nclient_secret = {secret:?}")
    };
    let config: Vec<String> = ["[box]".to_owned()]
        .into_iter()
        .chain(["authorize_url", "token_url", "revoke_url", "api_url"].map(endpoint))
        .chain(accounts.iter().map(account))
        .collect();
    let mut daemon = Daemon::prepared(&config.join("\n"));
    daemon.restart();
    Some((browser, sandbox, daemon))
}

/// A `boxctl login` that waits for the person.
struct Login {
    child: Child,
    stderr: BufReader<ChildStderr>,
    url: String,
}

impl Login {
    fn begin(daemon: &Daemon, arguments: &[&str]) -> Self {
        let mut command = daemon.command(&Binaries::built().boxctl);
        command.args(["login", "--no-browser", "--json"]).args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("boxctl starts");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let mut login = Self { child, stderr, url: String::new() };
        while login.url.is_empty() {
            let mut line = String::new();
            let length = login.stderr.read_line(&mut line).expect("stderr can be read");
            assert!(length > 0, "boxctl ended without an address; the daemon's log: {}", daemon.log());
            if line.starts_with("  http") {
                line.trim().clone_into(&mut login.url);
            }
        }
        login
    }

    /// Its exit status, and the JSON that it printed: on success on stdout, else the last line of stderr.
    fn end(mut self) -> (i32, Value) {
        let (mut out, mut err) = (String::new(), String::new());
        let mut stdout = self.child.stdout.take().expect("stdout is piped");
        stdout.read_to_string(&mut out).expect("stdout can be read");
        self.stderr.read_to_string(&mut err).expect("stderr can be read");
        let code = self.child.wait().expect("boxctl ends").code().unwrap_or(-1);
        let json = if out.is_empty() { err.lines().last().unwrap_or_default() } else { &out };
        (code, serde_json::from_str(json).unwrap_or_else(|_| panic!("no JSON: {out}{err}")))
    }

    /// The listener's own address.
    fn redirect_uri(&self) -> String {
        let (_, rest) = self.url.split_once("redirect_uri=").expect("the address has one");
        let encoded = rest.split('&').next().unwrap_or_default();
        encoded.replace("%3A", ":").replace("%2F", "/")
    }
}

/// Grants access on Box's page as the user of this number.
fn consent(browser: &Browser, sandbox: &Sandbox, login: &Login, user: usize) {
    browser.visit(&login.url);
    let id = sandbox.line["users"][user]["id"].as_str().expect("the sandbox names its users").to_owned();
    browser.click(&format!("select[name=user] option[value='{id}']"));
    browser.click("button[value=grant]");
}

/// How many codes were exchanged.
fn exchanges(sandbox: &Sandbox) -> usize {
    let journal = sandbox.control("GET", "journal", None);
    let events = journal["entries"].as_array().expect("a journal has entries");
    let exchanged = |event: &&Value| {
        event["event"] == "issued" && event["origin"] == "authorization_code" && event["kind"] == "refresh"
    };
    events.iter().filter(exchanged).count()
}

/// Whether anybody listens at the host and port of an address.
fn listens(url: &str) -> bool {
    let host = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    std::net::TcpStream::connect(host).is_ok()
}

#[test]
fn consent_logs_the_person_in() {
    let _turn = turn();
    let Some((browser, sandbox, daemon)) = world(&["work"]) else { return };
    let login = Login::begin(&daemon, &[]);
    let user = &sandbox.line["users"][1];
    consent(&browser, &sandbox, &login, 1);
    let page = browser.read("You are logged in");
    for fact in ["name", "login"] {
        assert!(page.contains(user[fact].as_str().expect("a text")), "{fact}: {page}");
    }
    // The policy lets the page's own style through, and the page has no script.
    let style = "return getComputedStyle(document.querySelector('main')).maxWidth";
    assert_eq!(browser.evaluate(style), "480px");
    assert_eq!(browser.evaluate("return document.scripts.length"), 0);

    let (code, json) = login.end();
    assert_eq!(code, 0, "{json}");
    assert_eq!(json["accounts"][0]["user"]["login"], user["login"]);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    assert_eq!(daemon.status()["user"]["id"], user["id"]);
}

#[test]
fn denial_leaves_the_old_grant_working() {
    let _turn = turn();
    let Some((browser, sandbox, daemon)) = world(&["work"]) else { return };
    let imported = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let token = daemon.token();
    let login = Login::begin(&daemon, &[]);
    browser.visit(&login.url);
    browser.click("button[value=deny]");
    browser.read("Access was denied");
    let (code, json) = login.end();
    assert_eq!((code, json["code"].as_str()), (4, Some("login_required")), "{json}");
    assert_eq!(daemon.token(), token);
    assert_eq!(sandbox.who_am_i(&token), 200);
    assert_eq!(exchanges(&sandbox), 0);
}

#[test]
fn a_reload_of_the_page_shows_the_outcome_again() {
    let _turn = turn();
    let Some((browser, sandbox, daemon)) = world(&["work"]) else { return };
    let login = Login::begin(&daemon, &[]);
    consent(&browser, &sandbox, &login, 0);
    browser.read("You are logged in");
    let callback = browser.url();
    assert!(callback.starts_with(&login.redirect_uri()), "{callback}");
    let loaded = browser.evaluate("return performance.timeOrigin");
    browser.reload();
    browser.read("You are logged in");
    while browser.evaluate("return performance.timeOrigin") == loaded {
        browser.read("You are logged in");
    }
    browser.read("You are logged in");
    assert_eq!(exchanges(&sandbox), 1);
    assert_eq!(login.end().0, 0);
    // Later there is nobody to ask: nothing listens any more.
    while listens(&callback) {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(daemon.status()["state"], "healthy");
}

#[test]
fn two_logins_at_once_do_not_meet() {
    let _turn = turn();
    let Some((browser, sandbox, daemon)) = world(&["one", "two"]) else { return };
    let one = Login::begin(&daemon, &["one"]);
    let two = Login::begin(&daemon, &["two"]);
    // What belongs to one of them is foreign to the other.
    let (_, state) = one.url.split_once("state=").expect("the address has a state");
    let state = state.split('&').next().unwrap_or_default();
    browser.visit(&format!("{}?code=abc&state={state}", two.redirect_uri()));
    browser.read("This page belongs to no login");

    consent(&browser, &sandbox, &two, 1);
    browser.read("You are logged in");
    consent(&browser, &sandbox, &one, 0);
    browser.read(sandbox.line["users"][0]["login"].as_str().expect("a text"));
    for (login, user) in [(one, 0), (two, 1)] {
        let (code, json) = login.end();
        assert_eq!(code, 0, "{json}");
        assert_eq!(json["accounts"][0]["user"]["id"], sandbox.line["users"][user]["id"]);
    }
    let [first, second] = ["one", "two"].map(|account| daemon.boxctl(&["token", account]).stdout);
    assert_ne!(first, second);
    assert_eq!((sandbox.who_am_i(first.trim()), sandbox.who_am_i(second.trim())), (200, 200));
    assert_eq!(exchanges(&sandbox), 2);
}

#[test]
fn a_client_that_is_killed_leaves_no_listener_behind() {
    let mut daemon =
        Daemon::prepared("[accounts.work]\nauth = \"oauth2\"\nclient_id = \"a\"\nclient_secret = \"b\"\n");
    daemon.restart();
    let mut login = Login::begin(&daemon, &[]);
    let listener = login.redirect_uri();
    assert!(listens(&listener));
    login.child.kill().expect("boxctl can be killed");
    login.child.wait().expect("boxctl ends");
    while listens(&listener) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(daemon.status()["state"], "absent");
}

#[test]
fn a_login_in_the_middle_of_a_refresh_takes_its_place() {
    let _turn = turn();
    let Some((browser, sandbox, daemon)) = world(&["work"]) else { return };
    let imported = daemon.boxctl_with(&["import", "-"], &sandbox.line.to_string());
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let before = daemon.status();

    sandbox.hang_after_spending();
    let mut refresh = daemon.command(&Binaries::built().boxctl);
    let mut refresh =
        refresh.args(["refresh"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("boxctl");
    daemon.wait_until(|status| status["state"] == "spending");

    // The ready grant belongs to the first user, so it is the same person.
    let login = Login::begin(&daemon, &[]);
    consent(&browser, &sandbox, &login, 0);
    // The code does not wait for the refresh; its grant takes its place once the refresh has ended.
    while exchanges(&sandbox) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    sandbox.control("POST", "release", None);
    browser.read("You are logged in");
    let (code, json) = login.end();
    assert_eq!(code, 0, "{json}");
    refresh.wait().expect("boxctl ends");

    // The grant of the login is the one that is kept, whenever the answer of the refresh came.
    daemon.wait_until(|status| status["state"] == "healthy");
    assert!(daemon.status()["generation"].as_u64() > before["generation"].as_u64(), "{}", daemon.status());
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    let outcome = daemon.boxctl(&["refresh"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    assert_eq!(exchanges(&sandbox), 1);
}
