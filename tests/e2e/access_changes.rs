//! Access rules that change while clients wait, read slowly, or hold a rule's socket: what is in force counts, not what was.
//! Needs root, to become other users.
#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "what is missing makes the test fail, as it should; clippy.toml exempts only test functions"
)]

use std::os::unix::fs::PermissionsExt as _;

use boxd_tests::{
    Outcome, Sandbox,
    guest::{Guest, Open},
};

const READER: Guest = Guest::new(4001);
const OTHER: Guest = Guest::new(4002);
const STRANGER: Guest = Guest::new(4004);

const READS: &str = "[[access]]\nuser = 4001\naccounts = [\"bot\"]\n";
const READS_NARROWLY: &str = "[[access]]\nuser = 4001\naccounts = [\"bot\"]\nscope = [\"item_download\"]\n";
const CALLS: &str =
    "[api]\nenabled = true\n[[access]]\nuser = 4001\naccounts = [\"bot\"]\nallow = [\"api\"]\n";
const AGENT: &str = "[[access]]\nsocket = \"PLACE/agent/boxd.sock\"\naccounts = [\"bot\"]\n";
const OTHER_READS: &str = "[[access]]\nuser = 4002\naccounts = [\"bot\"]\n";

fn ok(outcome: &Outcome) -> String {
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout.trim().to_owned()
}

fn reload(open: &Open, config: &str) -> Outcome {
    open.configure(config);
    open.boxctl(&["reload"])
}

fn hung(sandbox: &Sandbox) -> u64 {
    sandbox.control("GET", "faults", None)["hung"].as_u64().expect("a number")
}

fn generation(open: &Open) -> String {
    let status = ok(&open.boxctl(&["status", "bot", "--json"]));
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    status["accounts"][0]["generation"].to_string()
}

#[test]
fn a_token_that_was_waited_for_is_handed_out_by_the_rules_of_that_moment() {
    let Some(([bot, _], open)) = Open::with_accounts(READS) else { return };
    let socket = open.socket();
    for (before, after) in [(READS, ""), (READS, READS_NARROWLY), (READS, CALLS)] {
        ok(&reload(&open, before));
        let old = generation(&open);
        ok(&READER.boxctl(&socket, &["token"]));
        let waiting = || open.daemon.log().matches("a client needs a newer token").count();
        let before = waiting();
        bot.hang_after_spending();
        let json = format!("{{\"rejected\":{old}}}");
        let (native, http) = std::thread::scope(|scope| {
            let renewal = scope.spawn(|| open.boxctl(&["refresh", "bot"]));
            while hung(&bot) == 0 {
                std::thread::yield_now();
            }
            let native = scope
                .spawn(|| READER.boxctl(&socket, &["token", "bot", "--rejected", &old, "--wait", "60s"]));
            let http = scope.spawn(|| READER.curl(&socket, "/v1/token", &["--json", &json]));
            while waiting() < before + 2 && !native.is_finished() && !http.is_finished() {
                std::thread::yield_now();
            }
            let changed = reload(&open, after);
            bot.control("POST", "release", None);
            ok(&changed);
            ok(&renewal.join().expect("it ends"));
            (native.join().expect("it ends"), http.join().expect("it ends"))
        });
        assert_eq!(native.code, 6, "{after}: {native:?}");
        assert!(native.stdout.is_empty());
        assert_eq!(http.status, 403, "{after}: {http:?}");
        assert_ne!(generation(&open), old, "the owner has the new one");
    }
}

