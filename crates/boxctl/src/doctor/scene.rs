//! What the checks look at: the daemon as it answers, and the places where it keeps things.

use std::{cell::RefCell, io::IsTerminal as _, path::PathBuf};

use boxd_client::{AccountStatus, Client, Environment, Error, Info, Reached, SYSTEM_SOCKET};

use crate::{daemon, global::Global, output::draw};

/// The machine as `boxctl doctor` found it.
pub(super) struct Scene {
    /// Where the daemon's socket is.
    pub(super) socket: Result<PathBuf, String>,
    /// The daemon, or why it cannot be asked.
    pub(super) daemon: Result<Answering, Error>,
    /// It is the system's daemon.
    pub(super) system: bool,
    /// The config file, which need not exist; `None` where it is not known.
    pub(super) config: Option<PathBuf>,
    /// The state directory; `None` where it is not known.
    pub(super) state_dir: Option<PathBuf>,
}

/// A daemon that answers.
pub(super) struct Answering {
    pub(super) info: Info,
    /// The ways to Box, as the daemon tried them.
    pub(super) ways: Result<Vec<Reached>, Error>,
    pub(super) accounts: Result<Vec<AccountStatus>, Error>,
    pub(super) client: RefCell<Client>,
}

impl Scene {
    pub(super) fn of_this_machine(global: &Global) -> Self {
        let socket = daemon::socket(global, true);
        let system = global.system
            || matches!(&socket, Ok(socket) if socket.as_os_str() == std::ffi::OsStr::new(SYSTEM_SOCKET));
        let daemon = daemon::connect_any(global).and_then(Answering::of);
        let told = daemon.as_ref().ok().map(|answering| &answering.info);
        let place = |told: Option<&String>, usual: fn(&Global, bool) -> Option<PathBuf>| match told {
            Some(path) => Some(PathBuf::from(path)),
            None => usual(global, system),
        };
        Self {
            config: place(told.map(|info| &info.config_file), usual_config),
            state_dir: place(told.map(|info| &info.state_dir), usual_state_dir),
            socket: socket.map_err(|error| error.to_string()),
            daemon,
            system,
        }
    }

    /// The daemon, if it answers.
    pub(super) fn answering(&self) -> Option<&Answering> {
        self.daemon.as_ref().ok()
    }
}

impl Answering {
    fn of(mut client: Client) -> Result<Self, Error> {
        let info = client.info()?;
        let accounts = client.status(None);
        let waits = std::io::stderr().is_terminal();
        if waits {
            draw("boxd asks Box …");
        }
        let ways = client.probe();
        if waits {
            draw("");
        }
        Ok(Self { info, ways, accounts, client: RefCell::new(client) })
    }
}

/// Where a daemon's config is that does not say so itself.
fn usual_config(_global: &Global, system: bool) -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if system {
        return Some("/etc/boxd/config.toml".into());
    }
    if let Some(named) = variable("BOXD_CONFIG") {
        return Some(named);
    }
    if !cfg!(target_os = "linux") {
        return None;
    }
    let home = || std::env::home_dir().map(|home| home.join(".config"));
    Some(variable("XDG_CONFIG_HOME").or_else(home)?.join("boxd/config.toml"))
}

/// The same for its state directory.
fn usual_state_dir(global: &Global, system: bool) -> Option<PathBuf> {
    if system {
        return Some("/var/lib/boxd".into());
    }
    let environment = Environment::of_this_process();
    if let Some(named) = global.state_dir.clone().or(environment.state_dir) {
        return Some(named);
    }
    environment.state_home.filter(|_home| cfg!(target_os = "linux")).map(|home| home.join("boxd"))
}
