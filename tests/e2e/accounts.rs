//! Many accounts in one daemon: what befalls some of them never delays the others.

#![expect(clippy::indexing_slicing, clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::time::Duration;

use boxd_client::{Client, Code, Endpoints, Import, ImportedCredential, Rejected, Secret, TokenRequest};
use boxd_tests::{Daemon, Sandbox};
use serde_json::{Value, json};

fn client(daemon: &Daemon) -> Client {
    Client::connect_to(daemon.socket()).expect("the daemon listens")
}

/// Takes all grants of a sandbox over, as `PREFIX-0` and so on; nothing is spent yet, so none has a token.
fn take_over(daemon: &Daemon, sandbox: &Sandbox, prefix: &str) -> Vec<String> {
    let text = |name: &str| sandbox.line[name].as_str().map(str::to_owned);
    let mut client = client(daemon);
    let tokens = sandbox.line["refresh_tokens"].as_array().expect("tokens").clone();
    let names = (0..tokens.len()).map(|index| format!("{prefix}-{index}"));
    let take = |(name, token): (String, &Value)| {
        let import = Import {
            account: Some(name.clone()),
            replace: false,
            credential: ImportedCredential::OAuth2 {
                client_id: text("client_id").expect("a client id"),
                client_secret: text("client_secret").map(Secret::new),
                refresh_token: Secret::new(token.as_str().expect("a token")),
                access_token: None,
                expires_at: None,
                refresh_now: false,
            },
            endpoints: Endpoints {
                token_url: text("token_url"),
                revoke_url: text("revoke_url"),
                api_url: text("api_url"),
                ..Endpoints::default()
            },
        };
        client.import(import).expect("it is taken over");
        name
    };
    names.zip(&tokens).map(take).collect()
}

/// Asks for a token and waits so long.
fn ask(client: &mut Client, account: &str, wait: Duration) -> Result<String, Code> {
    let request = TokenRequest {
        account: Some(account.to_owned()),
        rejected: Rejected::No,
        wait_millis: u32::try_from(wait.as_millis()).ok(),
        ..TokenRequest::default()
    };
    client.token(&request).map(|token| token.access_token.expose().to_owned()).map_err(|error| error.code())
}

fn hung(sandbox: &Sandbox) -> u64 {
    sandbox.control("GET", "faults", None)["hung"].as_u64().expect("a number")
}

const AT_ONCE: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(20);

#[test]
fn accounts_of_an_endpoint_that_hangs_delay_neither_others_nor_who_waits_for_one_of_them() {
    let (slow, sound) = (Sandbox::start(&["--grants", "20"]), Sandbox::start(&["--grants", "10"]));
    let daemon = Daemon::start();
    let (slow_names, sound_names) = (take_over(&daemon, &slow, "slow"), take_over(&daemon, &sound, "sound"));
    slow.control("POST", "faults", Some(&json!({ "fault": "hang", "count": 12 })));
    let mut client = client(&daemon);
    // Nobody waits for these: they are renewed as if it were planned.
    for name in &slow_names[..16] {
        assert_eq!(ask(&mut client, name, AT_ONCE), Err(Code::Unavailable));
    }
    while hung(&slow) < 12 {
        std::thread::sleep(Duration::from_millis(5));
    }
    for name in &sound_names {
        let token = ask(&mut client, name, LONG).expect("another endpoint is not in the way");
        assert_eq!(sound.who_am_i(&token), 200);
    }
    for name in &slow_names[16..] {
        let token = ask(&mut client, name, LONG).expect("who waits has a place of its own");
        assert_eq!(slow.who_am_i(&token), 200);
    }
    // One that is queued already jumps the queue as soon as somebody waits for it.
    let token = ask(&mut client, &slow_names[15], LONG).expect("it jumps the queue");
    assert_eq!(slow.who_am_i(&token), 200);
    assert_eq!(hung(&slow), 12);
    slow.control("POST", "release", None);
    for name in &slow_names[..15] {
        ask(&mut client, name, LONG).expect("all come through in the end");
    }
    let grants = slow.control("GET", "grants", None);
    let alive = grants["grants"].as_array().expect("a list").iter().filter(|grant| grant["alive"] == true);
    assert_eq!(alive.count(), 20);
}

#[test]
fn never_more_than_sixteen_at_one_endpoint() {
    let sandbox = Sandbox::start(&["--grants", "40"]);
    let daemon = Daemon::start();
    let names = take_over(&daemon, &sandbox, "many");
    sandbox.control("POST", "faults", Some(&json!({ "fault": "hang", "count": 16 })));
    let waiting: Vec<_> = names
        .iter()
        .map(|name| {
            let (mut client, name) = (client(&daemon), name.clone());
            std::thread::spawn(move || ask(&mut client, &name, LONG))
        })
        .collect();
    while hung(&sandbox) < 16 {
        std::thread::sleep(Duration::from_millis(5));
    }
    // A seventeenth would not hang, and would be answered.
    std::thread::sleep(Duration::from_millis(300));
    let journal = sandbox.control("GET", "journal", None);
    let entries = journal["entries"].as_array().expect("entries");
    assert_eq!(entries.iter().filter(|entry| entry["event"] == "handled").count(), 0);
    sandbox.control("POST", "release", None);
    for asked in waiting {
        assert!(asked.join().expect("a client").is_ok());
    }
}

