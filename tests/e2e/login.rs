//! Logins and what may happen to them: no browser here, the test is the person and follows the redirects.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{net::TcpStream, thread::JoinHandle, time::Duration};

use boxd_client::LoginStep;
use boxd_client::{AccountStatus, BeginLogin, Client, Code, Error, LoginPage, Secret};
use boxd_tests::{Daemon, Sandbox, http};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(1);

/// A daemon whose account `work` is an app of the sandbox, and nobody has logged in.
fn world() -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(&[]);
    let member = |name: &str| sandbox.line[name].as_str().expect("the line has it").to_owned();
    let config = format!(
        "[box]\nauthorize_url = {:?}\ntoken_url = {:?}\nrevoke_url = {:?}\napi_url = {:?}\n\
         [accounts.work]\nclient_id = {:?}\nclient_secret = {:?}\n",
        member("authorize_url"),
        member("token_url"),
        member("revoke_url"),
        member("api_url"),
        member("client_id"),
        member("client_secret"),
    );
    let mut daemon = Daemon::prepared(&config);
    daemon.restart();
    (sandbox, daemon)
}

/// The same, with the first person logged in.
fn logged_in() -> (Sandbox, Daemon) {
    let (sandbox, daemon) = world();
    let login = Login::begin(&daemon, false);
    login.consent(&sandbox, 0);
    login.end().expect("the login succeeds");
    (sandbox, daemon)
}

/// A login that somebody waits for.
struct Login {
    page: LoginPage,
    outcome: JoinHandle<Result<AccountStatus, Error>>,
}

impl Login {
    fn begin(daemon: &Daemon, replace_user: bool) -> Self {
        let mut client = Client::connect_to(daemon.socket()).expect("the daemon listens");
        let request = BeginLogin { account: Some("work".into()), replace_user, ..BeginLogin::default() };
        let LoginStep::Page(page) = client.begin_login(request).expect("a login begins") else {
            panic!("the application is known");
        };
        let id = page.login.clone();
        let outcome = std::thread::spawn(move || client.await_login(&id, PATIENCE));
        Self { page, outcome }
    }

    /// Where Box sends the browser of this person, who consents.
    fn callback(&self, sandbox: &Sandbox, person: usize) -> String {
        let user = sandbox.person(person);
        sandbox.seat(user["id"].as_str().expect("a user has an id"), "grant");
        http::redirect(&self.page.authorize_url).expect("Box redirects")
    }

    /// This person consents, and the browser goes where it is sent.
    fn consent(&self, sandbox: &Sandbox, person: usize) {
        http::request("GET", &self.callback(sandbox, person), None, None);
    }

    fn end(self) -> Result<AccountStatus, Error> {
        self.outcome.join().expect("the client ends")
    }

    fn code(self) -> Code {
        match self.end() {
            Ok(status) => panic!("it succeeded: {status:?}"),
            Err(error) => error.code(),
        }
    }
}

fn listens(page: &LoginPage) -> bool {
    TcpStream::connect(("127.0.0.1", page.port)).is_ok()
}

#[test]
fn the_person_is_shown_and_the_grant_renews() {
    let (sandbox, daemon) = world();
    let login = Login::begin(&daemon, false);
    assert!(listens(&login.page));
    assert_eq!(login.page.registered_uri, "http://127.0.0.1/callback");
    login.consent(&sandbox, 1);
    let status = login.end().expect("the login succeeds");
    assert_eq!(status.user.map(|user| user.id), sandbox.person(1)["id"].as_str().map(str::to_owned));
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
}

