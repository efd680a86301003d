//! Grants that wait beside an account's own: what befalls them meanwhile costs neither.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::path::PathBuf;

use boxd_tests::{Daemon, Sandbox};
use serde_json::{Value, json};

/// A daemon with the first of two grants as `work`, and a file with the second.
struct World {
    sandbox: Sandbox,
    daemon: Daemon,
    second: PathBuf,
}

fn world(config: &str) -> World {
    let sandbox = Sandbox::start(&["--grants", "2"]);
    let mut daemon = Daemon::prepared(config);
    daemon.restart();
    let file = |name: &str, index: usize| {
        let mut grant = sandbox.line.clone();
        grant["refresh_token"] = sandbox.line["refresh_tokens"][index].clone();
        let path = daemon.home().join(name);
        std::fs::write(&path, grant.to_string()).expect("written");
        path
    };
    let (first, second) = (file("first.json", 0), file("second.json", 1));
    let imported = daemon.boxctl(&["import", "-a", "work", &first.to_string_lossy()]);
    assert_eq!(imported.code, 0, "{imported:?}");
    World { sandbox, daemon, second }
}

impl World {
    /// Box's API is away; the token endpoint is not.
    fn api_is_down(&self) {
        self.sandbox.fault(&json!({ "fault": "status", "path": "api", "status": 503, "count": 1000 }));
    }

    fn api_is_back(&self) {
        self.sandbox.control("DELETE", "faults", None);
    }

    fn replace(&self) -> boxd_tests::Outcome {
        self.daemon.boxctl(&["import", "--replace", "-a", "work", &self.second.to_string_lossy()])
    }

    /// Brings the second grant while nobody can tell whose it is.
    fn second_waits(&self) {
        self.api_is_down();
        let outcome = self.replace();
        assert_eq!(outcome.code, 5, "{outcome:?}");
        assert!(outcome.stderr.contains("saved, but not in its place yet"), "{outcome:?}");
        assert!(self.is_held());
    }

    fn is_held(&self) -> bool {
        self.daemon.state_dir().join("accounts/work.login").exists()
    }

    fn grant(&self, index: usize) -> Value {
        let grants = self.sandbox.control("GET", "grants", None);
        let token = &self.sandbox.line["refresh_tokens"][index];
        let known = |grant: &&Value| grant["origin_token"] == *token;
        let grants = grants["grants"].as_array().expect("a list").clone();
        grants.iter().find(known).unwrap_or(&grants[index]).clone()
    }