#[test]
fn a_rate_limit_of_one_account_is_its_own() {
    let sandbox = Sandbox::start(&["--grants", "5"]);
    let daemon = Daemon::start();
    let names = take_over(&daemon, &sandbox, "some");
    let mut client = client(&daemon);
    sandbox.control("POST", "faults", Some(&json!({ "fault": "status", "status": 429, "retry_after": 600 })));
    assert_eq!(ask(&mut client, &names[0], Duration::from_millis(500)), Err(Code::Unavailable));
    for name in &names[1..] {
        assert!(ask(&mut client, name, LONG).is_ok(), "{name}");
    }
    let statuses = daemon.json(&["status", "--json"]);
    let states: Vec<_> =
        statuses["accounts"].as_array().expect("a list").iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["backoff", "healthy", "healthy", "healthy", "healthy"]);
}

#[test]
fn a_stop_does_not_wait_for_renewals_that_queue() {
    const PLANNED: u64 = 12;
    let sandbox = Sandbox::start(&["--grants", "20"]);
    let mut daemon = Daemon::start();
    let names = take_over(&daemon, &sandbox, "slow");
    sandbox.control("POST", "faults", Some(&json!({ "fault": "hang", "count": PLANNED })));
    for name in &names {
        assert_eq!(ask(&mut client(&daemon), name, AT_ONCE), Err(Code::Unavailable));
    }
    while hung(&sandbox) < PLANNED {
        std::thread::sleep(Duration::from_millis(5));
    }
    daemon.signal("TERM");
    // Places that come free before the signal is heard are taken by those that queue.
    while !daemon.log().contains("no renewal is begun any more") {
        std::thread::sleep(Duration::from_millis(5));
    }
    sandbox.control("POST", "release", None);
    assert!(daemon.wait().success(), "{}", daemon.log());
    let spent = sandbox.control("GET", "grants", None);
    let spent = spent["grants"].as_array().expect("a list").iter().filter(|grant| grant["refreshes"] == 1);
    assert_eq!(spent.count() as u64, PLANNED, "{}", daemon.log());
    // The next start finds nothing that it would have to doubt.
    daemon.restart();
    let accounts = client(&daemon).status(None).expect("a status");
    assert!(accounts.iter().all(|account| account.error.is_none()), "{accounts:?}");
}

#[test]
fn an_account_whose_file_is_damaged_is_damaged_alone() {
    let sandbox = Sandbox::start(&["--grants", "3"]);
    let mut daemon = Daemon::start();
    let names = take_over(&daemon, &sandbox, "a");
    daemon.kill();
    std::fs::write(daemon.state_dir().join("accounts/a-1.grant"), "no grant").expect("written");
    daemon.restart();
    let mut client = client(&daemon);
    assert!(ask(&mut client, &names[0], LONG).is_ok());
    assert_eq!(ask(&mut client, &names[1], LONG), Err(Code::LoginRequired));
    assert!(ask(&mut client, &names[2], LONG).is_ok());
}

#[test]
fn a_secret_that_does_not_come_delays_its_own_account_alone() {
    let sandbox = Sandbox::start(&["--grants", "20"]);
    let home = tempfile::tempdir().expect("a directory");
    let came = home.path().join("came");
    let accounts = (1..20).map(|index| {
        let (client_id, came) = (&sandbox.line["client_id"], came.display());
        format!(
            "[accounts.a-{index}]\nclient_id = {client_id}\nclient_secret = {{ command = [\"sh\", \"-c\", \"sleep 8; \
             echo > '{came}'\"] }}\n"
        )
    });
    let endpoints = format!(
        "[box]\ntoken_url = {}\nrevoke_url = {}\napi_url = {}\n",
        sandbox.line["token_url"], sandbox.line["revoke_url"], sandbox.line["api_url"]
    );
    let mut daemon = Daemon::prepared(&(accounts.collect::<String>() + &endpoints));
    daemon.restart();
    let names = take_over(&daemon, &sandbox, "a");
    let mut client = client(&daemon);
    for name in &names[1..] {
        assert_eq!(ask(&mut client, name, AT_ONCE), Err(Code::Unavailable));
    }
    // Nobody waits for this one: it has no claim to the places that are kept free.
    assert_eq!(ask(&mut client, &names[0], AT_ONCE), Err(Code::Unavailable));
    // The first account is the one with a secret.
    daemon.wait_until(|status| status["token"] == true);
    // Nor does a stop wait for it.
    daemon.signal("TERM");
    assert!(daemon.wait().success(), "{}", daemon.log());
    assert!(!came.exists(), "no secret came before the end");
}