#[test]
fn another_person_is_refused_and_may_be_allowed() {
    let (sandbox, daemon) = logged_in();
    let token = daemon.token();
    let login = Login::begin(&daemon, false);
    login.consent(&sandbox, 1);
    assert_eq!(login.code(), Code::ActionRequired);
    assert_eq!(daemon.token(), token, "the account stays as it was");
    assert_eq!(sandbox.who_am_i(&token), 200);
    let grants = sandbox.control("GET", "grants", None);
    let alive = grants["grants"].as_array().expect("a list").iter().filter(|grant| {
        grant["alive"] == true
            && grant["user"] == sandbox.person(1)["id"]
            && grant["origin"] == "authorization_code"
    });
    assert_eq!(alive.count(), 0, "what is not used is revoked: {grants}");

    let login = Login::begin(&daemon, true);
    login.consent(&sandbox, 1);
    let status = login.end().expect("the login succeeds");
    assert_eq!(status.user.map(|user| user.id), sandbox.person(1)["id"].as_str().map(str::to_owned));
    assert_ne!(daemon.token(), token);
}

#[test]
fn a_crash_between_exchange_and_verification_costs_no_login() {
    for had_grant in [false, true] {
        let (sandbox, mut daemon) = if had_grant { logged_in() } else { world() };
        let before = daemon.status()["generation"].as_u64();
        let login = Login::begin(&daemon, false);
        let callback = login.callback(&sandbox, 0);
        sandbox.fault(&json!({ "path": "api", "fault": "hang" }));
        let browser = std::thread::spawn(move || drop(TcpGet::send(&callback)));
        while sandbox.control("GET", "faults", None)["hung"] != 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        daemon.kill();
        browser.join().expect("the browser gives up");
        assert!(login.end().is_err());
        sandbox.control("POST", "release", None);
        daemon.restart();
        daemon.wait_until(|status| {
            status["user"]["id"] == sandbox.person(0)["id"] && status["generation"].as_u64() > before
        });
        assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
        assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
        let left = std::fs::read_dir(daemon.state_dir().join("accounts")).expect("the store is there");
        assert_eq!(left.filter_map(Result::ok).count(), 1, "nothing waits any more");
    }
}

#[test]
fn a_code_that_did_not_reach_box_is_sent_again() {
    for fault in [
        json!({ "fault": "refuse" }),
        json!({ "fault": "drop", "when": "before" }),
        json!({ "fault": "status", "status": 503, "when": "before" }),
    ] {
        let (sandbox, daemon) = world();
        let login = Login::begin(&daemon, false);
        let callback = login.callback(&sandbox, 0);
        sandbox.fault(&fault);
        http::request("GET", &callback, None, None);
        login.end().unwrap_or_else(|error| panic!("{fault}: {error}"));
        assert_eq!(sandbox.who_am_i(&daemon.token()), 200, "{fault}");
    }
}

#[test]
fn whatever_becomes_of_a_code_the_old_grant_works_and_nothing_listens() {
    let (sandbox, daemon) = logged_in();
    let token = daemon.token();
    let mut faults = vec![(json!({ "fault": "drop", "when": "after" }), Code::Unavailable)];
    for (error, description, code) in [
        ("invalid_grant", "Auth code doesn't exist or is invalid for the client", Code::LoginRequired),
        ("invalid_grant", "The authorization code has expired", Code::LoginRequired),
        ("invalid_client", "The client credentials are invalid", Code::ActionRequired),
        ("unauthorized_client", "This app is not authorized by the enterprise admin", Code::ActionRequired),
        ("password_reset_required", "User needs to reset password", Code::ActionRequired),
        ("terms_of_service_required", "", Code::ActionRequired),
    ] {
        faults.push((json!({ "fault": "error", "error": error, "error_description": description }), code));
    }
    faults.push((json!({ "fault": "status", "status": 429, "retry_after": 60 }), Code::Unavailable));
    for (fault, code) in faults {
        let login = Login::begin(&daemon, false);
        let page = login.page.clone();
        let callback = login.callback(&sandbox, 0);
        sandbox.fault(&fault);
        http::request("GET", &callback, None, None);
        assert_eq!(login.code(), code, "{fault}");
        assert_eq!(daemon.token(), token, "{fault}");
        let status = daemon.status();
        assert_eq!(status["state"], "healthy", "{fault}");
        while listens(&page) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert_eq!(daemon.boxctl(&["refresh"]).code, 0);
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
}

#[test]
fn a_code_that_is_too_old_says_so() {
    let (sandbox, daemon) = world();
    let login = Login::begin(&daemon, false);
    let callback = login.callback(&sandbox, 0);
    sandbox.control("POST", "clock", Some(&json!({ "advance_seconds": 31 })));
    http::request("GET", &callback, None, None);
    let error = login.end().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("30 s"), "{error}");
}