#[test]
fn whoever_can_write_a_rules_directory_keeps_no_right_alive_by_it() {
    let agent_and_reader = format!("{AGENT}{OTHER_READS}");
    let Some((_sandboxes, open)) = Open::with_accounts(&agent_and_reader) else { return };
    let place = open.place().join("agent/boxd.sock");
    ok(&READER.boxctl(&place, &["token"]));
    ok(&OTHER.boxctl(&open.socket(), &["token"]));
    // As root in a rootless container, who is the owner outside.
    let spoil: [&dyn Fn(); 3] = [
        &|| std::fs::write(&place, "").expect("it is ours"),
        &|| {
            std::fs::set_permissions(
                place.parent().expect("a directory"),
                std::fs::Permissions::from_mode(0o777),
            )
            .expect("ours");
        },
        &|| {
            std::fs::remove_file(place.with_extension("sock.lock")).expect("it is there");
            let made = std::process::Command::new("mkfifo").arg(place.with_extension("sock.lock")).status();
            assert!(made.is_ok_and(|status| status.success()));
        },
    ];
    for (index, spoil) in spoil.into_iter().enumerate() {
        std::fs::remove_file(&place).expect("it is there");
        spoil();
        let narrowed = reload(&open, &format!("{AGENT}scope = [\"item_preview\"]\n"));
        assert_eq!(narrowed.code, 4, "{index}: {narrowed:?}");
        assert!(
            narrowed.stderr.contains("is in force, but the socket of an access rule is missing"),
            "{index}: {narrowed:?}"
        );
        assert_eq!(OTHER.boxctl(&open.socket(), &["token"]).code, 6, "{index}: its rule is gone");
        assert_ne!(READER.boxctl(&place, &["token"]).code, 0, "{index}");
        // Put right again.
        std::fs::set_permissions(
            place.parent().expect("a directory"),
            std::fs::Permissions::from_mode(0o755),
        )
        .expect("it is ours");
        drop(std::fs::remove_file(&place));
        drop(std::fs::remove_file(place.with_extension("sock.lock")));
        ok(&reload(&open, &agent_and_reader));
        ok(&READER.boxctl(&place, &["token"]));
    }
}

#[test]
fn a_directory_that_is_made_for_a_socket_lets_in_no_more_than_the_rule_says() {
    let Some((_sandboxes, open)) = Open::with_accounts("") else { return };
    for (rule, mode) in [("", 0o700), ("user = 4001\n", 0o755), ("group = 4900\n", 0o750)] {
        let name = format!("new-{mode:o}");
        let socket = open.place().join(&name).join("boxd.sock");
        ok(&reload(
            &open,
            &format!("[[access]]\nsocket = \"PLACE/{name}/boxd.sock\"\n{rule}accounts = [\"bot\"]\n"),
        ));
        let made = std::fs::metadata(socket.parent().expect("a directory")).expect("it is there");
        assert_eq!(made.permissions().mode() & 0o777, mode, "{rule}");
        assert_ne!(STRANGER.boxctl(&socket, &["token"]).code, 0, "{rule}");
        let member = Guest { uid: 4001, groups: "4900" };
        assert_eq!(member.boxctl(&socket, &["token"]).code == 0, mode != 0o700, "{rule}");
    }
}

#[test]
fn a_guest_learns_nothing_of_others_from_metrics_and_calls_as_nobody_else() {
    let Some((_sandboxes, open)) = Open::with_accounts(READS) else { return };
    let socket = open.socket();
    let told = ok(&READER.boxctl(&socket, &["metrics"]));
    let families: Vec<&str> = told.lines().filter(|line| line.starts_with("# TYPE")).collect();
    assert!(families.len() == 6 && told.contains("boxd_account_state{account=\"bot\""), "{families:?}");
    for of_all in ["boxd_connections", "boxd_watchers", "boxd_http_", "boxd_audit_"] {
        assert!(!told.contains(of_all), "{told}");
        let owners = ok(&open.boxctl(&["metrics"]));
        assert!(owners.contains(of_all) || of_all == "boxd_connections", "{of_all}: {owners}");
    }

    ok(&reload(&open, CALLS));
    let call = |options: &[&str]| READER.curl(&socket, "/v1/api/2.0/users/me", options).status;
    assert_eq!(call(&[]), 200);
    assert_eq!(call(&["-H", "As-User: 12345"]), 403);
    assert_eq!(call(&["-H", "as-user;"]), 403, "nor as one without a number");
}
