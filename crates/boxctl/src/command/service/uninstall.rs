//! `boxctl service uninstall`: takes out what `install` put there.

use serde_json::json;

use super::report;
use crate::{
    daemon,
    failure::Failure,
    output::print,
    service::{
        execute::execute,
        judge::Present,
        launchd,
        observe::observe,
        site::{Manager, Scope, Site},
        state::Seen,
        systemd, task,
    },
};

pub(super) fn run(site: &Site, as_json: bool) -> Result<(), Failure> {
    let seen = observe(site)?;
    let plan = match site.manager {
        Manager::Systemd => systemd::uninstall(site, &seen),
        Manager::Launchd => launchd::uninstall(site, &seen),
        Manager::TaskScheduler => task::uninstall(&seen),
    };
    // Asked while it still runs.
    let places = seen.state.activity.is_up().then(|| daemon::places(site.socket.as_deref())).flatten();
    execute(site, &plan)?;
    let changed = !plan.steps.is_empty();
    let stays = stays(site, &seen, places);
    if as_json {
        let mut object = report::head(site);
        object.insert("changed".into(), changed.into());
        object.insert("steps".into(), plan.to_json());
        object.insert("stays".into(), json!(stays));
        return report::print_json(object);
    }
    let mut lines = report::done(&plan);
    let outcome =
        if changed { "boxd is no service any more" } else { "boxd is not installed as a service by boxctl" };
    lines.push(outcome.to_owned());
    lines.extend(stays);
    print(&(lines.join("\n") + "\n"))
}

/// What is not ours to take away.
fn stays(site: &Site, seen: &Seen, places: Option<(String, String)>) -> Vec<String> {
    let mut stays = Vec::new();
    let foreign = |present: &Present| matches!(present, Present::Foreign(_) | Present::Link(_));
    for placed in seen.files.iter().filter(|placed| foreign(&placed.present)) {
        stays.push(format!("{} stays: boxctl did not write it", placed.file.path.display()));
    }
    if let Some(unit) = &seen.packaged {
        stays.push(format!("{} stays: it belongs to a package; the service is off", unit.display()));
    }
    stays.extend(seen.drop_ins.iter().map(|path| format!("your own {} stays", path.display())));
    let (state, config) = places.unwrap_or_else(|| default_places(site));
    stays.push(format!("logins stay in {state}, the config in {config}"));
    if site.scope == Scope::System {
        stays.push("the user and group boxd stay: the logins are theirs".to_owned());
    }
    stays
}

/// Where a boxd that was not told otherwise keeps things (as `directories` says).
fn default_places(site: &Site) -> (String, String) {
    let (state, config) = match (site.manager, site.scope) {
        (Manager::Systemd, Scope::System) => ("/var/lib/boxd".into(), "/etc/boxd".into()),
        (Manager::Launchd, Scope::System) => ("/var/db/boxd".into(), "/etc/boxd".into()),
        (Manager::Systemd, Scope::User) => {
            (site.home.join(".local/state/boxd"), site.config_home.join("boxd"))
        }
        (Manager::Launchd, Scope::User) => {
            let support = site.home.join("Library/Application Support/boxd");
            (support.clone(), support)
        }
        (Manager::TaskScheduler, _) => {
            let data = site.local_app_data.join("boxd");
            (data.join("data"), site.home.join("AppData").join("Roaming").join("boxd").join("config"))
        }
    };
    (state.display().to_string(), config.display().to_string())
}
