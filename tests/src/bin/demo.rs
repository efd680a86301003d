//! Shows the main job in under a minute: boxd takes a grant over, renews it, and survives what a machine can do.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "the demo talks to a person, and stops where JSON lacks a member"
)]

use std::{
    io::{BufRead, BufReader},
    process::{ExitCode, Stdio},
    time::Duration,
};

use boxd_tests::{Binaries, Daemon, Sandbox, http};
use serde_json::{Value, json};

/// Tokens of the sandbox live this long here; Box's live an hour.
const TOKEN_LIFE: &str = "12s";

fn main() -> ExitCode {
    println!(
        "boxd in one minute. Box is played by box-sandbox; its tokens live {TOKEN_LIFE} instead of an hour.\n"
    );
    println!("building boxd, boxctl and box-sandbox (the first time takes a few minutes) ...");
    Binaries::built();
    let mut story = Story { passed: 0, failed: 0 };
    tell(&mut story);
    println!("\n{} checks passed, {} failed.", story.passed, story.failed);
    if story.failed == 0 {
        println!("The grant was never lost, and nobody had to log in again.");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Story {
    passed: u32,
    failed: u32,
}

impl Story {
    fn check(&mut self, what: &str, holds: bool) {
        if holds {
            self.passed += 1;
            println!("  ok    {what}");
        } else {
            self.failed += 1;
            println!("  FAIL  {what}");
        }
    }
}

fn chapter(title: &str) {
    println!("\n{title}");
}

fn tell(story: &mut Story) {
    let sandbox = Sandbox::start(&["--access-ttl", TOKEN_LIFE]);
    let mut daemon = Daemon::prepared(&config(&sandbox));
    daemon.restart();

    chapter("1. boxd takes over a grant that exists elsewhere: boxctl import grant.json");
    let file = sandbox.import_file(daemon.home());
    let import = daemon.boxctl(&["import", &file.display().to_string()]);
    story.check("the import succeeded", import.code == 0);
    story.check(
        "Box saw the refresh token spent once: older copies of it are used up",
        refreshes(&sandbox) == 1,
    );

    chapter("2. Any program asks for a token: boxctl token");
    let token = daemon.token();
    story.check("boxctl printed a token", !token.is_empty());
    story.check("Box accepts it (GET /2.0/users/me: 200)", sandbox.who_am_i(&token) == 200);

    chapter("3. Nobody does anything; boxd renews the token before it expires");
    for generation in 3..=4 {
        daemon.wait_for_generation(generation);
        let fresh = daemon.token();
        story.check(
            &format!("generation {generation}: Box accepts the new token"),
            sandbox.who_am_i(&fresh) == 200,
        );
    }
    story.check("Box saw one renewal at a time", sandbox.grant()["max_in_flight"] == 1);

    chapter("4. Power failure: Box has spent the refresh token, its answer is on the way, kill -9");
    let before = refreshes(&sandbox);
    sandbox.hang_after_spending();
    wait(|| refreshes(&sandbox) > before);
    let old = daemon.token();
    story.check("while the answer hangs, boxd serves the old token at once", sandbox.who_am_i(&old) == 200);
    daemon.kill();
    println!("        (boxd is dead; the answer with the new tokens is lost)");
    daemon.restart();
    daemon.wait_until(|status| status["state"] == "healthy" && status["token"] == true);
    let token = daemon.token();
    story.check("boxd is back, and Box accepts its token", sandbox.who_am_i(&token) == 200);
    story.check("Box still considers the grant alive", sandbox.grant()["alive"] == true);
    story.check("boxd got its pair by sending the same refresh token again", replays(&sandbox) >= 1);

    chapter("5. Box is out of order for a moment: it answers 503");
    sandbox.fault(&json!({ "fault": "status", "status": 503, "count": 1 }));
    let generation = daemon.status()["generation"].as_u64().unwrap_or(0);
    daemon.wait_until(|status| status["state"] != "healthy");
    println!("{}", indented(&daemon.boxctl(&["status"]).stdout));
    daemon.wait_for_generation(generation + 1);
    let token = daemon.token();
    story.check("boxd tried again by itself, and Box accepts its token", sandbox.who_am_i(&token) == 200);

    chapter("6. Where things stand: boxctl status");
    println!("{}", indented(&daemon.boxctl(&["status"]).stdout));
    story.check("the grant is alive", sandbox.grant()["alive"] == true);

    chapter("7. Somebody logs in with a browser: boxctl login home");
    let user = log_in(&sandbox, &daemon);
    story.check("the login is verified, and boxctl says whose it is", user == sandbox.person(1)["id"]);
    let token = daemon.boxctl(&["token", "home"]).stdout;
    story.check("Box accepts its token", sandbox.who_am_i(token.trim_end()) == 200);

    chapter("8. An app that needs no person (client credentials), and a token for one folder only");
    daemon.configure(&(config(&sandbox) + &app(&sandbox)));
    story.check("boxctl reload takes the new config", daemon.boxctl(&["reload"]).code == 0);
    let token = daemon.boxctl(&["token", "bot"]).stdout;
    story.check("boxd minted a token of the app", sandbox.who_am_i(token.trim_end()) == 200);
    let less = ["token", "bot", "--scope", "item_download", "--resource", "folder:123"];
    let less = daemon.boxctl(&less).stdout;
    story.check("and one for a single folder", less != token && sandbox.who_am_i(less.trim_end()) == 200);
    println!("{}", indented(&daemon.boxctl(&["status"]).stdout));
}

/// The sandbox in the place of Box.
fn config(sandbox: &Sandbox) -> String {
    let url = |key: &str| format!("{key} = {}\n", sandbox.line[key]);
    format!("[box]\n{}{}{}{}", url("authorize_url"), url("token_url"), url("revoke_url"), url("api_url"))
}

/// An app with client credentials.
fn app(sandbox: &Sandbox) -> String {
    let line = &sandbox.line;
    format!(
        "[accounts.bot]\nauth = \"ccg\"\nclient_id = {}\nclient_secret = {}\nsubject = {{ enterprise = {} }}\n",
        line["client_id"], line["client_secret"], line["enterprise_id"]
    )
}

/// Runs `boxctl login` and is the person and the browser; whose login it became.
fn log_in(sandbox: &Sandbox, daemon: &Daemon) -> Value {
    let text = |key: &str| sandbox.line[key].as_str().unwrap_or_default().to_owned();
    let mut boxctl = daemon.command(&Binaries::built().boxctl);
    boxctl
        .args(["login", "home", "--no-browser", "--json"])
        .env("BOX_CLIENT_ID", text("client_id"))
        .env("BOX_CLIENT_SECRET", text("client_secret"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let Ok(mut child) = boxctl.spawn() else { return Value::Null };
    let stderr = child.stderr.take().map(BufReader::new);
    let address = stderr
        .into_iter()
        .flat_map(BufRead::lines)
        .map_while(Result::ok)
        .find(|line| line.starts_with("  http"));
    if let Some(address) = address {
        sandbox.seat(sandbox.person(1)["id"].as_str().unwrap_or_default(), "grant");
        println!("        (the person agrees on Box's page, which sends the browser back to this machine)");
        if let Some(callback) = http::redirect(address.trim()) {
            http::request("GET", &callback, None, None);
        }
    }
    let printed = child.wait_with_output().map(|output| output.stdout).unwrap_or_default();
    let status: Value = serde_json::from_slice(&printed).unwrap_or_default();
    status["accounts"][0]["user"]["id"].clone()
}

fn refreshes(sandbox: &Sandbox) -> u64 {
    sandbox.grant()["refreshes"].as_u64().unwrap_or(0)
}

fn replays(sandbox: &Sandbox) -> u64 {
    sandbox.grant()["replays"].as_u64().unwrap_or(0)
}

fn wait(condition: impl Fn() -> bool) {
    for _ in 0..400 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("        {line}")).collect::<Vec<_>>().join("\n")
}
