//! systemd: every order of things.

use super::{Account, Manager, Present, Scope, Seen, State, outline, site};
use crate::service::{
    state::Activity,
    systemd::{Verb, control, files, install, is_link_of_ours, logs, parse, uninstall},
};

/// As `systemctl show` of systemd 252 prints it.
const SHOWN: &str = "\
Id=boxd.service
ActiveState=active
UnitFileState=enabled
MainPID=812
ExecMainStartTimestamp=@1763780645
ExecMainStatus=0
NRestarts=2
StatusText=serving 2 accounts = all
ExecStart={ path=/opt/b d/boxd ; argv[]=/opt/b d/boxd ; ignore_errors=no ; start_time=[n/a] ; pid=0 }
FragmentPath=/home/zoë/.config/systemd/user/boxd.service

Id=boxd.socket
ActiveState=active
UnitFileState=enabled
FragmentPath=/home/zoë/.config/systemd/user/boxd.socket
";

fn running() -> State {
    State {
        known: true,
        enabled: true,
        activity: Activity::Running,
        listening: Some(true),
        ..State::default()
    }
}

fn seen(present: &[Present; 2], state: State) -> Seen {
    let files = files(&site(Manager::Systemd, Scope::User)).unwrap();
    super::seen(files, present, Account::NotNeeded, state)
}

fn edited() -> Present {
    Present::Edited("[Service]\n".to_owned())
}

#[test]
fn what_systemctl_shows_is_read() {
    let state = parse(SHOWN);
    let expected = State {
        pid: Some(812),
        since: Some(1_763_780_645),
        restarts: Some(2),
        words: "serving 2 accounts = all".to_owned(),
        program: Some("/opt/b d/boxd".into()),
        unit_file: Some("/home/zoë/.config/systemd/user/boxd.service".into()),
        ..running()
    };
    assert_eq!(state, expected);

    let failed = SHOWN.replace("State=active", "State=failed").replace("Status=0", "Status=78");
    let failed = parse(&failed.replace("MainPID=812", "MainPID=0"));
    assert_eq!(failed.since, None);
    assert_eq!((failed.activity, failed.last_exit), (Activity::Failed, Some(78)));
    assert_eq!(failed.listening, Some(false));

    let retried =
        SHOWN.replacen("State=active", "State=activating\nSubState=auto-restart\nNeedDaemonReload=yes", 1);
    assert_eq!((parse(&retried).activity, parse(&retried).stale), (Activity::Retrying, true));

    let absent = parse("Id=boxd.service\nActiveState=inactive\nUnitFileState=\nMainPID=0\nFragmentPath=\n");
    assert_eq!(absent, State { listening: Some(false), ..State::default() });
    assert_eq!(parse("gibberish"), State { listening: Some(false), ..State::default() });
}

#[test]
fn only_what_changed_is_started_anew() {
    use Present::{Absent, Older, Same};
    let site = site(Manager::Systemd, Scope::User);
    let reload = ["systemctl --user daemon-reload", "systemctl --user reenable boxd.socket boxd.service"];
    let start = "systemctl --user start boxd.socket boxd.service";
    let stop = "systemctl --user stop boxd.socket boxd.service";
    let stopped = || State { activity: Activity::Stopped, listening: Some(false), ..running() };
    let table: [(&str, [Present; 2], State, &[&str]); 9] = [
        ("nothing new", [Same, Same], running(), &[]),
        (
            "a new service unit",
            [Older, Same],
            running(),
            &["write boxd.service", reload[0], reload[1], "systemctl --user restart boxd.service"],
        ),
        (
            "a new socket unit",
            [Same, Older],
            running(),
            &["write boxd.socket", reload[0], reload[1], stop, start],
        ),
        (
            "0.1.0 had no socket unit",
            [Older, Absent],
            State { listening: Some(false), ..running() },
            &["write boxd.service", "write boxd.socket", reload[0], reload[1], stop, start],
        ),
        (
            "a new boxd",
            [Same, Same],
            State { outdated: true, ..running() },
            &["systemctl --user restart boxd.service"],
        ),
        ("stopped", [Same, Same], stopped(), &[start]),
        (
            "failed",
            [Same, Same],
            State { activity: Activity::Failed, ..stopped() },
            &["systemctl --user reset-failed boxd.socket boxd.service", start],
        ),
        ("edited since", [Same, Same], State { stale: true, ..running() }, &[reload[0]]),
        ("disabled", [Same, Same], State { enabled: false, ..running() }, &[reload[1]]),
    ];
    for (case, present, state, expected) in table {
        assert_eq!(outline(&install(&site, &seen(&present, state), false)), expected, "{case}");
    }
}

