//! `boxctl exec`: a program with a token in its environment, alone or with boxctl as its parent.

mod backoff;
#[cfg(unix)]
mod child;
pub(crate) mod endpoint;
pub(crate) mod mask;
pub(crate) mod news;
mod pump;
#[cfg(unix)]
mod reservation;
#[cfg(unix)]
pub(crate) mod signals;
#[cfg(target_os = "linux")]
pub(crate) mod stage;
#[cfg(unix)]
pub(crate) mod supervisor;
#[cfg(windows)]
mod windows;

use std::{
    ffi::OsString,
    io,
    process::{Child, Command, ExitCode, Stdio},
};

use self::mask::Secrets;
#[cfg(windows)]
pub(crate) use self::windows::{become_program, signals, supervisor};

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
    #[cfg(unix)]
    Signal(signals::Incoming),
    /// The program has ended.
    #[cfg(windows)]
    Ended(io::Result<std::process::ExitStatus>),
    /// There is a new token.
    Token(Box<ScopedToken>),
    /// All output of the program has been passed on.
    #[cfg(unix)]
    Drained,
}

/// A variable of the program's environment; most hold something secret.
pub(crate) type Variable = (String, Secret);

/// Turns this process into the program: its process id, group, terminal and signals stay. Only returns where that fails.
#[cfg(unix)]
pub(crate) fn become_program(program: &[OsString], environment: &[Variable]) -> ExitCode {
    use std::os::unix::process::CommandExt as _;
    let Some((name, arguments)) = program.split_first() else { return ExitCode::from(FAILED) };
    let error = Command::new(name).args(arguments).envs(pairs(environment)).exec();
    not_run(name, &error)
}

fn pairs(environment: &[Variable]) -> impl Iterator<Item = (&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.expose()))
}

/// Starts a program with a token in its environment, its output in pipes where something in it is to be hidden.
fn spawn(mut command: Command, environment: &[Variable], masked: Option<&Secrets>) -> io::Result<Child> {
    command.envs(pairs(environment));
    if masked.is_some() {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    command.spawn()
}

fn direct(words: &[OsString]) -> Command {
    let mut command = Command::new(words.first().map(OsString::as_os_str).unwrap_or_default());
    command.args(words.iter().skip(1));
    command
}

/// Says why a program does not run.
fn not_run(name: &OsString, error: &io::Error) -> ExitCode {
    let name = name.to_string_lossy();
    remark(&format!("boxctl: {} cannot be run: {error}", tame(&name)));
    let not_found = error.kind() == io::ErrorKind::NotFound;
    ExitCode::from(if not_found { NOT_FOUND } else { NOT_EXECUTABLE })
}
