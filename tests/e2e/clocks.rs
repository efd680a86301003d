//! Months asleep, a clock in 1970, one a year ahead: no grant is lost, and nothing runs hot.
//!
//! The daemon runs by a clock that is moved, as Box's is in the sandbox: nobody waits for months.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "JSON that lacks a member makes the test fail, as it should"
)]

use boxd_tests::{Daemon, Relay, Sandbox};
use serde_json::{Value, json};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

struct World {
    sandbox: Sandbox,
    network: Relay,
    daemon: Daemon,
}

/// An account, a token just renewed, and a daemon whose clock can be moved.
fn world() -> World {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = Daemon::prepared("");
    daemon.restart_adrift(&[]);
    let network = Relay::to(&sandbox.line);
    let imported = daemon.boxctl_with(&["import", "-", "-a", "work"], &network.through(&sandbox.line));
    assert_eq!(imported.code, 0, "{imported:?}");
    World { sandbox, network, daemon }
}

impl World {
    /// Machine and Box alike grow older; the machine sleeps meanwhile.
    fn sleep(&mut self, seconds: i64) {
        self.sandbox.control("POST", "clock", Some(&json!({ "advance_seconds": seconds })));
        self.daemon.clock(&format!("sleep {seconds}"));
    }

    fn generation(&self) -> u64 {
        self.daemon.status()["generation"].as_u64().expect("a number")
    }

    /// The grant lives, its token works, and its deadline is sixty days away by the machine's own clock.
    fn is_well(&self) {
        let token = self.daemon.token();
        assert_eq!(self.sandbox.who_am_i(&token), 200, "{}", self.daemon.log());
        let grant = self.sandbox.grant();
        assert_eq!((&grant["alive"], &grant["max_in_flight"]), (&json!(true), &json!(1)));
        let status = self.daemon.status();
        let now = seconds(&status, "expires_at") - status["expires_in"].as_i64().expect("a number");
        let left = seconds(&status, "login_deadline") - now;
        assert!((60 * DAY - 120..=60 * DAY).contains(&left), "{left}: {status}");
    }
}

/// A date of the status as seconds since the Unix epoch.
fn seconds(status: &Value, member: &str) -> i64 {
    let date = status[member].as_str().unwrap_or_default();
    date.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second).unwrap_or_default()
}

#[test]
fn after_59_days_asleep_the_token_is_renewed_as_soon_as_the_network_is_back() {
    let mut world = world();
    let before = world.generation();
    world.network.close();
    world.sleep(59 * DAY);
    world.daemon.wait_until(|status| status["state"] == "backoff");
    world.network.open();
    world.daemon.wait_for_generation(before + 1);
    world.is_well();
    assert_eq!(world.generation(), before + 1, "once");
}

#[test]
fn after_61_days_asleep_a_login_is_needed_because_box_says_so() {
    let mut world = world();
    world.network.close();
    world.sleep(61 * DAY);
    world.daemon.wait_until(|status| status["state"] == "backoff");
    world.network.open();
    world.daemon.wait_until(|status| status["state"] == "login_required");
    let status = world.daemon.status();
    assert_eq!(status["error"]["code"], "login_required");
    let detail = status["error"]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("not renewed for more than 60 days"), "{status}");
    let outcome = world.daemon.boxctl(&["token", "work"]);
    assert_eq!(outcome.code, 4);
    assert!(outcome.stderr.contains("boxctl login work"), "{}", outcome.stderr);
    // The tokens stay, and are tried again by whoever does not believe it.
    assert_eq!(world.daemon.boxctl(&["refresh", "work"]).code, 4);
}

#[test]
fn a_clock_set_to_1970_and_back_costs_two_renewals_and_no_token() {
    steps_through(-1_790_000_000);
}

#[test]
fn a_clock_set_a_year_ahead_and_back_costs_two_renewals_and_no_token() {
    steps_through(YEAR);
}

