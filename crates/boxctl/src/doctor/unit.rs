//! What systemd knows of boxd's units.

use std::path::PathBuf;

use super::program::ask;

/// A unit as `systemctl show` tells it; what is not told is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) load: String,
    pub(super) active: String,
    pub(super) enabled: String,
    pub(super) main_pid: u32,
    pub(super) restarts: u32,
    pub(super) needs_reload: bool,
    /// The file that it was read from.
    pub(super) file: String,
    /// The program that it starts.
    pub(super) program: Option<PathBuf>,
}

const PROPERTIES: &str = "--property=LoadState,ActiveState,UnitFileState,MainPID,NRestarts,NeedDaemonReload,FragmentPath,ExecStart";

/// A unit of the user's manager, or of the system's; `None` where no systemd answers.
pub(super) fn show(name: &str, system: bool) -> Option<Unit> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let manager = if system { "--system" } else { "--user" };
    ask("systemctl", &[manager, "show", name, PROPERTIES]).map(|text| read(&text))
}

fn read(text: &str) -> Unit {
    let mut unit = Unit::default();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        match key {
            "LoadState" => value.clone_into(&mut unit.load),
            "ActiveState" => value.clone_into(&mut unit.active),
            "UnitFileState" => value.clone_into(&mut unit.enabled),
            "MainPID" => unit.main_pid = value.parse().unwrap_or_default(),
            "NRestarts" => unit.restarts = value.parse().unwrap_or_default(),
            "NeedDaemonReload" => unit.needs_reload = value == "yes",
            "FragmentPath" => value.clone_into(&mut unit.file),
            // `{ path=/usr/bin/boxd ; argv[]=/usr/bin/boxd ; ignore_errors=no ; … }`
            "ExecStart" => {
                let path = value.split_once("path=").and_then(|(_, rest)| rest.split(" ;").next());
                unit.program = path.filter(|path| !path.is_empty()).map(PathBuf::from);
            }
            _ => {}
        }
    }
    unit
}

impl Unit {
    pub(super) fn is_there(&self) -> bool {
        !matches!(self.load.as_str(), "" | "not-found" | "masked")
    }

    pub(super) fn is_active(&self) -> bool {
        matches!(self.active.as_str(), "active" | "reloading" | "activating")
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.enabled.starts_with("enabled") || self.enabled == "linked"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_systemctl_is_read() {
        let unit = read(
            "MainPID=812\nNRestarts=3\nLoadState=loaded\nActiveState=active\nFragmentPath=/u/boxd.service\n\
             UnitFileState=enabled\nNeedDaemonReload=no\n\
             ExecStart={ path=/usr/bin/boxd ; argv[]=/usr/bin/boxd ; ignore_errors=no ; pid=812 }\n",
        );
        assert!(unit.is_there() && unit.is_active() && unit.is_enabled() && !unit.needs_reload);
        assert_eq!((unit.main_pid, unit.restarts), (812, 3));
        assert_eq!(unit.program, Some("/usr/bin/boxd".into()));
        assert!(!read("LoadState=not-found\nActiveState=inactive\n").is_there());
    }
}
