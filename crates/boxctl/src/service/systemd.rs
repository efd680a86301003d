//! systemd: which files, and which commands in which order.

use std::path::{Path, PathBuf};

use super::{
    judge::Present,
    plan::{Encoding, File, Plan, Step},
    site::{Scope, Site},
    stamp::{Comment, stamp},
    state::{Account, Activity, Seen, State},
    text::{Unfit, with_programs},
};

/// The units that people and other units name.
pub(crate) const SERVICE: &str = "boxd.service";
pub(crate) const SOCKET: &str = "boxd.socket";

const USER_SERVICE: &str = include_str!("../../../../systemd/boxd.service");
const USER_SOCKET: &str = include_str!("../../../../systemd/boxd.socket");
const SYSTEM_SERVICE: &str = include_str!("../../../../systemd/system/boxd.service");
const SYSTEM_SOCKET: &str = include_str!("../../../../systemd/system/boxd.socket");
const SYSUSERS: &str = include_str!("../../../../systemd/system/boxd.sysusers.conf");
const SYSUSERS_PATH: &str = "/etc/sysusers.d/boxd.conf";

/// Properties of both units that [`parse`] reads.
pub(crate) const PROPERTIES: &str = "Id,ActiveState,SubState,NeedDaemonReload,UnitFileState,MainPID,ExecMainStartTimestamp,ExecMainStatus,\
                                     NRestarts,StatusText,ExecStart,FragmentPath";

/// The directory of the units.
pub(crate) fn directory(site: &Site) -> PathBuf {
    match site.scope {
        Scope::User => site.config_home.join("systemd/user"),
        Scope::System => PathBuf::from("/etc/systemd/system"),
    }
}

/// The files of the service.
pub(crate) fn files(site: &Site) -> Result<Vec<File>, Unfit> {
    let unit = |name: &str, text: &str| {
        Ok(file(directory(site).join(name), &with_programs(text, &site.boxd, &site.boxctl)?))
    };
    Ok(match site.scope {
        Scope::User => vec![unit(SERVICE, USER_SERVICE)?, unit(SOCKET, USER_SOCKET)?],
        Scope::System => vec![
            unit(SERVICE, SYSTEM_SERVICE)?,
            unit(SOCKET, SYSTEM_SOCKET)?,
            file(SYSUSERS_PATH.into(), SYSUSERS),
        ],
    })
}

fn file(path: PathBuf, text: &str) -> File {
    File { path, mode: 0o644, text: stamp(text, Comment::Hash), encoding: Encoding::Utf8 }
}

