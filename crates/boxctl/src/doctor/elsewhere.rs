//! Check `service` where launchd or Windows' task scheduler starts boxd.

use super::finding::Finding;
use crate::service::{
    observe::observe,
    site::{Scope, Site},
    state::{Activity, State},
};

/// The service of this user, or of the system.
pub(super) fn check(name: &'static str, system: bool) -> Finding {
    let site = Site::of_this_process(if system { Scope::System } else { Scope::User });
    match site.and_then(|site| observe(&site).map(|seen| (site, seen))) {
        Ok((site, seen)) => {
            let installed = seen.is_installed() || seen.state.known;
            judge(name, installed, &seen.state, site.manager.words(), |verb| site.command(verb))
        }
        Err(failure) => Finding::skipped(name, failure.problem.detail),
    }
}

fn judge(
    name: &'static str,
    installed: bool,
    state: &State,
    manager: &str,
    command: impl Fn(&str) -> String,
) -> Finding {
    if !installed {
        let evidence = "boxd is not installed as a service: it does not come back after a crash or a reboot";
        return Finding::warn(name, evidence, command("install"));
    }
    if !state.known || !state.enabled {
        let evidence = format!("boxd is installed, but {manager} does not start it");
        return Finding::warn(name, evidence, command("start"));
    }
    if state.activity.is_failing() {
        let last = state.last_end().map(|end| format!(" ({end})")).unwrap_or_default();
        let remedy = format!("see why: {}; then: {}", command("logs"), command("start"));
        return Finding::fail(name, format!("boxd is {}{last}", state.activity.as_str()), remedy);
    }
    if state.outdated {
        let evidence = "boxd was replaced since it started: the old program still runs";
        return Finding::warn(name, evidence, command("restart"));
    }
    if state.activity == Activity::Stopped && state.listening != Some(true) {
        return Finding::warn(name, format!("{manager} has boxd, and it is stopped"), command("start"));
    }
    Finding::ok(name, format!("{manager} starts boxd by itself; it is {}", state.activity.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State as Verdict, *};

    fn judged(installed: bool, state: &State) -> (Verdict, String) {
        let found = judge("service", installed, state, "launchd", |verb| format!("boxctl service {verb}"));
        (found.state, found.remedy.unwrap_or_default())
    }

    #[test]
    fn what_would_not_come_back_is_told_with_the_command_that_helps() {
        let running = State { known: true, enabled: true, activity: Activity::Running, ..State::default() };
        assert_eq!(judged(true, &running).0, Verdict::Ok);
        let waits = State { activity: Activity::Stopped, listening: Some(true), ..running.clone() };
        assert_eq!(judged(true, &waits).0, Verdict::Ok, "it starts with the first client");
        for (installed, state, verb) in [
            (false, State::default(), "install"),
            (true, State::default(), "start"),
            (true, State { enabled: false, ..running.clone() }, "start"),
            (true, State { activity: Activity::Stopped, ..running.clone() }, "start"),
            (true, State { outdated: true, ..running.clone() }, "restart"),
        ] {
            assert_eq!(judged(installed, &state), (Verdict::Warn, format!("boxctl service {verb}")));
        }
        let failed = State { activity: Activity::Failed, last_exit: Some(78), ..running };
        let (verdict, remedy) = judged(true, &failed);
        assert!(verdict == Verdict::Fail && remedy.contains("boxctl service logs"), "{remedy}");
    }
}
