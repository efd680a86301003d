//! launchd: which property list, and which commands in which order.

use std::path::{Path, PathBuf};

use super::{
    judge::Present,
    plan::{Encoding, File, Plan, Step},
    site::{Scope, Site},
    stamp::{Comment, stamp},
    state::{Account, Activity, Seen, State},
    systemd::Verb,
    text::{Unfit, xml_path},
};

const AGENT: &str = include_str!("../../../../launchd/io.github.boxd.agent.plist");
const DAEMON: &str = include_str!("../../../../launchd/io.github.boxd.daemon.plist");
const AGENT_LABEL: &str = "io.github.boxd.agent";
const DAEMON_LABEL: &str = "io.github.boxd.daemon";

/// What stands in the shipped files for what only the installation knows: launchd expands neither `~` nor variables.
const BOXD: &str = "/Users/YOU/.cargo/bin/boxd";
const DAEMON_BOXD: &str = "/usr/local/bin/boxd";
const LOG: &str = "/Users/YOU/Library/Logs/boxd.log";
const SOCKET: &str = "/Users/YOU/.local/state/boxd/boxd.sock";
const GROUP: &str = "<key>SockPathGroup</key>\n            <integer>0</integer>";

/// Directories of the daemon, of the user `_boxd`.
const DAEMON_STATE: &str = "/var/db/boxd";
const DAEMON_LOGS: &str = "/Library/Logs/boxd";

/// The label of this scope's service.
pub(crate) fn label(site: &Site) -> &'static str {
    match site.scope {
        Scope::User => AGENT_LABEL,
        Scope::System => DAEMON_LABEL,
    }
}

/// `DOMAIN/LABEL`.
pub(crate) fn target(site: &Site, domain: &str) -> String {
    format!("{domain}/{}", label(site))
}

/// Where the log is.
pub(crate) fn log(site: &Site) -> PathBuf {
    match site.scope {
        Scope::User => site.home.join("Library/Logs/boxd.log"),
        Scope::System => Path::new(DAEMON_LOGS).join("boxd.log"),
    }
}

/// The property list.
pub(crate) fn files(site: &Site, account: Account) -> Result<Vec<File>, Unfit> {
    let boxd = xml_path(&site.boxd)?;
    let (directory, text) = match site.scope {
        Scope::User => {
            let socket = site.socket.clone().unwrap_or_else(|| site.home.join(".local/state/boxd/boxd.sock"));
            let text = AGENT
                .replace(BOXD, &boxd)
                .replace(LOG, &xml_path(&log(site))?)
                .replace(SOCKET, &xml_path(&socket)?);
            (site.home.join("Library/LaunchAgents"), text)
        }
        Scope::System => {
            let gid = match account {
                Account::Exists { gid } | Account::ByDscl { id: gid } => gid,
                Account::NotNeeded | Account::BySysusers | Account::ByUseradd => 0,
            };
            let group = GROUP.replace(">0<", &format!(">{gid}<"));
            (
                PathBuf::from("/Library/LaunchDaemons"),
                DAEMON.replace(DAEMON_BOXD, &boxd).replace(GROUP, &group),
            )
        }
    };
    let path = directory.join(format!("{}.plist", label(site)));
    Ok(vec![File { path, mode: 0o644, text: stamp(&text, Comment::Xml), encoding: Encoding::Utf8 }])
}

/// Puts the service in, or brings it up to date; empty where there is nothing to do.
pub(crate) fn install(site: &Site, seen: &Seen, force: bool) -> Plan {
    let mut plan = Plan::default();
    let due: Vec<_> = seen.files.iter().filter(|placed| placed.is_due(force)).collect();
    let loaded = seen.state.known;
    if due.is_empty() && loaded && seen.state.enabled {
        return if seen.state.outdated { control(site, seen, Verb::Restart) } else { plan };
    }
    make_account(&mut plan, seen.account);
    directories(&mut plan, site);
    for placed in &due {
        if !placed.present.is_ours() {
            plan.steps.push(Step::Rename { from: placed.file.path.clone(), to: placed.aside.clone() });
        }
        plan.steps.push(Step::Write(placed.file.clone()));
    }
    let target = target(site, &seen.state.domain);
    if loaded && !due.is_empty() {
        plan.run(&["launchctl", "bootout", &target]);
    }
    // A person may have disabled it once; launchd remembers that for ever.
    plan.run(&["launchctl", "enable", &target]);
    if !loaded || !due.is_empty() {
        bootstrap(&mut plan, seen);
    }
    plan
}

/// What launchd needs, but does not make.
fn directories(plan: &mut Plan, site: &Site) {
    match site.scope {
        Scope::User => {
            plan.steps.push(Step::Directory { path: site.home.join("Library/Logs"), mode: 0o755 });
            if let Some(path) = site.socket.as_deref().and_then(Path::parent) {
                plan.steps.push(Step::Directory { path: path.to_owned(), mode: 0o700 });
            }
        }
        Scope::System => {
            for (path, mode) in [(DAEMON_STATE, "0700"), (DAEMON_LOGS, "0750")] {
                plan.run(&["install", "-d", "-o", "_boxd", "-g", "boxd", "-m", mode, path]);
            }
        }
    }
}

