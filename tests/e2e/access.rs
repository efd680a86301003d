//! Access for others: what users, groups and sockets get by the rules of the config, on every path, and nothing more.
//! Needs root, to become other users.
#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "what is missing makes the test fail, as it should; clippy.toml exempts only test functions"
)]

use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::{Child, ChildStdout, Stdio},
};

use boxd_tests::{
    Binaries, Outcome,
    guest::{Guest, Open, is_root},
};
use serde_json::{Value, json};

const READER: Guest = Guest::new(4001);
const NARROW: Guest = Guest::new(4002);
const CALLER: Guest = Guest::new(4003);
const STRANGER: Guest = Guest::new(4004);
const MEMBER: Guest = Guest { uid: 4005, groups: "4900,4901" };
/// Its primary group.
const GROUPED: Guest = Guest::new(4901);
const ROOT: Guest = Guest::new(0);

const RULES: &str = r#"
default_account = "work"
[api]
enabled = true

[[access]]
user = 4001
accounts = ["bot"]

[[access]]
user = 4002
accounts = ["bot"]
allow = ["token", "status", "api"]
scope = ["item_download"]
resource = "folder:123"

[[access]]
user = 4003
accounts = ["bot"]
allow = ["api"]

[[access]]
group = 4901
accounts = ["bot"]

[[access]]
socket = "PLACE/agent/boxd.sock"
accounts = ["bot"]
allow = ["token"]
scope = ["item_preview"]
"#;

