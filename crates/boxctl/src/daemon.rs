//! Which daemon a command talks to.

use std::{path::Path, path::PathBuf, time::Duration};

use boxd_client::{Client, Environment, Error};

use crate::args::Global;

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
pub(crate) fn connect_any(global: &Global, wait: Option<Duration>) -> Result<Client, Error> {
    let socket = socket(global, true)?;
    match wait {
        Some(wait) => Client::connect_within(socket, wait),
        None => Client::connect_to(socket),
    }
}

/// Connects for a command that is only for the owner.
pub(crate) fn connect(global: &Global) -> Result<Client, Error> {
    Client::connect_to(socket(global, false)?)
}
