//! `boxctl service start`, `stop` and `restart`.

use boxd_client::Code;

use super::report;
use crate::{
    failure::Failure,
    output::print,
    service::{
        execute::execute,
        launchd,
        observe::observe,
        site::{Manager, Site},
        systemd::{self, Verb},
        task,
    },
};

pub(super) fn run(site: &Site, verb: Verb, as_json: bool) -> Result<(), Failure> {
    let seen = observe(site)?;
    if !seen.is_installed() && !seen.state.known {
        let next_step = format!("run `{}`", site.command("install"));
        return Err(Failure::of(Code::Internal, "boxd is not installed as a service", next_step));
    }
    let plan = match site.manager {
        Manager::Systemd => systemd::control(site, &seen, verb),
        Manager::Launchd => launchd::control(site, &seen, verb),
        Manager::TaskScheduler => task::control(verb),
    };
    execute(site, &plan)?;
    let state = observe(site)?.state;
    if as_json {
        let mut object = report::head(site);
        object.insert("state".into(), state.activity.as_str().into());
        object.insert("pid".into(), state.pid.into());
        return report::print_json(object);
    }
    let pid = state.pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
    print(&format!("boxd is {}{pid}\n", state.activity.as_str()))
}
