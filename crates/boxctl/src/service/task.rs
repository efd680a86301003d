//! Windows' task scheduler: which task, and which commands in which order.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    judge::{Placed, Present},
    plan::{Encoding, File, Plan, Step},
    site::Site,
    stamp::{Comment, stamp},
    state::{Activity, Seen, State},
    systemd::Verb,
    text::{Unfit, xml, xml_path},
};

const TASK: &str = include_str!("task.xml");

/// What stands in the shipped file for what only the installation knows.
const BOXD: &str = r"C:\Users\YOU\.cargo\bin\boxd.exe";
const LOG: &str = r"C:\Users\YOU\AppData\Local\boxd\boxd.log";
const USER: &str = r"DOMAIN\YOU";

/// The task's name, in the scheduler's root folder.
pub(crate) const NAME: &str = "boxd";

/// What holds against the scheduler's copy: [`Present`] as judged by both, where `present` is that of the kept file.
pub(crate) fn judge(present: Present, registered: Option<&str>, kept: &str) -> Present {
    match (present, registered) {
        (Present::Absent, Some(registered)) => Present::Foreign(registered.to_owned()),
        (Present::Same | Present::Older, Some(registered)) if is_edited(registered, kept) => {
            Present::Edited(registered.to_owned())
        }
        (present, _) => present,
    }
}

/// Children of elements that the scheduler writes anew by itself, or that `stop` sets.
const NOT_COMPARED: [&str; 3] = ["/UserId", "/RegistrationInfo/", "/Settings/Enabled"];

/// A file of this user's boxd. Not joined as a path, since plans for Windows are tested elsewhere too.
fn own(site: &Site, name: &str) -> PathBuf {
    format!("{}\\boxd\\{name}", site.local_app_data.display()).into()
}

/// Where the log is.
pub(crate) fn log(site: &Site) -> PathBuf {
    own(site, "boxd.log")
}

/// The task. It is kept: an edit of the registered one is known by it.
pub(crate) fn files(site: &Site) -> Result<Vec<File>, Unfit> {
    let (boxd, log) = (xml_path(&site.boxd)?, xml_path(&log(site))?);
    let text = TASK.replace(BOXD, &boxd).replace(LOG, &log).replace(USER, &xml(&site.windows_user));
    Ok(vec![File {
        path: own(site, "task.xml"),
        mode: 0o600,
        text: stamp(&text, Comment::Xml),
        encoding: Encoding::Utf16,
    }])
}

/// Registers the task, or brings it up to date; empty where there is nothing to do.
pub(crate) fn install(seen: &Seen, force: bool) -> Plan {
    let mut plan = Plan::default();
    let known = seen.state.known;
    for placed in &seen.files {
        let due = placed.is_due(force);
        if due {
            plan.steps.extend(keep(placed));
            plan.steps.push(Step::Write(placed.file.clone()));
        }
        if due || !known && placed.present.is_ours() {
            if seen.state.activity.is_up() {
                end(&mut plan);
            }
            let path = placed.file.path.to_string_lossy();
            plan.run(&["schtasks", "/Create", "/TN", NAME, "/XML", &path, "/F"]);
            plan.run_last(&["schtasks", "/Run", "/TN", NAME]);
        }
    }
    if plan.steps.is_empty() && !(seen.state.enabled && seen.state.activity.is_up()) {
        return control(Verb::Start);
    }
    if plan.steps.is_empty() && seen.state.outdated {
        return control(Verb::Restart);
    }
    plan
}

/// Takes the task out again.
pub(crate) fn uninstall(seen: &Seen) -> Plan {
    let mut plan = Plan::default();
    if seen.files.iter().any(|placed| matches!(placed.present, Present::Foreign(_))) {
        return plan;
    }
    for placed in &seen.files {
        plan.steps.extend(keep(placed));
    }
    if seen.state.known {
        // First: the trigger that brings a dead boxd back would start it again.
        plan.try_run(&["schtasks", "/Change", "/TN", NAME, "/DISABLE"]);
        end(&mut plan);
        plan.run(&["schtasks", "/Delete", "/TN", NAME, "/F"]);
    }
    for placed in seen.files.iter().filter(|placed| placed.present != Present::Absent) {
        plan.steps.push(Step::Remove(placed.file.path.clone()));
    }
    plan
}

