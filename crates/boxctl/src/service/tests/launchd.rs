//! launchd: every order of things.

use super::{Account, Manager, Present, Scope, Seen, State, outline, site};
use crate::service::{
    launchd::{control, files, free_id, install, is_disabled, logs, parse, uninstall},
    state::Activity,
    systemd::Verb,
};

/// As `launchctl print` of macOS 14 prints it.
const PRINTED: &str = "gui/501/io.github.boxd.agent = {\n\tactive count = 1\n\tpath = /Users/z/x.plist\n\ttype = LaunchAgent\n\
                       \tstate = running\n\n\tprogram = /opt/boxd\n\targuments = {\n\t\t/opt/boxd\n\t}\n\n\truns = 1\n\
                       \tpid = 733\n\timmediate reason = speculative\n\tlast exit code = (never exited)\n}\n";

fn seen(present: Present, state: State) -> Seen {
    let files = files(&site(Manager::Launchd, Scope::User), Account::NotNeeded).unwrap();
    let state = State { domain: "gui/501".to_owned(), ..state };
    super::seen(files, &[present], Account::NotNeeded, state)
}

fn loaded() -> State {
    State { known: true, enabled: true, ..State::default() }
}

#[test]
fn what_launchctl_prints_is_read() {
    let state = parse(Some(PRINTED));
    assert_eq!((state.known, state.activity, state.pid), (true, Activity::Running, Some(733)));
    assert_eq!(state.program, Some("/opt/boxd".into()));
    let failed = PRINTED.replace("\tpid = 733\n", "").replace("(never exited)", "78: EX_CONFIG");
    assert_eq!((parse(Some(&failed)).activity, parse(Some(&failed)).last_exit), (Activity::Failed, Some(78)));
    assert!(!parse(None).known);
    let disabled =
        "\tdisabled services = {\n\t\t\"io.github.boxd.agent\" => disabled\n\t\t\"other\" => enabled\n\t}\n";
    assert!(is_disabled(disabled, "io.github.boxd.agent") && !is_disabled(disabled, "other"));
    assert!(!is_disabled("", "other"));
}

#[test]
fn a_job_is_loaded_anew_only_where_it_changed() {
    let site = site(Manager::Launchd, Scope::User);
    let steps = |present, state| outline(&install(&site, &seen(present, state), false));
    assert!(steps(Present::Same, loaded()).is_empty());
    let outdated = steps(Present::Same, State { outdated: true, ..loaded() });
    assert_eq!(outdated, ["launchctl kickstart -k gui/501/io.github.boxd.agent"]);
    let changed = steps(Present::Older, loaded());
    assert_eq!(
        changed[3..5],
        ["launchctl bootout gui/501/io.github.boxd.agent", "launchctl enable gui/501/io.github.boxd.agent"]
    );
    assert!(changed[5].starts_with("launchctl bootstrap gui/501 "), "{changed:?}");
    let stopped = steps(Present::Same, State { known: false, ..loaded() });
    assert!(
        stopped.iter().all(|step| !step.starts_with("write") && !step.contains("bootout")),
        "{stopped:?}"
    );
    assert!(steps(Present::Edited(String::new()), loaded()).is_empty());
    let forced = outline(&install(&site, &seen(Present::Edited(String::new()), loaded()), true));
    let name = "io.github.boxd.agent.plist";
    assert_eq!(forced[2..4], [format!("rename {name} {name}.orig"), format!("write {name}")]);
}

#[test]
fn uninstalling() {
    let site = site(Manager::Launchd, Scope::User);
    let steps = |present| outline(&uninstall(&site, &seen(present, loaded())));
    let bootout = "launchctl bootout gui/501/io.github.boxd.agent";
    assert_eq!(steps(Present::Same), [bootout, "remove io.github.boxd.agent.plist"]);
    assert!(steps(Present::Edited(String::new()))[1].starts_with("rename "));
    assert!(steps(Present::Foreign(String::new())).is_empty() && steps(Present::Absent).is_empty());
}

#[test]
fn verbs() {
    let site = site(Manager::Launchd, Scope::User);
    let verb = |verb, known| {
        outline(&control(&site, &seen(Present::Same, State { known, ..loaded() }), verb)).join("\n")
    };
    assert_eq!(verb(Verb::Stop, true), "launchctl bootout gui/501/io.github.boxd.agent");
    assert_eq!(verb(Verb::Stop, false), "");
    assert_eq!(verb(Verb::Restart, true), "launchctl kickstart -k gui/501/io.github.boxd.agent");
    assert!(verb(Verb::Start, false).starts_with("launchctl bootstrap gui/501 "));
    assert_eq!(logs(&site, true, 5), ["tail", "-n5", "-F", "/home/zoë/Library/Logs/boxd.log"]);
}

#[test]
fn a_free_number_is_found() {
    assert_eq!(free_id(""), 499);
    assert_eq!(free_id("_a   499\n_b 498\nstaff 20\n_c 4970\n"), 497);
}