fn steps_through(step: i64) {
    let mut world = world();
    let before = world.generation();
    world.daemon.clock(&format!("step {step}"));
    world.daemon.wait_for_generation(before + 1);
    world.is_well();
    // Renewals that a clock causes keep a distance of a minute.
    world.sleep(61);
    world.daemon.clock(&format!("step {}", -step));
    world.daemon.wait_for_generation(before + 2);
    world.is_well();
    assert_eq!(world.generation(), before + 2, "{}", world.daemon.log());
}

#[test]
fn a_clock_that_nobody_leaves_alone_is_no_reason_to_renew_for_ever() {
    let mut world = world();
    let before = world.generation();
    for _ in 0..50 {
        world.daemon.clock("step 1000000");
        world.daemon.clock("step -1000000");
        assert_eq!(world.daemon.boxctl(&["token", "work"]).code, 0);
    }
    world.is_well();
    assert!(world.generation() <= before + 2, "{}", world.daemon.log());
}

#[test]
fn booted_in_1970_without_a_network_a_token_is_served_and_renewed_once_the_clock_is_right() {
    let mut world = world();
    let (before, token) = (world.generation(), world.daemon.token());
    world.daemon.kill();
    world.network.close();
    world.daemon.restart_adrift(&["boot 7", "step -1790000000"]);
    assert_eq!(world.daemon.token(), token, "it may well be valid");
    world.daemon.wait_until(|status| status["state"] == "backoff");
    assert_eq!(world.daemon.token(), token);
    world.network.open();
    world.daemon.clock("step 1790000000");
    world.daemon.wait_for_generation(before + 1);
    world.is_well();
}

#[test]
fn booted_a_year_ahead_and_then_with_the_right_clock_the_grant_lives() {
    let mut world = world();
    let before = world.generation();
    world.daemon.kill();
    world.daemon.restart_adrift(&["boot 7", &format!("step {YEAR}")]);
    world.daemon.wait_for_generation(before + 1);
    world.is_well();
    world.daemon.kill();
    // The token seems to come from the future.
    world.daemon.restart_adrift(&["boot 8"]);
    assert_eq!(world.daemon.boxctl(&["token", "work"]).code, 0);
    world.daemon.wait_for_generation(before + 2);
    world.is_well();
    assert_eq!(world.generation(), before + 2, "once each");
}

/// With the kernel's own clocks, where it lets us: the boot clock leaps by 59 days, which the wall clock knows nothing of.
#[cfg(target_os = "linux")]
#[test]
fn a_boot_clock_that_leaps_costs_one_renewal_and_wakes_the_next_in_time() {
    let mut allowed = std::process::Command::new("unshare");
    if !allowed
        .args(["--time", "--boottime", "1", "--", "true"])
        .status()
        .is_ok_and(|status| status.success())
    {
        // Time namespaces are for root; the other tests move a clock of ours.
        return;
    }
    let sandbox = Sandbox::start(&["--access-ttl", "6s"]);
    let mut daemon = Daemon::start();
    let imported = daemon.boxctl_with(&["import", "-", "-a", "work"], &sandbox.line.to_string());
    assert_eq!(imported.code, 0, "{imported:?}");
    let before = daemon.status()["generation"].as_u64().expect("a number");
    daemon.kill();
    daemon.restart_in_time_namespace(59 * 86_400);
    assert_eq!(daemon.boxctl(&["token", "work"]).code, 0);
    // One because nobody knows how old the token is, and one as planned: the kernel's timer rang by the leapt clock.
    daemon.wait_for_generation(before + 2);
    daemon.kill();
    daemon.restart();
    daemon.wait_for_generation(before + 3);
    let grant = sandbox.grant();
    assert_eq!((&grant["alive"], &grant["max_in_flight"]), (&json!(true), &json!(1)));
    assert_eq!(sandbox.who_am_i(&daemon.token()), 200);
}