#[test]
fn an_abandoned_login_leaves_no_listener() {
    let (_sandbox, daemon) = logged_in();
    let token = daemon.token();
    for waits in [false, true] {
        let mut client = Client::connect_to(daemon.socket()).expect("the daemon listens");
        let request = BeginLogin { account: Some("work".into()), ..BeginLogin::default() };
        let LoginStep::Page(page) = client.begin_login(request).expect("a login begins") else {
            panic!("the application is known");
        };
        assert!(listens(&page));
        if waits {
            // The client's own patience ends, and with it its connection.
            assert!(client.await_login(&page.login, Duration::from_millis(50)).is_err());
        } else {
            client.cancel_login(&page.login).expect("it can be cancelled");
        }
        while listens(&page) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(daemon.token(), token);
    }
}

#[test]
fn what_is_pasted_counts_as_the_redirect() {
    for bare in [false, true] {
        let (sandbox, daemon) = world();
        let login = Login::begin(&daemon, false);
        let callback = login.callback(&sandbox, 2);
        let code = callback.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
        let pasted = if bare { code.to_owned() } else { callback.clone() };
        let mut client = Client::connect_to(daemon.socket()).expect("the daemon listens");
        let foreign = callback.replace("state=", "state=x");
        assert!(client.finish_login(&login.page.login, Secret::new(foreign)).is_err(), "a foreign state");
        client.finish_login(&login.page.login, Secret::new(pasted)).expect("it is taken");
        login.end().expect("the login succeeds");
        assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
    }
}

#[test]
fn an_application_is_asked_for_once_and_kept_sealed() {
    let (sandbox, daemon) = world();
    let secret = sandbox.line["client_secret"].as_str().expect("a secret").to_owned();
    let mut client = Client::connect_to(daemon.socket()).expect("the daemon listens");
    let request = BeginLogin { account: Some("home".into()), ..BeginLogin::default() };
    match client.begin_login(request.clone()).expect("it answers") {
        LoginStep::Needs(needs) => {
            assert!(needs.client_id.is_none() && needs.client_secret, "{needs:?}");
            assert_eq!(needs.registered_uri, "http://127.0.0.1/callback");
        }
        LoginStep::Page(page) => panic!("nothing is known of it: {page:?}"),
    }
    let app = BeginLogin {
        client_id: sandbox.line["client_id"].as_str().map(str::to_owned),
        client_secret: Some(Secret::new(secret)),
        ..request.clone()
    };
    for begin in [app, request] {
        let LoginStep::Page(page) = client.begin_login(begin).expect("a login begins") else {
            panic!("the application is known now");
        };
        let person = sandbox.person(0);
        sandbox.seat(person["id"].as_str().expect("an id"), "grant");
        let callback = http::redirect(&page.authorize_url).expect("Box redirects");
        let browser = std::thread::spawn(move || http::request("GET", &callback, None, None).0);
        client.await_login(&page.login, PATIENCE).expect("the login succeeds");
        assert_eq!(browser.join().expect("a page"), 200);
        assert_eq!(sandbox.who_am_i(daemon.boxctl(&["token", "home"]).stdout.trim()), 200);
    }
}

/// A request whose answer nobody reads.
struct TcpGet;

impl TcpGet {
    fn send(url: &str) -> Option<Value> {
        use std::io::{Read as _, Write as _};
        let rest = url.strip_prefix("http://")?;
        let (host, path) = rest.split_once('/')?;
        let mut stream = TcpStream::connect(host).ok()?;
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        None
    }
}
