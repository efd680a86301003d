//! Windows' task scheduler: every order of things, and an edit of what it holds.

use super::{Account, Manager, Present, Scope, Seen, State, outline, site};
use crate::service::{
    plan::Step,
    state::Activity,
    systemd::Verb,
    task::{control, files, install, judge, logs, parse, uninstall},
};

fn kept() -> String {
    files(&site(Manager::TaskScheduler, Scope::User)).unwrap().remove(0).text
}

/// As the scheduler writes it: no comments, names as numbers, defaults left out or added.
fn registered() -> String {
    let text = kept()
        .replace(r"PC\zoë", "S-1-5-21-1")
        .replace("    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>\n", "");
    text.replace("<Enabled>true</Enabled>", "<Enabled>true</Enabled>\n    <WakeToRun>false</WakeToRun>")
        .replace('\n', "\r\n")
}

fn seen(present: Present, state: State) -> Seen {
    let files = files(&site(Manager::TaskScheduler, Scope::User)).unwrap();
    super::seen(files, &[present], Account::NotNeeded, state)
}

fn running() -> State {
    State { known: true, enabled: true, activity: Activity::Running, ..State::default() }
}

#[test]
fn an_edit_of_the_registered_task_is_noticed() {
    let judged = |registered: &str| judge(Present::Same, Some(registered), &kept());
    assert_eq!(judged(&registered()), Present::Same);
    // Another code page.
    assert_eq!(judged(&registered().replace("zoë", "zo\u{FFFD}\u{FFFD}")), Present::Same);
    // What `stop` does.
    assert_eq!(judged(&registered().replace("<Enabled>true", "<Enabled>false")), Present::Same);
    for (from, to) in [
        ("PT5M", "PT1H"),
        ("<Hidden>true", "<Hidden>false"),
        ("boxd.exe", "other.exe"),
        ("</Arguments>", "</Arguments>\r\n<WorkingDirectory>C:\\</WorkingDirectory>"),
    ] {
        let edited = registered().replace(from, to);
        assert_eq!(judged(&edited), Present::Edited(edited.clone()), "{from}");
    }
    assert_eq!(judge(Present::Absent, Some("<Task/>"), ""), Present::Foreign("<Task/>".to_owned()));
    assert_eq!(judge(Present::Older, None, ""), Present::Older);
}

#[test]
fn what_schtasks_shows_is_read() {
    let state = parse(Some(&registered()), Some(7));
    assert_eq!(
        (state.known, state.enabled, state.activity, state.pid),
        (true, true, Activity::Running, Some(7))
    );
    assert!(!parse(Some(&registered().replace("<Enabled>true", "<Enabled>false")), None).enabled);
    assert_eq!(parse(None, None).activity, Activity::Stopped);
    // Damaged in any way it is still read to its end.
    let text = registered();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(parse(text.get(..end), None).known);
    }
}

#[test]
fn installing_and_uninstalling() {
    let steps = |present, state, force| outline(&install(&seen(present, state), force));
    assert!(steps(Present::Same, running(), false).is_empty());
    let path = r"'C:\Users\zoë\AppData\Local\boxd\task.xml'";
    let create = format!("schtasks /Create /TN boxd /XML {path} /F");
    let (ask, end, run) = ("end the daemon", "schtasks /End /TN boxd", "schtasks /Run /TN boxd");
    assert_eq!(steps(Present::Older, running(), false), ["write task.xml", ask, end, &create, run]);
    assert_eq!(steps(Present::Same, State::default(), false), [&create, run]);
    assert_eq!(steps(Present::Same, State { outdated: true, ..running() }, false), [ask, end, run]);
    let stopped = State { enabled: false, activity: Activity::Stopped, ..running() };
    assert_eq!(steps(Present::Same, stopped, false), ["schtasks /Change /TN boxd /ENABLE", run]);

    let edited = || Present::Edited("<Task>mine</Task>".to_owned());
    assert!(steps(edited(), running(), false).is_empty());
    let plan = install(&seen(edited(), running()), true);
    assert_eq!(outline(&plan), ["write task.xml.orig", "write task.xml", ask, end, &create, run]);
    assert!(matches!(&plan.steps[0], Step::Write(file) if file.text == "<Task>mine</Task>"));

    let gone = |present| outline(&uninstall(&seen(present, running())));
    let (disable, delete) = ("schtasks /Change /TN boxd /DISABLE", "schtasks /Delete /TN boxd /F");
    assert_eq!(gone(Present::Same), [disable, ask, end, delete, "remove task.xml"]);
    assert_eq!(gone(edited())[0], "write task.xml.orig");
    assert!(gone(Present::Foreign(String::new())).is_empty());
}

#[test]
fn verbs() {
    let verb = |verb| outline(&control(verb)).join("\n");
    assert_eq!(
        verb(Verb::Stop),
        "schtasks /Change /TN boxd /DISABLE\nend the daemon\nschtasks /End /TN boxd"
    );
    assert_eq!(verb(Verb::Start), "schtasks /Change /TN boxd /ENABLE\nschtasks /Run /TN boxd");
    assert_eq!(verb(Verb::Restart), "end the daemon\nschtasks /End /TN boxd\nschtasks /Run /TN boxd");
    let logs = logs(&site(Manager::TaskScheduler, Scope::User), true, 3);
    assert!(logs.last().unwrap().ends_with("-Tail 3 -Wait"));
}
