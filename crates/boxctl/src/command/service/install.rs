//! `boxctl service install`: puts the service in, or brings it up to date.

use std::path::Path;

use boxd_client::{Code, Info};
use serde_json::json;

use super::report;
use crate::{
    failure::Failure,
    output::print,
    service::{
        execute::execute,
        launchd,
        observe::{nothing, observe, serving},
        plan::Plan,
        site::{Manager, Scope, Site},
        state::{Seen, State},
        systemd, task,
    },
};

/// `--print`: what a first installation does here.
pub(super) fn print_plan(site: &Site, as_json: bool) -> Result<(), Failure> {
    let plan = plan(site, &nothing(site)?, false);
    if !as_json {
        return print(&plan.to_text());
    }
    let mut object = report::head(site);
    object.insert("steps".into(), plan.to_json());
    report::print_json(object)
}

pub(super) fn run(site: &Site, force: bool, as_json: bool) -> Result<(), Failure> {
    startable(site)?;
    let seen = observe(site)?;
    let plan = plan(site, &seen, force);
    if !seen.state.activity.is_up() && !plan.steps.is_empty() {
        alone(site, &seen)?;
    }
    execute(site, &plan)?;
    let now = observe(site)?;
    let changed = !plan.steps.is_empty();
    let (kept, notes) = (report::kept(&now), notes(site, &now));
    if as_json {
        let mut object = report::head(site);
        object.insert("changed".into(), changed.into());
        object.insert("steps".into(), plan.to_json());
        object.insert(
            "kept".into(),
            kept.iter().map(|(path, diff)| json!({ "path": path, "diff": diff })).collect(),
        );
        object.insert("state".into(), now.state.activity.as_str().into());
        object.insert("lingers".into(), now.state.lingers.into());
        object.insert("notes".into(), notes.into());
        report::print_json(object)?;
        return started(site, &now.state);
    }
    let what = if changed { "installed" } else { "already installed" };
    let mut lines = report::done(&plan);
    lines.push(format!(
        "boxd is {what} as a {} service of {} and {}",
        site.scope.as_str(),
        site.manager.words(),
        now.state.activity.as_str()
    ));
    for (path, diff) in kept {
        lines.push(format!("kept: {path} is not as boxctl would write it (-), which is (+):"));
        lines.extend(diff.lines().map(str::to_owned));
        lines.push(format!("  to have it replaced: `{} --force`", site.command("install")));
    }
    lines.extend(notes);
    print(&(lines.join("\n") + "\n"))?;
    started(site, &now.state)
}

/// Whether all is well with what is installed now.
fn started(site: &Site, state: &State) -> Result<(), Failure> {
    if !state.activity.is_failing() {
        return Ok(());
    }
    let end = state.last_end().map(|end| format!(" ({end})")).unwrap_or_default();
    let next_step = format!("see `{}`", site.command("logs").replace("sudo ", ""));
    Err(Failure::of(
        Code::Internal,
        format!("the service is installed, but boxd does not run{end}"),
        next_step,
    ))
}

fn plan(site: &Site, seen: &Seen, force: bool) -> Plan {
    match site.manager {
        Manager::Systemd => systemd::install(site, seen, force),
        Manager::Launchd => launchd::install(site, seen, force),
        Manager::TaskScheduler => task::install(seen, force),
    }
}

/// Whether the service could start at all.
fn startable(site: &Site) -> Result<(), Failure> {
    let boxd = site.boxd.display();
    if !site.boxd.is_file() {
        let detail = format!("there is no {boxd} to be started: boxd belongs beside boxctl");
        return Err(Failure::of(
            Code::Internal,
            detail,
            "install boxd, or run the boxctl that lies beside it",
        ));
    }
    // Both homes are hidden from a system service, and closed to its user.
    let hidden = ["/home", "/root", "/Users", "/run/user", "/tmp"];
    if site.scope == Scope::System && hidden.iter().any(|home| site.boxd.starts_with(home)) {
        let detail = format!("the system's service cannot start {boxd}: it has no access to people's files");
        let next_step = "copy boxd and boxctl to /usr/local/bin, owned by root, and run that boxctl";
        return Err(Failure::of(Code::Internal, detail, next_step));
    }
    if site.scope == Scope::System
        && let Some(path) = site.boxd.ancestors().find(|path| is_closed(path))
    {
        let detail =
            format!("the system's service cannot start {boxd}: others may not enter {}", path.display());
        return Err(Failure::of(Code::Internal, detail, format!("chmod o+rx {}", path.display())));
    }
    Ok(())
}

/// Whether users other than its owner and group are kept out.
#[cfg(unix)]
fn is_closed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o001 == 0)
}

/// There is no system service there.
#[cfg(not(unix))]
fn is_closed(_path: &Path) -> bool {
    false
}

/// No daemon that somebody started by hand: it has the store, and the service would fail beside it.
fn alone(site: &Site, seen: &Seen) -> Result<(), Failure> {
    // To ask would start the service where its manager listens.
    if seen.state.listening == Some(true) || seen.state.known && site.manager == Manager::Launchd {
        return Ok(());
    }
    let Some(Info { pid, .. }) = serving(site) else { return Ok(()) };
    let detail = format!("a boxd that is no service runs already (process {pid})");
    Err(Failure::of(Code::Internal, detail, format!("end it (`kill {pid}`), then install again")))
}

/// Who called sudo, where that is a name as names are; it goes into a command that is shown.
fn who() -> String {
    let is_plain = |name: &String| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    std::env::var("SUDO_USER").ok().filter(is_plain).unwrap_or_else(|| "NAME".to_owned())
}

/// What a person should know now.
fn notes(site: &Site, seen: &Seen) -> Vec<String> {
    let mut notes = Vec::new();
    match (site.scope, site.manager) {
        (Scope::System, _) => {
            let name = who();
            let add = match site.manager {
                Manager::Launchd => format!("sudo dseditgroup -o edit -a {name} -t user boxd"),
                Manager::Systemd | Manager::TaskScheduler => format!("sudo usermod -aG boxd {name}"),
            };
            notes.push(format!("clients: members of the group boxd; `{add}`, then {name} logs in anew"));
            notes.push("config: /etc/boxd/config.toml (optional)".to_owned());
        }
        (Scope::User, Manager::Systemd) => notes.push(match seen.state.lingers {
            Some(true) => "it also runs while you are not logged on".to_owned(),
            Some(false) => "it ends with your last session; to have it run while you are not logged on, once: \
                            `loginctl enable-linger`"
                .to_owned(),
            None => "loginctl is not here: whether it runs while you are not logged on is not known".to_owned(),
        }),
        (Scope::User, Manager::Launchd) => notes.push(
            "it runs while you are logged in; for a daemon that always runs: `sudo boxctl service install --system`"
                .to_owned(),
        ),
        (Scope::User, Manager::TaskScheduler) => notes.push(
            "it runs while you are logged on; to have it run always, choose \"Run whether user is logged on or not\" \
             for the task boxd in taskschd.msc, which asks for your password"
                .to_owned(),
        ),
    }
    notes.extend(seen.drop_ins.iter().map(|path| format!("your own {} holds", path.display())));
    let log = site.command("logs").replace("sudo ", "");
    notes.push(format!("log: `{log}`"));
    notes
}
