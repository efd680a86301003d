//! One file a command.

mod accounts;
mod adopt;
mod import;
mod login;
mod logout;
mod overview;
mod paths;
mod refresh;
mod reload;
mod rename;
mod status;
mod token;
pub(crate) mod version;
mod watch;

use crate::{
    args::{Arguments, Command},
    failure::Failure,
};

/// Runs the command that was given, or the overview.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let global = &arguments.global;
    match &arguments.command {
        None => overview::run(global),
        Some(Command::Token(token)) => token::run(global, token),
        Some(Command::Status(which)) => status::run(global, which.name.as_deref()),
        Some(Command::Watch(options)) => watch::run(global, options),
        Some(Command::Refresh(which)) => refresh::run(global, which.name.as_deref()),
        Some(Command::Accounts) => accounts::run(global),
        Some(Command::Login(login)) => login::run(global, login),
        Some(Command::Import(import)) => import::run(global, import),
        Some(Command::Logout(logout)) => logout::run(global, logout),
        Some(Command::Rename { old, new }) => rename::run(global, old, new),
        Some(Command::Adopt { account }) => adopt::run(global, account),
        Some(Command::Reload) => reload::run(global),
        Some(Command::Paths { what }) => paths::run(global, *what),
    }
}
