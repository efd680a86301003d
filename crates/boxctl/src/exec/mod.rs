//! `boxctl exec`: a program with a token in its environment, alone or with boxctl as its parent.

mod backoff;
mod child;
pub(crate) mod endpoint;
pub(crate) mod mask;
pub(crate) mod news;
#[cfg(unix)]
mod reservation;
pub(crate) mod signals;
#[cfg(target_os = "linux")]
pub(crate) mod stage;
pub(crate) mod supervisor;

use std::{
    ffi::OsString,
    io,
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

use boxd_client::{ScopedToken, Secret};

use crate::{output::remark, terminal::tame};

/// Exit status where boxctl itself failed, as of env(1).
pub(crate) const FAILED: u8 = 125;
/// Exit status where the program cannot be run, as in shells (POSIX: Shell Command Language, section 2.8.2).
const NOT_EXECUTABLE: u8 = 126;
/// Exit status where there is no such program.
const NOT_FOUND: u8 = 127;

/// Something to react to.
#[derive(Debug)]
pub(crate) enum Wake {
    /// A signal came in.
    Signal(signals::Incoming),
    /// There is a new token.
    Token(Box<ScopedToken>),
    /// All output of the program has been passed on.
    Drained,
}

/// A variable of the program's environment; most hold something secret.
pub(crate) type Variable = (String, Secret);

/// Turns this process into the program: its process id, group, terminal and signals stay. Only returns where that fails.
pub(crate) fn become_program(program: &[OsString], environment: &[Variable]) -> ExitCode {
    let Some((name, arguments)) = program.split_first() else { return ExitCode::from(FAILED) };
    let error = Command::new(name).args(arguments).envs(pairs(environment)).exec();
    not_run(name, &error)
}

fn pairs(environment: &[Variable]) -> impl Iterator<Item = (&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.expose()))
}

/// Says why a program does not run.
fn not_run(name: &OsString, error: &io::Error) -> ExitCode {
    let name = name.to_string_lossy();
    remark(&format!("boxctl: {} cannot be run: {error}", tame(&name)));
    let not_found = error.kind() == io::ErrorKind::NotFound;
    ExitCode::from(if not_found { NOT_FOUND } else { NOT_EXECUTABLE })
}
