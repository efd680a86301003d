//! `boxctl paths`: shows the places in use.

use crate::{args::Place, daemon, failure::Failure, global::Global, output::print, terminal::tame};

/// boxd logs to stderr, or to the file of `--log-file`; its service manager decides where stderr goes.
const LOG: &str = if cfg!(windows) {
    "stderr of boxd (where it has none, as from the Task Scheduler: boxd.log in the state directory)"
} else if cfg!(target_os = "macos") {
    "stderr of boxd (as a launchd agent: ~/Library/Logs/boxd.log)"
} else {
    "stderr of boxd (as a systemd user service: journalctl --user -u boxd)"
};

pub(super) fn run(global: &Global, what: Option<Place>) -> Result<(), Failure> {
    let log = (Place::Log, "log", LOG.to_owned());
    let places = match what {
        // These are found without a daemon, so that scripts can rely on them.
        Some(Place::Socket) => {
            vec![(Place::Socket, "socket", daemon::socket(global, true)?.display().to_string())]
        }
        Some(Place::Log) => vec![log],
        _ => {
            let info = daemon::connect_any(global)?.info()?;
            vec![
                (Place::Socket, "socket", info.socket),
                (Place::Config, "config", info.config_file),
                (Place::State, "state", info.state_dir),
                log,
            ]
        }
    };
    let chosen = places.iter().filter(|(place, ..)| what.is_none_or(|what| what == *place));
    if global.json {
        let object: serde_json::Map<_, _> =
            chosen.map(|(_, name, path)| ((*name).to_owned(), path.clone().into())).collect();
        return print(&(boxd_json::line(&object.into()) + "\n"));
    }
    let lines: Vec<String> = match what {
        Some(_) => chosen.map(|(.., path)| tame(path) + "\n").collect(),
        None => chosen.map(|(_, name, path)| format!("{name:<8}{}\n", tame(path))).collect(),
    };
    print(&lines.concat())
}
