//! Check `service`: whether boxd comes back by itself after a crash and a reboot.

use super::{
    elsewhere,
    finding::Finding,
    scene::Scene,
    unit::{self, Unit},
};

const NAME: &str = "service";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    if !cfg!(target_os = "linux") {
        return vec![elsewhere::check(NAME, scene.system)];
    }
    let manager = Manager { system: scene.system };
    let Some((service, socket)) =
        unit::show("boxd.service", scene.system).zip(unit::show("boxd.socket", scene.system))
    else {
        return vec![Finding::skipped(NAME, "no service manager answers that doctor can ask")];
    };
    let daemon = scene.answering().map(|answering| answering.info.pid);
    vec![manager.judge(&service, &socket, daemon)]
}

/// Whose systemd is asked.
struct Manager {
    system: bool,
}

impl Manager {
    fn judge(&self, service: &Unit, socket: &Unit, daemon: Option<u32>) -> Finding {
        let (option, systemctl) = self.words();
        let told =
            format!("{} is {}, {}", unit_name(&service.file), service.active, or_not(&service.enabled));
        if !service.is_there() {
            let evidence = if service.load == "masked" {
                "boxd.service is masked: it cannot be started"
            } else {
                "boxd is not installed as a service: it does not come back after a crash or a reboot"
            };
            return Finding::warn(NAME, evidence, format!("boxctl service install{option}"));
        }
        if service.active == "failed" {
            let remedy = format!(
                "see why: boxctl service logs{option}; then: {systemctl} reset-failed boxd.service && boxctl service \
                 start{option}"
            );
            return Finding::fail(NAME, told, remedy);
        }
        if service.needs_reload {
            let evidence = format!("{told}, but its unit file was changed since it was read");
            let remedy = format!("{systemctl} daemon-reload && boxctl service restart{option}");
            return Finding::warn(NAME, evidence, remedy);
        }
        if let Some(pid) = daemon.filter(|pid| *pid != service.main_pid) {
            let evidence =
                format!("{told}; but the boxd that answers is process {pid}, which is not of the service");
            return Finding::warn(
                NAME,
                evidence,
                format!("end that one, then: boxctl service start{option}"),
            );
        }
        if !service.is_enabled() && !socket.is_enabled() {
            let remedy = format!(
                "{systemctl} enable {}",
                if socket.is_there() { "boxd.socket" } else { "boxd.service" }
            );
            return Finding::warn(NAME, format!("{told}: it does not start by itself"), remedy);
        }
        if !service.is_active() && !socket.is_active() {
            return Finding::warn(NAME, told, format!("boxctl service start{option}"));
        }
        let socket = if socket.is_active() { "; boxd.socket listens" } else { "" };
        let restarts = match service.restarts {
            0 => String::new(),
            often => format!("; restarted {often} times by itself"),
        };
        Finding::ok(NAME, format!("{told}{socket}{restarts}"))
    }

    fn words(&self) -> (&'static str, &'static str) {
        if self.system { (" --system", "systemctl") } else { ("", "systemctl --user") }
    }
}

fn unit_name(file: &str) -> &str {
    if file.is_empty() { "boxd.service" } else { file }
}

fn or_not(enabled: &str) -> &str {
    if enabled.is_empty() { "not enabled" } else { enabled }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    const USER: Manager = Manager { system: false };

    fn unit(active: &str, enabled: &str) -> Unit {
        Unit {
            load: "loaded".into(),
            active: active.into(),
            enabled: enabled.into(),
            main_pid: 7,
            ..Unit::default()
        }
    }

    fn judged(service: &Unit, socket: &Unit, daemon: Option<u32>) -> (State, String) {
        let found = USER.judge(service, socket, daemon);
        (found.state, found.remedy.unwrap_or_default())
    }

    #[test]
    fn an_enabled_service_or_socket_is_in_order() {
        let none = Unit::default();
        assert_eq!(judged(&unit("active", "enabled"), &none, Some(7)).0, State::Ok);
        let waits = judged(&unit("inactive", "static"), &unit("active", "enabled"), None);
        assert_eq!(waits.0, State::Ok, "it starts with the first client");
    }

    #[test]
    fn what_would_not_come_back_is_told() {
        let none = Unit::default();
        assert_eq!(judged(&none, &none, Some(7)), (State::Warn, "boxctl service install".into()));
        let off = judged(&unit("active", "disabled"), &none, Some(7));
        assert_eq!(off, (State::Warn, "systemctl --user enable boxd.service".into()));
        assert_eq!(judged(&unit("failed", "enabled"), &none, None).0, State::Fail);
        let other = judged(&unit("active", "enabled"), &none, Some(8));
        assert!(other.0 == State::Warn && other.1.contains("end that one"), "{other:?}");
        let changed = Unit { needs_reload: true, ..unit("active", "enabled") };
        assert!(judged(&changed, &none, Some(7)).1.starts_with("systemctl --user daemon-reload"));
    }
}
