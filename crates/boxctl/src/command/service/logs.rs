//! `boxctl service logs`: shows what boxd logs.

use boxd_client::Code;

use crate::{
    failure::Failure,
    service::{
        ask,
        diagnose::{Fault, diagnose},
        launchd,
        site::{Manager, Site},
        systemd, task,
    },
};

pub(super) fn run(site: &Site, follow: bool, lines: u32) -> Result<(), Failure> {
    let words = match site.manager {
        Manager::Systemd => systemd::logs(site, follow, lines),
        Manager::Launchd => launchd::logs(site, follow, lines),
        Manager::TaskScheduler => task::logs(site, follow, lines),
    };
    let program = words.first().map_or("", String::as_str);
    match ask::show(&words) {
        Ok(status) if status.success() => Ok(()),
        // Ctrl-C is how one leaves --follow; anything else the program has told.
        Ok(status) if follow && status.code().is_none() => Ok(()),
        Ok(_) => Err(Failure::told(Code::Internal)),
        Err(error) => Err(diagnose(site, program, &Fault::Start(&error))),
    }
}