/// A user and a group with the same number (opendirectoryd has no command that finds a free one).
fn make_account(plan: &mut Plan, account: Account) {
    let Account::ByDscl { id } = account else { return };
    let id = id.to_string();
    let mut create = |record: &str, pairs: &[(&str, &str)]| {
        plan.run(&["dscl", ".", "-create", record]);
        for (key, value) in pairs {
            plan.run(&["dscl", ".", "-create", record, key, value]);
        }
    };
    create("/Groups/boxd", &[("PrimaryGroupID", &id), ("RealName", "Clients of boxd"), ("Password", "*")]);
    create(
        "/Users/_boxd",
        &[
            ("UniqueID", &id),
            ("PrimaryGroupID", &id),
            ("RealName", "Keeper of Box access tokens"),
            ("NFSHomeDirectory", DAEMON_STATE),
            ("UserShell", "/usr/bin/false"),
            ("Password", "*"),
            ("IsHidden", "1"),
        ],
    );
}

fn bootstrap(plan: &mut Plan, seen: &Seen) {
    for placed in &seen.files {
        plan.run_last(&["launchctl", "bootstrap", &seen.state.domain, &placed.file.path.to_string_lossy()]);
    }
}

/// Takes the service out again.
pub(crate) fn uninstall(site: &Site, seen: &Seen) -> Plan {
    let mut plan = Plan::default();
    for placed in &seen.files {
        let path = placed.file.path.clone();
        let step = match placed.present {
            Present::Absent | Present::Foreign(_) | Present::Link(_) => continue,
            // launchd loads only what ends in `.plist`.
            Present::Edited(_) => Step::Rename { from: path, to: placed.aside.clone() },
            Present::Same | Present::Older => Step::Remove(path),
        };
        plan.try_run(&["launchctl", "bootout", &target(site, &seen.state.domain)]);
        plan.steps.push(step);
    }
    plan
}

/// Starts, stops or restarts.
pub(crate) fn control(site: &Site, seen: &Seen, verb: Verb) -> Plan {
    let mut plan = Plan::default();
    let target = target(site, &seen.state.domain);
    let loaded = seen.state.known;
    match verb {
        Verb::Start | Verb::Restart if !loaded => bootstrap(&mut plan, seen),
        Verb::Start => plan.run_last(&["launchctl", "kickstart", &target]),
        Verb::Restart => plan.run_last(&["launchctl", "kickstart", "-k", &target]),
        // With its socket: the next client would start it again. It comes back with the next session or boot.
        Verb::Stop if loaded => plan.run_last(&["launchctl", "bootout", &target]),
        Verb::Stop => {}
    }
    plan
}

/// The command that shows the log.
pub(crate) fn logs(site: &Site, follow: bool, lines: u32) -> Vec<String> {
    let mut words = vec!["tail".to_owned(), format!("-n{lines}")];
    if follow {
        // By its name: it may be rotated.
        words.push("-F".to_owned());
    }
    words.push(log(site).to_string_lossy().into_owned());
    words
}

/// Reads `launchctl print DOMAIN/LABEL`, which is meant for people: what is not found is not known.
pub(crate) fn parse(printed: Option<&str>) -> State {
    let Some(printed) = printed else { return State { listening: Some(false), ..State::default() } };
    // Members of the job itself are one tab in.
    let value = |key: &str| {
        printed.lines().find_map(|line| line.strip_prefix('\t')?.strip_prefix(key)?.strip_prefix(" = "))
    };
    let pid = value("pid").and_then(|pid| pid.trim().parse().ok());
    let last_exit = value("last exit code").and_then(|code| code.split(':').next()?.trim().parse().ok());
    let activity = match (pid, last_exit) {
        (Some(_), _) => Activity::Running,
        (None, Some(code)) if code != 0 => Activity::Failed,
        (None, _) => Activity::Stopped,
    };
    State {
        known: true,
        activity,
        listening: Some(true),
        pid,
        last_exit: last_exit.filter(|_| pid.is_none()),
        program: value("program").map(|path| path.trim().into()),
        ..State::default()
    }
}

/// Whether `launchctl print-disabled` names the label as disabled; older versions of macOS say `true`.
pub(crate) fn is_disabled(printed: &str, label: &str) -> bool {
    let line = printed.lines().find(|line| line.contains(&format!("\"{label}\"")));
    line.is_some_and(|line| line.contains("=> disabled") || line.contains("=> true"))
}

/// A number that neither a user nor a group has, of those that macOS leaves to others, from `dscl . -list` of both.
pub(crate) fn free_id(listings: &str) -> u32 {
    let taken =
        |id: &u32| listings.lines().any(|line| line.split_whitespace().last() == Some(&id.to_string()));
    (400..=499).rev().find(|id| !taken(id)).unwrap_or(499)
}
