//! Which daemon a command talks to.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use boxd_client::{Client, Environment, Error};

use crate::global::Global;

/// Where the daemon's socket is, by flags and environment.
pub(crate) fn socket(global: &Global, system_too: bool) -> Result<PathBuf, Error> {
    let environment = Environment::of_this_process();
    let exists = |path: &Path| path.symlink_metadata().is_ok();
    let none = |_: &Path| false;
    let (socket, state_dir) = (global.socket.as_deref(), global.state_dir.as_deref());
    Ok(if system_too {
        environment.client_socket(socket, state_dir, global.system, exists)?
    } else {
        environment.client_socket(socket, state_dir, global.system, none)?
    })
}

/// Connects for a command that may also ask the system's daemon.
pub(crate) fn connect_any(global: &Global) -> Result<Client, Error> {
    Client::connect_to(socket(global, true)?)
}

/// The same for a daemon that may not be up yet, where a wait is given; with what is left of the wait.
#[expect(clippy::disallowed_methods, reason = "the wait is one bound for connecting and asking")]
pub(crate) fn connect_waiting(
    global: &Global,
    wait: Option<Duration>,
) -> Result<(Client, Option<Duration>), Error> {
    let Some(wait) = wait else { return Ok((connect_any(global)?, None)) };
    let start = Instant::now();
    let client = Client::connect_within(socket(global, true)?, wait)?;
    Ok((client, Some(wait.saturating_sub(start.elapsed()))))
}

/// Connects for a command that is only for the owner.
pub(crate) fn connect(global: &Global) -> Result<Client, Error> {
    Client::connect_to(socket(global, false)?)
}

/// Where the daemon of this socket has its state and its config; none where it does not answer.
pub(crate) fn places(socket: Option<&Path>) -> Option<(String, String)> {
    let info = Client::connect_to(socket?.to_owned()).ok()?.info().ok()?;
    Some((info.state_dir, info.config_file))
}