/// A copy of what a person made of the task: the scheduler has the only one.
fn keep(placed: &Placed) -> Option<Step> {
    let text = placed.present.by_hand()?.to_owned();
    Some(Step::Write(File { path: placed.aside.clone(), text, ..placed.file.clone() }))
}

/// The scheduler cannot ask a program to end, only end it, which closes its console: Windows then leaves it five seconds,
/// less than a renewal may take. So boxd is asked first.
fn end(plan: &mut Plan) {
    plan.steps.push(Step::EndDaemon);
    plan.try_run(&["schtasks", "/End", "/TN", NAME]);
}

/// Starts, stops or restarts.
pub(crate) fn control(verb: Verb) -> Plan {
    let mut plan = Plan::default();
    match verb {
        Verb::Start => {
            plan.run_last(&["schtasks", "/Change", "/TN", NAME, "/ENABLE"]);
            plan.run_last(&["schtasks", "/Run", "/TN", NAME]);
        }
        Verb::Stop => {
            // First: the trigger that brings a dead boxd back would start it again.
            plan.run_last(&["schtasks", "/Change", "/TN", NAME, "/DISABLE"]);
            end(&mut plan);
        }
        Verb::Restart => {
            end(&mut plan);
            plan.run_last(&["schtasks", "/Run", "/TN", NAME]);
        }
    }
    plan
}

/// The command that shows the log.
pub(crate) fn logs(site: &Site, follow: bool, lines: u32) -> Vec<String> {
    let path = log(site).to_string_lossy().replace('\'', "''");
    let wait = if follow { " -Wait" } else { "" };
    let script = format!("Get-Content -LiteralPath '{path}' -Encoding UTF8 -Tail {lines}{wait}");
    ["powershell", "-NoProfile", "-NonInteractive", "-Command", &script].map(str::to_owned).into()
}

/// Reads the registered task (`schtasks /Query /XML`; all else that it prints is in the user's language) and what is
/// known of the daemon by its pipe.
pub(crate) fn parse(registered: Option<&str>, pid: Option<u32>) -> State {
    let leaves = registered.map(leaves);
    let value =
        |path: &str| leaves.as_ref().and_then(|leaves| leaves.get(path)).and_then(|found| found.first());
    State {
        known: registered.is_some(),
        enabled: registered.is_some() && value("/Task/Settings/Enabled").is_none_or(|value| value == "true"),
        activity: if pid.is_some() { Activity::Running } else { Activity::Stopped },
        pid,
        lingers: Some(false),
        ..State::default()
    }
}

/// Whether a person changed the registered task since boxctl registered what is in `kept`.
fn is_edited(registered: &str, kept: &str) -> bool {
    let (registered, kept) = (leaves(&plain(registered)), leaves(&plain(kept)));
    let compared = |path: &&String| !NOT_COMPARED.iter().any(|part| path.contains(part));
    let changed = |path: &String| registered.get(path).is_some_and(|found| Some(found) != kept.get(path));
    // What has its default the scheduler may leave out; what it adds counts where it makes boxd do something else.
    kept.keys().filter(compared).any(changed)
        || registered
            .keys()
            .filter(compared)
            .any(|path| path.starts_with("/Task/Actions") && !kept.contains_key(path))
}

/// What is not ASCII as one and the same: into a pipe schtasks writes in whatever code page the console would have.
fn plain(text: &str) -> String {
    let mut plain: String = text.chars().map(|c| if c.is_ascii() { c } else { '\u{FFFD}' }).collect();
    while plain.contains("\u{FFFD}\u{FFFD}") {
        plain = plain.replace("\u{FFFD}\u{FFFD}", "\u{FFFD}");
    }
    plain
}

/// The text of each element without children, by its path. Enough for what the scheduler writes: no CDATA, and no `>` in
/// attributes.
fn leaves(document: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut path: Vec<&str> = Vec::new();
    let mut rest = document;
    let mut was_opened = false;
    while let Some((text, tag)) = rest.split_once('<') {
        let end = if tag.starts_with("!--") { "-->" } else { ">" };
        let Some((tag, after)) = tag.split_once(end) else { break };
        rest = after;
        if tag.starts_with(['!', '?']) {
            continue;
        }
        let name = tag.trim_start_matches('/').split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
        if tag.starts_with('/') {
            if was_opened {
                found.entry(format!("/{}", path.join("/"))).or_default().push(text.trim().to_owned());
            }
            path.pop();
            was_opened = false;
        } else if !tag.ends_with('/') {
            path.push(name);
            was_opened = true;
        }
    }
    found
}
