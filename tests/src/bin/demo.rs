//! Shows the main job in under a minute: boxd takes a grant over, renews it, and survives what a machine can do.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "the demo talks to a person, and stops where JSON lacks a member"
)]

use std::{process::ExitCode, time::Duration};

use boxd_tests::{Binaries, Daemon, Sandbox};
use serde_json::json;

/// Tokens of the sandbox live this long here; Box's live an hour.
const TOKEN_LIFE: &str = "6s";

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
    let mut daemon = Daemon::start();

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
