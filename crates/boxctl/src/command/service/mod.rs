//! `boxctl service`: boxd under the service manager of this platform.

mod args;
mod control;
mod install;
mod logs;
mod report;
mod status;
mod uninstall;

use boxd_client::Code;

use args::Action;
pub(crate) use args::Service;

use crate::{
    failure::Failure,
    global::Global,
    service::{
        site::{Scope, Site},
        systemd::Verb,
    },
};

pub(super) fn run(global: &Global, service: &Service) -> Result<(), Failure> {
    if global.socket.is_some() || global.state_dir.is_some() {
        return Err(Failure::usage(
            "a service has its own places: --socket and --state-dir mean nothing to it",
            "for other places add a drop-in to the unit, as README.md says",
        ));
    }
    let site = Site::of_this_process(if global.system { Scope::System } else { Scope::User })?;
    let json = global.json;
    match &service.action {
        Action::Install { print: true, .. } => install::print_plan(&site, json),
        Action::Install { force, .. } => {
            as_root(&site, "install").and_then(|()| install::run(&site, *force, json))
        }
        Action::Uninstall => as_root(&site, "uninstall").and_then(|()| uninstall::run(&site, json)),
        Action::Start => as_root(&site, "start").and_then(|()| control::run(&site, Verb::Start, json)),
        Action::Stop => as_root(&site, "stop").and_then(|()| control::run(&site, Verb::Stop, json)),
        Action::Restart => as_root(&site, "restart").and_then(|()| control::run(&site, Verb::Restart, json)),
        Action::Status => status::run(&site, json),
        Action::Logs { follow, lines } => logs::run(&site, *follow, *lines),
    }
}

/// What belongs to the system only root may change.
fn as_root(site: &Site, verb: &str) -> Result<(), Failure> {
    if site.scope == Scope::User || site.uid == 0 {
        return Ok(());
    }
    let next_step = format!("run `{}`, or leave --system out for a service of your own", site.command(verb));
    Err(Failure::of(Code::Internal, "the system's service needs root", next_step))
}