fn owners_token(open: &Open, account: &str) -> String {
    let outcome = open.boxctl(&["token", account]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout.trim().to_owned()
}

fn ok(outcome: &Outcome) -> String {
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout.trim().to_owned()
}

/// What boxctl watch prints, line by line; it ends with this value.
struct Watching(Child, BufReader<ChildStdout>);

impl Watching {
    fn start(guest: Guest, open: &Open, arguments: &[&str]) -> Self {
        let mut command = guest.command(&Binaries::built().boxctl);
        command.arg("--socket").arg(open.socket()).args(["watch", "--json"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("boxctl starts");
        let lines = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self(child, lines)
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.1.read_line(&mut line).expect("text");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn who_has_no_rule_has_nothing() {
    let Some((_sandboxes, open)) = Open::with_accounts(RULES) else { return };
    for arguments in [
        &["token"][..],
        &["token", "bot"],
        &["token", "bot", "--scope", "item_preview"],
        &["status"],
        &["status", "bot"],
        &["accounts"],
        &["watch", "--json"],
        &["metrics"],
        &["paths", "state"],
        &["api", "/2.0/users/me"],
        &["refresh", "bot"],
        &["logout", "--local", "bot"],
        &["rename", "bot", "mine"],
        &["adopt", "bot"],
        &["reload"],
        &["audit"],
    ] {
        let outcome = STRANGER.boxctl(&open.socket(), arguments);
        assert_eq!(outcome.code, 6, "{arguments:?}: {outcome:?}");
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!told.contains("work") && told.contains("uid 4004"), "{arguments:?}: {told}");
    }
    for path in [
        "/v1/token",
        "/v1/token?account=bot",
        "/v1/status",
        "/v1/accounts/bot",
        "/v1/events",
        "/v1/api/2.0/users/me",
        "/metrics",
        "/healthz",
        "/readyz",
        "/openapi.json",
    ] {
        let answer = STRANGER.curl(&open.socket(), path, &[]);
        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("denied")), "{path}: {answer:?}");
        assert!(!answer.body.contains("work"), "{path}: {answer:?}");
    }
    let refresh = STRANGER.curl(&open.socket(), "/v1/accounts/bot/refresh", &["-X", "POST"]);
    assert_eq!(refresh.status, 403, "{refresh:?}");
    assert_eq!(STRANGER.curl(&open.socket(), "/v1/token", &["-X", "HEAD", "--head"]).status, 403);
}

#[test]
fn a_rule_is_for_its_accounts_and_for_reading() {
    let Some((_sandboxes, open)) = Open::with_accounts(RULES) else { return };
    let socket = open.socket();
    let token = owners_token(&open, "bot");
    for guest in [READER, MEMBER, GROUPED] {
        assert_eq!(ok(&guest.boxctl(&socket, &["token", "bot"])), token);
        assert_eq!(ok(&guest.boxctl(&socket, &["token"])), token, "the only one that it may use");
        assert_eq!(ok(&guest.boxctl(&socket, &["accounts"])), "bot");
        let answer = guest.curl(&socket, "/v1/token", &[]);
        assert_eq!((answer.status, &answer.json()["access_token"]), (200, &json!(token)), "{answer:?}");
        let status: Value =
            serde_json::from_str(&ok(&guest.boxctl(&socket, &["status", "--json"]))).expect("JSON");
        assert_eq!(status["accounts"].as_array().map(Vec::len), Some(1), "{status}");
        assert_eq!(status["accounts"][0]["warnings"], json!([]), "{status}");
        let metrics = ok(&guest.boxctl(&socket, &["metrics"]));
        assert!(metrics.contains("account=\"bot\"") && !metrics.contains("work"), "{metrics}");
        assert!(metrics.contains("boxd_accounts 1\n"), "{metrics}");
        for path in ["/healthz", "/readyz", "/openapi.json", "/v1/accounts/bot", "/metrics", "/v1/status"] {
            let answer = guest.curl(&socket, path, &[]);
            let tells = answer.body.contains("\"work\"");
            assert!(answer.status == 200 && !tells, "{path}: {}", answer.status);
        }
    }
    let denied: [&[&str]; 12] = [
        &["token", "work"],
        &["token", "no-such-account"],
        &["status", "work"],
        &["status", "no-such-account"],
        &["api", "/2.0/users/me"],
        &["refresh", "bot"],
        &["logout", "--local", "bot"],
        &["rename", "bot", "mine"],
        &["adopt", "bot"],
        &["reload"],
        &["audit"],
        &["import", "-", "-a", "mine"],
    ];
    for arguments in denied {
        let outcome = READER.boxctl(&socket, arguments);
        let expected = if arguments[0] == "import" { 2 } else { 6 };
        assert_eq!(outcome.code, expected, "{arguments:?}: {outcome:?}");
    }
    // What is there and what is not look the same.
    let one = READER.boxctl(&socket, &["token", "work"]).stderr;
    let other = READER.boxctl(&socket, &["token", "nope"]).stderr;
    let shape = |text: &str, name: &str| {
        let pids = text.split(' ').map(|word| if word.parse::<u32>().is_ok() { "N" } else { word });
        pids.collect::<Vec<_>>().join(" ").replace(name, "NAME")
    };
    assert_eq!(shape(&one, "work"), shape(&other, "nope"));
    for path in
        ["/v1/token?account=work", "/v1/accounts/work", "/v1/events?account=work", "/readyz?account=work"]
    {
        assert_eq!(READER.curl(&socket, path, &[]).status, 403, "{path}");
    }
    assert_eq!(STRANGER.boxctl(&socket, &["token"]).code, 6);
}

#[test]
fn a_narrow_rule_is_narrow_on_every_path() {
    let Some(([bot, _], open)) = Open::with_accounts(RULES) else { return };
    let socket = open.socket();
    let whole = owners_token(&open, "bot");
    let narrow = ok(&NARROW.boxctl(&socket, &["token"]));
    assert_ne!(narrow, whole);
    let json: Value = serde_json::from_str(&ok(&NARROW.boxctl(&socket, &["token", "--json"]))).expect("JSON");
    assert_eq!(
        (&json["access_token"], &json["scope"]),
        (&json!(narrow), &json!(["item_download"])),
        "{json}"
    );
    assert_eq!(json["restricted_to"][0]["object"]["id"], "123", "{json}");
    // Whatever it asks for.
    for arguments in [
        &["token", "bot"][..],
        &["token", "--scope", "item_upload"],
        &["token", "--scope", "item_download", "--resource", "folder:1"],
        &["token", "--scope", "root_readwrite", "--shared-link", "https://app.box.com/s/abc"],
        &["token", "--rejected", "1"],
        &["token", "-o", "header"],
        &["token", "-t", "1m"],
    ] {
        let told = ok(&NARROW.boxctl(&socket, arguments));
        assert!(told.ends_with(&narrow), "{arguments:?}: {told}");
    }
    let post =
        |body: &str| NARROW.curl(&socket, "/v1/token", &["--json", body]).json()["access_token"].clone();
    for body in ["{}", r#"{"rejected":1}"#, r#"{"scope":["item_upload"]}"#, r#"{"min_ttl":60}"#] {
        assert_eq!(post(body), json!(narrow), "{body}");
    }
    for query in ["", "?scope=item_upload", "?account=bot&min_ttl=60"] {
        let answer = NARROW.curl(&socket, &format!("/v1/token{query}"), &[]);
        assert_eq!(answer.json()["access_token"], json!(narrow), "{query}: {answer:?}");
    }
    let text = NARROW.curl(&socket, "/v1/token", &["-H", "Accept: text/plain"]);
    assert_eq!(text.body.trim(), narrow);
    assert_eq!(NARROW.curl(&socket, "/v1/token", &["--head"]).status, 200);

    // It refuses its token, and the account's: neither makes it the whole one.
    let rejected = NARROW.boxctl(&socket, &["token", "--rejected", &json["generation"].to_string()]);
    assert_eq!(rejected.code, 5, "made moments ago: {rejected:?}");
    let generation = |open: &Open| {
        let status: Value =
            serde_json::from_str(&open.boxctl(&["status", "bot", "--json"]).stdout).expect("JSON");
        status["accounts"][0]["generation"].as_u64().expect("a number")
    };
    let before = generation(&open);
    let told = ok(&NARROW.boxctl(&socket, &["token", "--rejected", &before.to_string()]));
    assert_eq!((told, generation(&open)), (narrow.clone(), before), "the account is not renewed for it");

    // A life that only the next token has costs a renewal, and still gives a narrow one.
    let longer = ok(&NARROW.boxctl(&socket, &["token", "-t", "54m"]));
    assert_ne!(longer, owners_token(&open, "bot"));
    assert_eq!(bot.who_am_i(&longer), 200);

    // A program below exec, and one with an endpoint of its own.
    let mut exec = NARROW.command(&Binaries::built().boxctl);
    exec.arg("--socket").arg(&socket).args(["exec", "--", "sh", "-c", "echo $BOX_ACCESS_TOKEN"]);
    let told = ok(&boxd_tests::daemon::run(&mut exec, None));
    assert_eq!(told, ok(&NARROW.boxctl(&socket, &["token"])));
    let script = "curl -s -u \"$BOX_CLIENT_ID:$BOX_CLIENT_SECRET\" -d grant_type=refresh_token \
                  -d refresh_token=\"$BOX_REFRESH_TOKEN\" \"$BOX_TOKEN_URL\"; env | grep ^BOX_ >&2";
    let mut exec = NARROW.command(&Binaries::built().boxctl);
    exec.arg("--socket").arg(&socket).args(["exec", "--oauth", "--", "sh", "-c", script]);
    let outcome = boxd_tests::daemon::run(&mut exec, None);
    let answer: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
    assert_eq!(answer["access_token"], json!(ok(&NARROW.boxctl(&socket, &["token"]))), "{answer}");

    // Not even another user of the app.
    let outcome = NARROW.boxctl(&socket, &["token", "--user", "12345"]);
    assert!(matches!(outcome.code, 2 | 6), "{outcome:?}");
}

#[test]
fn calls_are_made_with_the_narrow_token_too() {
    let Some((_sandboxes, open)) = Open::with_accounts(RULES) else { return };
    let socket = open.socket();
    for (guest, narrow) in [(NARROW, true), (CALLER, false)] {
        let told = ok(&guest.boxctl(&socket, &["api", "/2.0/users/me"]));
        assert!(told.contains("login"), "{told}");
        let answer = guest.curl(&socket, "/v1/api/2.0/users/me", &[]);
        assert_eq!(answer.status, 200, "{answer:?}");
        let records = audit(&open, &["bot"]);
        let lent = records.iter().filter(|record| record["way"] == "api" && record["uid"] == guest.uid);
        let scopes: Vec<_> = lent.map(|record| record["scope"].clone()).collect();
        let expected = if narrow { json!(["item_download"]) } else { Value::Null };
        assert!(!scopes.is_empty() && scopes.iter().all(|scope| *scope == expected), "{scopes:?}");
    }
    for (guest, path) in [(READER, "/v1/api/2.0/users/me"), (CALLER, "/v1/token"), (CALLER, "/v1/status")] {
        assert_eq!(guest.curl(&socket, path, &[]).status, 403, "{path}");
    }
    let elsewhere = CALLER.curl(&socket, "/v1/api/2.0/users/me", &["-H", "Boxd-Account: work"]);
    assert_eq!(elsewhere.status, 403, "{elsewhere:?}");
}

fn audit(open: &Open, arguments: &[&str]) -> Vec<Value> {
    let outcome = open.boxctl(&[&["audit", "--json"], arguments].concat());
    let json: Value = serde_json::from_str(&ok(&outcome)).expect("JSON");
    json["records"].as_array().expect("records").clone()
}

#[test]
fn a_rules_socket_is_for_its_rule_alone_whoever_comes() {
    let Some((_sandboxes, mut open)) = Open::with_accounts(RULES) else { return };
    let socket = open.place().join("agent/boxd.sock");
    let mode = std::fs::metadata(&socket).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
    let whole = owners_token(&open, "bot");
    for guest in [ROOT, STRANGER, READER] {
        let json: Value =
            serde_json::from_str(&ok(&guest.boxctl(&socket, &["token", "--json"]))).expect("JSON");
        assert_eq!(json["scope"], json!(["item_preview"]), "{json}");
        assert_ne!(json["access_token"], json!(whole));
        assert_eq!(ok(&guest.boxctl(&socket, &["accounts"])), "bot");
        for arguments in [
            &["status"][..],
            &["token", "work"],
            &["api", "/2.0/users/me"],
            &["refresh", "bot"],
            &["logout", "--local", "bot"],
            &["reload"],
            &["audit"],
        ] {
            let outcome = guest.boxctl(&socket, arguments);
            assert_eq!(outcome.code, 6, "uid {}: {arguments:?}: {outcome:?}", guest.uid);
        }
        assert_eq!(guest.curl(&socket, "/v1/status", &[]).status, 403);
        // Without the right to see states there is no news, and a program is run all the same.
        let mut exec = guest.command(&Binaries::built().boxctl);
        exec.arg("--socket").arg(&socket).args([
            "exec",
            "--restart",
            "--",
            "sh",
            "-c",
            "echo $BOX_ACCESS_TOKEN",
        ]);
        let told = ok(&boxd_tests::daemon::run(&mut exec, None));
        assert_eq!(json!(told), json["access_token"]);
    }
    let records = audit(&open, &[]);
    assert!(records.iter().any(|record| record["socket"] == json!(socket.to_string_lossy())), "{records:?}");

    // What a daemon that was killed left there is no hindrance.
    open.daemon.kill();
    assert!(socket.exists());
    open.restart();
    ok(&STRANGER.boxctl(&socket, &["token"]));
    open.daemon.signal("TERM");
    assert!(open.daemon.wait().success() && !socket.exists());
}

#[test]
fn a_reload_changes_what_live_connections_may_do() {
    let Some((_sandboxes, open)) = Open::with_accounts("") else { return };
    let socket = open.socket();
    let agent = open.place().join("agent/boxd.sock");
    assert_eq!(READER.boxctl(&socket, &["token", "bot"]).code, 6);
    assert!(!agent.exists());

    let reload = |config: &str| {
        open.configure(config);
        open.boxctl(&["reload"])
    };
    ok(&reload(RULES));
    ok(&READER.boxctl(&socket, &["token", "bot"]));
    ok(&READER.boxctl(&agent, &["token"]));
    let mut watching = Watching::start(READER, &open, &[]);
    let first = watching.next();
    assert_eq!((&first["event"], &first["account"]), (&json!("present"), &json!("bot")), "{first}");
    assert_eq!(watching.next()["event"], "complete");

    // Nothing of another account, whatever befalls it; then news of its own.
    ok(&open.boxctl(&["refresh", "work"]));
    ok(&open.boxctl(&["rename", "work", "elsewhere"]));
    ok(&open.boxctl(&["refresh", "bot"]));
    let mut news_until_token = |what: &str| loop {
        let news = watching.next();
        assert_eq!(
            (&news["account"], &news["status"]["warnings"]),
            (&json!("bot"), &json!([])),
            "{what}: {news}"
        );
        if news["event"] == "token" {
            break news["status"]["generation"].as_u64().expect("a number");
        }
    };
    let first = news_until_token("with the rules");

    // A socket that somebody removed comes back.
    std::fs::remove_file(&agent).expect("it is there");
    ok(&reload(RULES));
    ok(&READER.boxctl(&agent, &["token"]));

    // Without the rules: no socket, no rights, and no more news for who still listens.
    ok(&reload(""));
    assert_eq!(READER.boxctl(&socket, &["token", "bot"]).code, 6);
    assert!(!agent.exists(), "the socket goes with its rule");
    ok(&open.boxctl(&["refresh", "bot"]));
    ok(&reload(RULES));
    ok(&open.boxctl(&["refresh", "bot"]));
    assert_eq!(news_until_token("with them again"), first + 2, "the one in between was not for it");
}

/// A control group of this machine, gone with this value; `None` where none can be made, or systemd's would be touched.
struct Group(std::path::PathBuf);

impl Group {
    fn make(path: &str) -> Option<Self> {
        if std::path::Path::new("/run/systemd/system").exists() {
            return None;
        }
        let roots = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup"].map(std::path::Path::new);
        let root = roots.into_iter().find(|root| root.join("cgroup.procs").exists())?;
        let group = root.join(path);
        std::fs::create_dir_all(&group).ok()?;
        Some(Self(group))
    }

    /// boxctl as a guest, in this group.
    fn boxctl(&self, guest: Guest, open: &Open, arguments: &[&str]) -> Outcome {
        // Into the group as root, and then out of root.
        let script = "echo $$ > \"$1/cgroup.procs\" || exit 99; shift; exec \"$@\"";
        let mut inner = guest.command(&Binaries::built().boxctl);
        inner.arg("--socket").arg(open.socket()).args(arguments);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", script, "sh"]).arg(&self.0).arg(inner.get_program()).args(inner.get_args());
        boxd_tests::daemon::run(&mut command, None)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Others may be in the ones above it.
        for group in self.0.ancestors().take(4) {
            drop(std::fs::remove_dir(group));
        }
    }
}

#[test]
fn a_unit_is_what_systemd_calls_it_and_not_what_a_user_does() {
    let name = format!("boxd-test-{}.service", std::process::id());
    let rule = format!("[[access]]\nunit = \"{name}\"\naccounts = [\"bot\"]\n");
    let Some((_sandboxes, open)) = Open::with_accounts(&rule) else { return };
    let Some(unit) = Group::make(&format!("system.slice/{name}")) else { return };
    let outcome = unit.boxctl(STRANGER, &open, &["token"]);
    if outcome.code == 99 {
        return;
    }
    ok(&outcome);
    let records = audit(&open, &[]);
    assert!(
        records.iter().any(|record| record["unit"] == json!(name) && record["uid"] == 4004),
        "{records:?}"
    );

    let slice = "user.slice/user-4004.slice/user@4004.service";
    for path in [format!("{slice}/{name}"), format!("{slice}/app.slice/{name}"), format!("elsewhere/{name}")]
    {
        let Some(group) = Group::make(&path) else { return };
        let outcome = group.boxctl(STRANGER, &open, &["token"]);
        assert_eq!(outcome.code, 6, "{path}: {outcome:?}");
    }
    assert_eq!(STRANGER.boxctl(&open.socket(), &["token"]).code, 6, "in no unit");
}

#[test]
fn what_a_rule_names_must_exist() {
    if !is_root() {
        return;
    }
    let open = Open::start("");
    for (rule, told) in [
        ("group = \"no-such-group\"", "there is no group no-such-group"),
        ("user = \"no-such-user\"", "there is no user no-such-user"),
        ("unit = \"etl\"", "etl.service"),
    ] {
        open.configure(&format!("[[access]]\n{rule}\naccounts = [\"bot\"]\n"));
        let refused = open.boxctl(&["reload"]);
        assert!(refused.code == 4 && refused.stderr.contains(told), "{rule}: {refused:?}");
        let check =
            boxd_tests::daemon::run(open.daemon.command(&Binaries::built().boxd).arg("--check"), None);
        assert!(check.code == 78 && check.stderr.contains(told), "{rule}: {check:?}");
    }
}

#[test]
fn a_socket_that_cannot_be_had_at_the_start_costs_nobody_a_token() {
    let Some((_sandboxes, mut open)) = Open::with_accounts("") else { return };
    open.configure(&RULES.replace("agent/boxd.sock", "nowhere/deep/boxd.sock"));
    open.daemon.signal("TERM");
    assert!(open.daemon.wait().success());
    open.restart();
    owners_token(&open, "bot");
    assert!(open.daemon.log().contains("the socket of an access rule is missing"));
    // A directory in which others can put a socket of their own is no place for one.
    let place = open.place().join("nowhere");
    std::fs::create_dir(&place).expect("it is ours");
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o777)).expect("it is ours");
    open.configure(&RULES.replace("agent/boxd.sock", "nowhere/boxd.sock"));
    let refused = open.boxctl(&["reload"]);
    assert!(refused.code == 4 && refused.stderr.contains("writable by nobody else"), "{refused:?}");
}