#[test]
fn what_a_person_wrote_is_kept_until_forced() {
    let site = site(Manager::Systemd, Scope::User);
    for present in [edited(), Present::Foreign(String::new()), Present::Link("/dev/null".into())] {
        let seen = seen(&[present, Present::Same], running());
        assert!(outline(&install(&site, &seen, false)).is_empty());
        let forced = outline(&install(&site, &seen, true));
        assert_eq!(forced[..2], ["rename boxd.service boxd.service.orig", "write boxd.service"]);
        assert_eq!(forced.last().unwrap(), "systemctl --user restart boxd.service");
    }
}

#[test]
fn uninstalling_leaves_no_orphan_and_no_loss() {
    let site = site(Manager::Systemd, Scope::User);
    let link = "/home/zoë/.config/systemd/user/default.target.wants/boxd.service";
    let lock = Some("/run/user/501/boxd/boxd.sock.lock".into());
    let ours = Seen { links: vec![link.into()], lock, ..seen(&[Present::Same, Present::Older], running()) };
    assert_eq!(
        outline(&uninstall(&site, &ours)),
        [
            "systemctl --user stop boxd.socket boxd.service",
            "systemctl --user disable boxd.socket boxd.service",
            "remove boxd.service",
            "remove boxd.socket",
            "remove boxd.service",
            "systemctl --user daemon-reload",
            "systemctl --user reset-failed boxd.socket boxd.service",
            "remove lock boxd.sock.lock",
        ]
    );
    let changed = outline(&uninstall(&site, &seen(&[edited(), Present::Same], running())));
    assert_eq!(changed[2..4], ["rename boxd.service boxd.service.orig", "remove boxd.socket"]);

    // Somebody deleted the files: the links are still ours.
    let links_only =
        Seen { files: seen(&[Present::Absent, Present::Absent], running()).files, ..ours.clone() };
    assert_eq!(outline(&uninstall(&site, &links_only))[0], "systemctl --user stop boxd.socket boxd.service");
    let idle = Seen { state: State { listening: Some(false), ..State::default() }, ..links_only.clone() };
    assert_eq!(outline(&uninstall(&site, &idle))[1], "remove boxd.service");
    assert_eq!(outline(&uninstall(&site, &links_only))[2], "remove boxd.service");

    let foreign =
        outline(&uninstall(&site, &seen(&[Present::Foreign(String::new()), Present::Same], running())));
    assert_eq!(
        foreign[..3],
        ["systemctl --user stop boxd.socket", "systemctl --user disable boxd.socket", "remove boxd.socket"]
    );
    assert!(
        outline(&uninstall(&site, &seen(&[Present::Absent, Present::Absent], State::default()))).is_empty()
    );

    let packaged = Seen { packaged: Some("/usr/lib/systemd/user/boxd.service".into()), ..Seen::default() };
    assert_eq!(outline(&uninstall(&site, &packaged)).len(), 4);
}

#[test]
fn a_system_service_has_a_user_of_its_own() {
    let site = site(Manager::Systemd, Scope::System);
    let plan = |account| {
        let files = files(&site).unwrap();
        let absent = vec![Present::Absent; files.len()];
        outline(&install(&site, &super::seen(files, &absent, account, State::default()), false))
    };
    assert_eq!(plan(Account::BySysusers)[3], "systemd-sysusers /etc/sysusers.d/boxd.conf");
    assert!(plan(Account::ByUseradd)[4].starts_with("useradd --system --gid boxd"));
    assert_eq!(plan(Account::Exists { gid: 1 })[3], "systemctl daemon-reload");
}

#[test]
fn verbs() {
    let site = site(Manager::Systemd, Scope::User);
    let installed = seen(&[Present::Same, Present::Same], running());
    let verb = |verb| outline(&control(&site, &installed, verb)).join("\n");
    let old = seen(
        &[Present::Foreign(String::new()), Present::Absent],
        State { listening: Some(false), ..running() },
    );
    assert_eq!(outline(&control(&site, &old, Verb::Stop)), ["systemctl --user stop boxd.service"]);
    assert_eq!(verb(Verb::Stop), "systemctl --user stop boxd.socket boxd.service");
    assert_eq!(verb(Verb::Start), "systemctl --user start boxd.socket boxd.service");
    assert_eq!(verb(Verb::Restart), "systemctl --user restart boxd.service");
    assert_eq!(logs(&site, true, 9).join(" "), "journalctl --user -u boxd.service -n9 -f");
    let own = "/home/zoë/.config/systemd/user/";
    let is_ours = |link: &str, target: &str| is_link_of_ours(link.as_ref(), target.as_ref(), &site);
    assert!(is_ours("/w/boxd.socket", &format!("{own}boxd.socket")));
    assert!(!is_ours("/w/boxd.socket", "/usr/lib/systemd/user/boxd.socket"));
    assert!(!is_ours("/w/mine.service", &format!("{own}boxd.service")));
}
