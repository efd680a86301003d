//! One file a command.

mod accounts;
mod adopt;
mod api;
pub(crate) mod audit;
mod exec;
mod import;
pub(crate) mod key;
mod login;
mod logout;
mod metrics;
mod overview;
mod paths;
mod refresh;
mod reload;
mod rename;
pub(crate) mod service;
mod status;
pub(crate) mod token;
pub(crate) mod version;
mod watch;

use std::process::ExitCode;

use crate::{
    args::{Arguments, Command},
    output, packaging,
};

/// Runs the command that was given, or the overview, and says how it ended.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let global = &arguments.global;
    let result = match &arguments.command {
        None => overview::run(global),
        Some(Command::Token(token)) => token::run(global, token),
        Some(Command::Status(which)) => status::run(global, which.name.as_deref()),
        Some(Command::Watch(options)) => watch::run(global, options),
        Some(Command::Refresh(which)) => refresh::run(global, which.name.as_deref()),
        // These two end as the program does.
        Some(Command::Exec(options)) => return exec::run(global, options),
        #[cfg(target_os = "linux")]
        Some(Command::ExecStage(stage)) => return crate::exec::stage::run(stage),
        Some(Command::Accounts) => accounts::run(global),
        Some(Command::Api(api)) => api::run(global, api),
        Some(Command::Login(login)) => login::run(global, login),
        Some(Command::Import(import)) => import::run(global, import),
        Some(Command::Logout(logout)) => logout::run(global, logout),
        Some(Command::Rename { old, new }) => rename::run(global, old, new),
        Some(Command::Key(options)) => key::run(global, options),
        Some(Command::Adopt { account }) => adopt::run(global, account),
        Some(Command::Reload) => reload::run(global),
        Some(Command::Audit(options)) => audit::run(global, options),
        Some(Command::Metrics(options)) => metrics::run(global, options),
        Some(Command::Service(service)) => service::run(global, service),
        Some(Command::Doctor) => crate::doctor::run(global),
        Some(Command::Paths { what }) => paths::run(global, *what),
        Some(Command::Completions { shell }) => packaging::shells::print_script(*shell),
        Some(Command::Man { page, output_dir }) => {
            packaging::man::run(page.as_deref(), output_dir.as_deref())
        }
        Some(Command::Complete { words }) => packaging::shells::complete(global, words),
    };
    output::finish(result, global.json)
}

/// A command line that cannot be understood, or a call for help.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let told = output::usage(error);
    if error.use_stderr() && exec::is_meant() {
        return ExitCode::from(crate::exec::FAILED);
    }
    told
}