/// Puts the service in, or brings it up to date; empty where there is nothing to do.
pub(crate) fn install(site: &Site, seen: &Seen, force: bool) -> Plan {
    let mut plan = Plan::default();
    let due = |name: &str| seen.files.iter().any(|p| p.file.path.ends_with(name) && p.is_due(force));
    for placed in seen.files.iter().filter(|placed| placed.is_due(force)) {
        if !placed.present.is_ours() {
            plan.steps.push(Step::Rename { from: placed.file.path.clone(), to: placed.aside.clone() });
        }
        plan.steps.push(Step::Write(placed.file.clone()));
    }
    make_account(&mut plan, seen.account);
    let (service, socket) = (due(SERVICE), due(SOCKET));
    let systemctl = |words: &[&'static str]| systemctl(site, words);
    if service || socket || seen.state.stale {
        plan.run_reload(&systemctl(&["daemon-reload"]));
    }
    let State { enabled, activity, listening, .. } = &seen.state;
    if service || socket || !enabled {
        // Anew: an older version may have asked for other links.
        plan.run(&systemctl(&["reenable", SOCKET, SERVICE]));
    }
    let listens = *listening == Some(true);
    match (activity.is_up(), listens) {
        (true, true) if (service || seen.state.outdated) && !socket => {
            plan.run_last(&systemctl(&["restart", SERVICE]));
        }
        (true, true) if !service && !socket => {}
        (up, _) => {
            // systemd opens no socket for a service that runs already.
            if up || socket && listens {
                plan.run_last(&systemctl(&["stop", SOCKET, SERVICE]));
            }
            if *activity == Activity::Failed {
                plan.try_run(&systemctl(&["reset-failed", SOCKET, SERVICE]));
            }
            plan.run_last(&systemctl(&["start", SOCKET, SERVICE]));
        }
    }
    plan
}

fn make_account(plan: &mut Plan, account: Account) {
    match account {
        Account::BySysusers => plan.run(&["systemd-sysusers", SYSUSERS_PATH]),
        Account::ByUseradd => {
            plan.run(&["groupadd", "--system", "--force", "boxd"]);
            plan.run(&[
                "useradd",
                "--system",
                "--gid",
                "boxd",
                "--home-dir",
                "/var/lib/boxd",
                "--no-create-home",
                "--shell",
                "/usr/sbin/nologin",
                "boxd",
            ]);
        }
        Account::NotNeeded | Account::Exists { .. } | Account::ByDscl { .. } => {}
    }
}

/// Takes the service out again: what boxctl wrote, and the links that enabling made; what a person wrote goes aside.
pub(crate) fn uninstall(site: &Site, seen: &Seen) -> Plan {
    let mut plan = Plan::default();
    let goes =
        |present: &Present| !matches!(present, Present::Absent | Present::Foreign(_) | Present::Link(_));
    let going: Vec<_> = seen.files.iter().filter(|placed| goes(&placed.present)).collect();
    if going.is_empty() && seen.links.is_empty() && seen.packaged.is_none() {
        return plan;
    }
    let stays = |name: &&str| {
        let stays = |present: &Present| *present != Present::Absent && !goes(present);
        seen.files.iter().any(|placed| placed.file.path.ends_with(name) && stays(&placed.present))
    };
    let ours: Vec<&'static str> = [SOCKET, SERVICE].into_iter().filter(|name| !stays(name)).collect();
    let present: Vec<_> = units(seen).into_iter().filter(|name| !stays(name)).collect();
    let systemctl =
        |words: &[&'static str], units: &[&'static str]| systemctl(site, &[words, units].concat());
    if !present.is_empty() {
        // At once: a socket that stays open would start the service again.
        plan.run(&systemctl(&["stop"], &present));
    }
    // Of a unit whose file somebody has deleted systemctl disables nothing; its links are found below.
    plan.try_run(&systemctl(&["disable"], &ours));
    for placed in going {
        plan.steps.push(match placed.present {
            Present::Edited(_) => Step::Rename { from: placed.file.path.clone(), to: placed.aside.clone() },
            _ => Step::Remove(placed.file.path.clone()),
        });
    }
    plan.steps.extend(seen.links.iter().cloned().map(Step::Remove));
    plan.run_reload(&systemctl(&["daemon-reload"], &[]));
    // Nothing of a failure stays in `systemctl --failed`.
    plan.try_run(&systemctl(&["reset-failed"], &ours));
    plan.steps.extend(seen.lock.clone().map(Step::RemoveLock));
    plan
}

/// Starts, stops or restarts.
pub(crate) fn control(site: &Site, seen: &Seen, verb: Verb) -> Plan {
    let mut plan = Plan::default();
    if seen.state.stale && verb != Verb::Stop {
        plan.run(&systemctl(site, &["daemon-reload"]));
    }
    let with_units = |word| [systemctl(site, &[word]), units(seen)].concat();
    plan.run_last(&match verb {
        Verb::Start => with_units("start"),
        // With its socket: the next client would start it again.
        Verb::Stop => with_units("stop"),
        // Without its socket: clients wait meanwhile.
        Verb::Restart => systemctl(site, &["restart", SERVICE]),
    });
    plan
}

/// The units that there are: 0.1.0 had no socket.
fn units(seen: &Seen) -> Vec<&'static str> {
    let has_file = |name: &str| {
        let mut files = seen.files.iter().filter(|placed| placed.present != Present::Absent);
        seen.packaged.is_some() || files.any(|placed| placed.file.path.ends_with(name))
    };
    let mut units = Vec::new();
    if has_file(SOCKET) || seen.state.listening == Some(true) {
        units.push(SOCKET);
    }
    if has_file(SERVICE) || seen.state.known || seen.state.activity.is_up() {
        units.push(SERVICE);
    }
    units
}

