//! Why a service manager does not answer, and what then helps.

use std::io;

use boxd_client::Code;

use super::site::{Manager, Scope, Site};
use crate::failure::Failure;

/// How a program failed.
#[derive(Debug)]
pub(crate) enum Fault<'a> {
    /// It could not be started.
    Start(&'a io::Error),
    /// It ended with a failure, and this on stderr.
    Told(&'a str),
}

/// Told by whoever runs boxd where no service manager does.
const FOREGROUND: &str =
    "in a container, have its own supervisor start `boxd`, which stays in the foreground";

/// What `program` failed of.
pub(crate) fn diagnose(site: &Site, program: &str, fault: &Fault<'_>) -> Failure {
    let (detail, next_step) = words(site, program, fault);
    Failure::of(Code::Internal, detail, next_step)
}

fn words(site: &Site, program: &str, fault: &Fault<'_>) -> (String, String) {
    let told = match fault {
        Fault::Start(error) if error.kind() == io::ErrorKind::NotFound => {
            let detail = format!("{program} is not here: {} does not run this machine", site.manager.words());
            return (detail, FOREGROUND.to_owned());
        }
        Fault::Start(error) => {
            return (
                format!("{program} cannot be started: {error}"),
                format!("see what is wrong with {program}"),
            );
        }
        Fault::Told(told) => told.trim(),
    };
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if site.manager == Manager::Systemd && says(&["not been booted with systemd"]) {
        return ("systemd does not run this machine".to_owned(), FOREGROUND.to_owned());
    }
    if says(&["Access denied", "authentication required", "ermission denied"]) {
        let detail = format!("{program} is not allowed to do that: {}", first_line(told));
        return (detail, "run it as the user whose service it is; for the system's, with sudo".to_owned());
    }
    if site.manager == Manager::Systemd && says(&["Failed to connect to", "XDG_RUNTIME_DIR"]) {
        let detail = format!("no service manager answers here: {}", first_line(told));
        let next_step = match site.scope {
            Scope::User => format!(
                "log in by ssh or at the machine rather than by su or sudo, or start this user's manager without a \
                 session: `loginctl enable-linger`; {FOREGROUND}"
            ),
            Scope::System => FOREGROUND.to_owned(),
        };
        return (detail, next_step);
    }
    // Where to look is said below, in boxctl's own words.
    let news = |line: &&str| !line.is_empty() && !line.starts_with("See ") && !line.starts_with("Warning: ");
    let told = told.lines().filter(news).collect::<Vec<_>>().join("; ");
    let told = if told.is_empty() { "it does not say why" } else { &told };
    (format!("{program} failed: {told}"), format!("see `{}`", site.command("logs").replace("sudo ", "")))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_a_next_step() {
        let mut site = crate::service::tests::site(Manager::Systemd, Scope::User);
        let absent = io::Error::from(io::ErrorKind::NotFound);
        let table = [
            (Fault::Start(&absent), "systemctl is not here: systemd does not run this machine", "foreground"),
            (
                Fault::Told(
                    "System has not been booted with systemd as init system (PID 1). Can't operate.\n",
                ),
                "systemd does not run this machine",
                "foreground",
            ),
            (
                Fault::Told(
                    "Failed to connect to bus: $DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR not defined\n",
                ),
                "no service manager answers here: Failed to connect to bus",
                "loginctl enable-linger",
            ),
            (
                Fault::Told(
                    "Failed to start boxd.service: Interactive authentication required.\nSee system logs\n",
                ),
                "systemctl is not allowed to do that: Failed to start boxd.service",
                "sudo",
            ),
            (
                Fault::Told("Warning: stale\nJob failed.\nSee \"systemctl status\" for details.\n"),
                "systemctl failed: Job failed.",
                "see `boxctl service logs`",
            ),
            (Fault::Told(" \n"), "systemctl failed: it does not say why", "see `boxctl service logs`"),
        ];
        for (fault, detail, next_step) in table {
            let (told, then) = words(&site, "systemctl", &fault);
            assert!(told.starts_with(detail) && then.contains(next_step), "{fault:?}: {told}; {then}");
        }
        site.scope = Scope::System;
        let (_, then) = words(&site, "systemctl", &Fault::Told("Failed to connect to bus: Host is down"));
        assert_eq!(then, FOREGROUND);
    }
}
