//! `boxctl service status`: whether boxd is installed, enabled, running, and as it was installed.

use boxd_client::Code;
use serde_json::{Value, json};

use super::report;
use crate::{
    failure::Failure,
    output::print,
    service::{
        judge::Present,
        observe::observe,
        site::{Scope, Site},
        state::{Activity, Seen, State},
    },
    terminal::{Terminal, Tone, tame},
};

pub(super) fn run(site: &Site, as_json: bool) -> Result<(), Failure> {
    let seen = observe(site)?;
    if as_json {
        report::print_json(object(site, &seen))?;
    } else {
        print(&text(site, &seen))?;
    }
    let serves = seen.state.activity == Activity::Running || seen.state.listening == Some(true);
    if serves { Ok(()) } else { Err(Failure::told(Code::Unreachable)) }
}

fn object(site: &Site, seen: &Seen) -> serde_json::Map<String, Value> {
    let State { enabled, activity, listening, pid, since, last_exit, restarts, words, lingers, .. } =
        &seen.state;
    let program = seen.state.program.as_ref().unwrap_or(&site.boxd);
    let path = |path: &std::path::PathBuf| Value::from(path.display().to_string());
    let file = |placed: &crate::service::judge::Placed| json!({ "path": path(&placed.file.path), "is": name(&placed.present) });
    let value = json!({
        "installed": seen.is_installed(),
        "enabled": enabled,
        "state": activity.as_str(),
        "pid": pid,
        "since": since.map(boxd_json::date),
        "last_exit": last_exit,
        "restarts": restarts,
        "says": words,
        "socket": { "path": site.socket.as_ref().map(path), "listening": listening },
        "program": { "path": path(program), "exists": program.exists() },
        "files": seen.files.iter().map(file).collect::<Vec<_>>(),
        "unit_file": seen.state.unit_file.as_ref().map(path),
        "edited": seen.files.iter().any(|placed| !placed.present.is_ours()),
        "drop_ins": seen.drop_ins.iter().map(path).collect::<Vec<_>>(),
        "lingers": lingers,
    });
    let mut object = report::head(site);
    if let Value::Object(members) = value {
        object.extend(members);
    }
    object
}

fn name(present: &Present) -> &'static str {
    match present {
        Present::Absent => "absent",
        Present::Same => "as installed",
        Present::Older => "of another version or place",
        Present::Edited(_) => "edited by hand",
        Present::Foreign(_) => "not by boxctl",
        Present::Link(_) => "a link",
    }
}

fn text(site: &Site, seen: &Seen) -> String {
    let terminal = Terminal::of_stdout();
    let State { enabled, activity, listening, pid, since, restarts, words, lingers, .. } = &seen.state;
    let mut lines: Vec<(&str, String)> = Vec::new();
    let tone = match activity {
        Activity::Running => Tone::Good,
        Activity::Failed | Activity::Retrying => Tone::Bad,
        Activity::Stopped => Tone::Faint,
        Activity::Starting | Activity::Stopping => Tone::Busy,
    };
    let mut state = terminal.paint(tone, activity.as_str());
    state += &pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
    state += &since.map(|since| format!(", since {}", boxd_json::date(since))).unwrap_or_default();
    state += &seen.state.last_end().map(|end| format!(", {end}")).unwrap_or_default();
    state += &restarts.filter(|n| *n > 0).map(|n| format!(", restarted {n} times")).unwrap_or_default();
    state += &Some(tame(words))
        .filter(|words| !words.is_empty())
        .map(|words| format!(" ({words})"))
        .unwrap_or_default();
    lines.push(("state", state));
    if !seen.is_installed() {
        lines.push(("installed", format!("no; next: `{}`", site.command("install"))));
    }
    lines.push((
        "enabled",
        if *enabled { "yes, it starts by itself" } else { "no, it does not start by itself" }.into(),
    ));
    if let Some(socket) = &site.socket {
        let listening = match listening {
            Some(true) => ", held open by the service manager",
            Some(false) => ", not held open",
            None => "",
        };
        lines.push(("socket", format!("{}{listening}", socket.display())));
    }
    let program = seen.state.program.as_ref().unwrap_or(&site.boxd);
    let missing = if program.exists() { "" } else { ", which does not exist" };
    lines.push(("program", format!("{}{missing}", program.display())));
    for placed in seen.files.iter().filter(|placed| placed.present != Present::Absent) {
        lines.push(("file", format!("{}, {}", placed.file.path.display(), name(&placed.present))));
    }
    lines.extend(seen.packaged.iter().map(|path| ("file", format!("{}, of a package", path.display()))));
    lines.extend(seen.drop_ins.iter().map(|path| ("drop-in", format!("{}, yours", path.display()))));
    if site.scope == Scope::User {
        let lingers = match lingers {
            Some(true) => "also while you are not logged on",
            Some(false) => "only while you are logged on",
            None => "not known",
        };
        lines.push(("runs", lingers.to_owned()));
    }
    let lines: Vec<String> = lines.into_iter().map(|(name, value)| format!("{name:<11}{value}\n")).collect();
    lines.concat()
}