    /// Waits until the account serves a token of the second grant.
    fn second_takes_its_place(&self) {
        for _ in 0..600 {
            let token = json!(self.daemon.boxctl(&["token", "work"]).stdout.trim_end());
            let tokens = self.grant(1)["access_tokens"].clone();
            if !self.is_held() && tokens.as_array().is_some_and(|tokens| tokens.contains(&token)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the second grant is not in its place: {}\n{}", self.daemon.status(), self.daemon.log());
    }
}

#[test]
fn a_renewal_of_the_old_grant_does_not_drop_the_new_one() {
    let world = world("");
    world.second_waits();
    assert_eq!(world.daemon.boxctl(&["refresh", "work"]).code, 0);
    let status = world.daemon.boxctl(&["status"]).stdout;
    assert!(status.contains("a new login is saved, but not in its place yet"), "{status}");
    world.api_is_back();
    world.second_takes_its_place();
}

#[test]
fn a_token_that_ended_while_it_waited_is_renewed_not_given_up() {
    let sandbox = Sandbox::start(&["--grants", "2", "--access-ttl", "2s"]);
    let world = World { sandbox, ..world("") };
    let mut grant = world.sandbox.line.clone();
    grant["refresh_token"] = world.sandbox.line["refresh_tokens"][1].clone();
    std::fs::write(&world.second, grant.to_string()).expect("written");
    world.second_waits();
    std::thread::sleep(std::time::Duration::from_secs(3));
    world.api_is_back();
    world.second_takes_its_place();
    assert_eq!(world.grant(1)["alive"], true);
}

#[test]
fn a_logout_ends_what_waits_too() {
    let world = world("");
    world.second_waits();
    let outcome = world.daemon.boxctl(&["logout", "work"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(!world.is_held());
    for index in [0, 1] {
        assert_eq!(world.grant(index)["alive"], false, "{index}");
    }
    world.api_is_back();
    // Longer than the pause after which it would have been tried again.
    std::thread::sleep(std::time::Duration::from_secs(11));
    assert_eq!(world.daemon.boxctl(&["token", "work"]).code, 7);
}

#[test]
fn a_config_that_points_elsewhere_keeps_what_waits() {
    let world = world("");
    world.second_waits();
    world.daemon.configure("[accounts.work]\nclient_id = \"typo\"\nclient_secret = \"x\"\n");
    assert_eq!(world.daemon.boxctl(&["reload"]).code, 0);
    world.api_is_back();
    std::thread::sleep(std::time::Duration::from_secs(11));
    assert!(world.is_held());
    assert_eq!(world.grant(1)["alive"], true);
    world.daemon.configure("");
    assert_eq!(world.daemon.boxctl(&["reload"]).code, 0);
    world.second_takes_its_place();
}

#[test]
fn a_refusal_after_a_lost_answer_proves_nothing() {
    let world = world("");
    world.sandbox.fault(&json!({ "fault": "drop", "path": "token", "when": "after", "count": 1 }));
    world.sandbox.fault(
        &json!({ "fault": "error", "path": "token", "error": "invalid_grant", "when": "before", "count": 1 }),
    );
    let outcome = world.replace();
    assert!(matches!(outcome.code, 0 | 5), "{outcome:?}");
    world.second_takes_its_place();
}

#[test]
fn what_a_person_must_do_first_is_told_and_costs_nothing() {
    let world = world("");
    world
        .sandbox
        .fault(&json!({ "fault": "error", "path": "token", "error": "password_reset_required", "count": 1 }));
    let outcome = world.replace();
    assert_eq!(outcome.code, 4, "{outcome:?}");
    assert!(outcome.stderr.contains("the new grant is kept"), "{outcome:?}");
    world.second_takes_its_place();
}

#[test]
fn the_same_grant_is_not_taken_twice_while_it_waits() {
    let world = world("");
    world.second_waits();
    let second = world.second.to_string_lossy().into_owned();
    let elsewhere = world.daemon.boxctl(&["import", "-a", "other", &second]);
    assert_eq!(elsewhere.code, 2, "{elsewhere:?}");
    assert!(elsewhere.stderr.contains("already held by the account `work`"), "{elsewhere:?}");
    assert_eq!(world.replace().code, 2);
    let rename = world.daemon.boxctl(&["rename", "work", "other"]);
    assert_eq!(rename.code, 5, "{rename:?}");
    world.api_is_back();
    world.second_takes_its_place();
}

#[test]
fn credentials_that_cannot_be_proved_take_no_logins_place() {
    let world = world("");
    let token = world.daemon.token();
    world.api_is_down();
    let bare =
        world.daemon.boxctl_with(&["import", "--replace", "-a", "work", "--from", "token", "-"], "nobodys");
    assert_eq!(bare.code, 5, "{bare:?}");
    world.api_is_back();
    // Box's app settings do not tell endpoints.
    let line = &world.sandbox.line;
    world.daemon.configure(&format!(
        "[box]\ntoken_url = {}\nrevoke_url = {}\napi_url = {}\n",
        line["token_url"], line["revoke_url"], line["api_url"]
    ));
    assert_eq!(world.daemon.boxctl(&["reload"]).code, 0);
    let mut settings = world.sandbox.ccg_settings();
    settings["boxAppSettings"]["clientSecret"] = json!("wrong");
    let file = world.daemon.home().join("app.json");
    std::fs::write(&file, settings.to_string()).expect("written");
    let file = file.to_string_lossy().into_owned();
    let app = world.daemon.boxctl(&["import", "--replace", "-a", "work", &file]);
    assert_eq!(app.code, 4, "{app:?}");
    assert!(app.stderr.contains("nothing of the account was changed"), "{app:?}");
    assert_eq!(world.daemon.boxctl(&["import", "-a", "bot", &file]).code, 4);
    assert_eq!(world.daemon.boxctl(&["accounts"]).stdout, "work\n");
    assert_eq!(world.daemon.boxctl(&["token", "work"]).stdout.trim_end(), token);
    assert_eq!(world.grant(0)["alive"], true);
}

#[test]
fn a_page_in_place_of_a_revocation_revokes_nothing() {
    let world = world("");
    world.sandbox.fault(&json!({ "fault": "html", "path": "revoke", "count": 1 }));
    assert_eq!(world.daemon.boxctl(&["logout", "work"]).code, 5);
    assert_eq!(world.grant(0)["alive"], true);
    assert_eq!(world.daemon.boxctl(&["token", "work"]).code, 0);
}
