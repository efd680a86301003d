//! What `install --print` shows on each platform: the shipped files, changed only where a path of the machine stands.

use std::path::Path;

use super::{outline, site};
use crate::service::{
    diff::diff,
    launchd,
    plan::{Plan, Step},
    site::{Manager, Scope},
    stamp,
    state::{Account, Seen, State},
    systemd, task,
};

/// The shipped file that one comes from.
fn shipped(path: &Path, scope: Scope) -> &'static str {
    match (path.to_string_lossy().rsplit(['/', '\\']).next().unwrap(), scope) {
        ("boxd.service", Scope::User) => include_str!("../../../../../systemd/boxd.service"),
        ("boxd.socket", Scope::User) => include_str!("../../../../../systemd/boxd.socket"),
        ("boxd.service", Scope::System) => include_str!("../../../../../systemd/system/boxd.service"),
        ("boxd.socket", Scope::System) => include_str!("../../../../../systemd/system/boxd.socket"),
        ("boxd.conf", _) => include_str!("../../../../../systemd/system/boxd.sysusers.conf"),
        ("io.github.boxd.agent.plist", _) => {
            include_str!("../../../../../launchd/io.github.boxd.agent.plist")
        }
        ("io.github.boxd.daemon.plist", _) => {
            include_str!("../../../../../launchd/io.github.boxd.daemon.plist")
        }
        ("task.xml", _) => include_str!("../task.xml"),
        (other, _) => panic!("{other} is no file of ours"),
    }
}

/// Each step, and of each file the lines that are not as shipped.
fn shown(plan: &Plan, scope: Scope) -> String {
    let mut lines = Vec::new();
    for (step, line) in plan.steps.iter().zip(outline(plan)) {
        lines.push(line);
        let Step::Write(file) = step else { continue };
        lines.push(format!("  at {} mode {:o}", file.path.display(), file.mode));
        let difference = diff(shipped(&file.path, scope), &file.text);
        let changed = difference.lines().filter(|line| line.starts_with('+'));
        // A stamp has the version in it.
        let shown = |line| if stamp::is_stamp(line) { "+(the stamp)" } else { line };
        lines.extend(changed.map(|line| format!("  {}", shown(line))));
    }
    lines.join("\n")
}

#[test]
fn first_installations() {
    let table = [
        (Manager::Systemd, Scope::User, Account::NotNeeded),
        (Manager::Systemd, Scope::System, Account::BySysusers),
        (Manager::Launchd, Scope::User, Account::NotNeeded),
        (Manager::Launchd, Scope::System, Account::ByDscl { id: 499 }),
        (Manager::TaskScheduler, Scope::User, Account::NotNeeded),
    ];
    let mut found = Vec::new();
    for (manager, scope, account) in table {
        let site = site(manager, scope);
        let files = match manager {
            Manager::Systemd => systemd::files(&site),
            Manager::Launchd => launchd::files(&site, account),
            Manager::TaskScheduler => task::files(&site),
        };
        let domain = if scope == Scope::User { "gui/501" } else { "system" }.to_owned();
        let files = files.unwrap();
        let absent = vec![super::Present::Absent; files.len()];
        let seen: Seen = super::seen(files, &absent, account, State { domain, ..State::default() });
        let plan = match manager {
            Manager::Systemd => systemd::install(&site, &seen, false),
            Manager::Launchd => launchd::install(&site, &seen, false),
            Manager::TaskScheduler => task::install(&seen, false),
        };
        found.push(format!("== {} {}\n{}\n", manager.as_str(), scope.as_str(), shown(&plan, scope)));
    }
    let found = found.concat();
    assert_eq!(found, include_str!("golden.txt"), "the plans are now:\n{found}");
}