/// What can be done to a service that is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Start,
    Stop,
    Restart,
}

/// The command that shows the log.
pub(crate) fn logs(site: &Site, follow: bool, lines: u32) -> Vec<String> {
    let mut words = vec!["journalctl".to_owned()];
    if site.scope == Scope::User {
        words.push("--user".to_owned());
    }
    words.extend(["-u".to_owned(), SERVICE.to_owned(), format!("-n{lines}")]);
    if follow {
        words.push("-f".to_owned());
    }
    words
}

/// A command for the manager of this scope.
pub(crate) fn systemctl(site: &Site, words: &[&'static str]) -> Vec<&'static str> {
    let manager: &[_] = match site.scope {
        Scope::User => &["systemctl", "--user"],
        Scope::System => &["systemctl"],
    };
    [manager, words].concat()
}

/// Reads `systemctl show` of both units: `Key=value` lines, a blank line between units.
pub(crate) fn parse(shown: &str) -> State {
    let mut state = State { listening: Some(false), ..State::default() };
    state.stale = shown.lines().any(|line| line == "NeedDaemonReload=yes");
    for unit in shown.split("\n\n") {
        let value = |key: &str| {
            unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default()
        };
        let enabled = value("UnitFileState").starts_with("enabled");
        match value("Id") {
            SERVICE => {
                state.enabled = enabled;
                state.activity = activity(value("ActiveState"), value("SubState"));
                state.pid = value("MainPID").parse().ok().filter(|pid| *pid != 0);
                let started = value("ExecMainStartTimestamp").strip_prefix('@');
                state.since =
                    started.and_then(|seconds| seconds.parse().ok()).filter(|_| state.pid.is_some());
                state.last_exit = value("ExecMainStatus")
                    .parse()
                    .ok()
                    .filter(|_| matches!(state.activity, Activity::Failed | Activity::Retrying));
                state.restarts = value("NRestarts").parse().ok();
                value("StatusText").clone_into(&mut state.words);
                // { path=/usr/bin/boxd ; argv[]=/usr/bin/boxd ; …
                let program = value("ExecStart").split_once("path=").map(|(_, rest)| rest);
                state.program = program.and_then(|rest| rest.split_once(" ;")).map(|(path, _)| path.into());
                state.known = !value("FragmentPath").is_empty();
                state.unit_file =
                    Some(value("FragmentPath")).filter(|path| !path.is_empty()).map(PathBuf::from);
            }
            SOCKET => state.listening = Some(value("ActiveState") == "active"),
            _ => {}
        }
    }
    state
}

fn activity(active: &str, sub: &str) -> Activity {
    match active {
        "activating" if sub == "auto-restart" => Activity::Retrying,
        "active" | "reloading" | "refreshing" | "maintenance" => Activity::Running,
        "activating" => Activity::Starting,
        "deactivating" => Activity::Stopping,
        "failed" => Activity::Failed,
        _ => Activity::Stopped,
    }
}

/// Whether a link in a `*.wants` directory is one to a unit of ours.
pub(crate) fn is_link_of_ours(link: &Path, target: &Path, site: &Site) -> bool {
    let names = [SERVICE, SOCKET];
    names.iter().any(|name| {
        link.file_name().is_some_and(|file| file == *name) && target == directory(site).join(name)
    })
}
