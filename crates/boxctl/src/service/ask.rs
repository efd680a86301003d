//! Programs of the service manager, run with a fixed language and within this user's session.

use std::{
    ffi::OsString,
    io,
    process::{Command, ExitStatus, Stdio},
};

use super::plan::Encoding;

/// What a program said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a program to its end; its first word is the program.
pub(crate) fn ask(words: &[impl AsRef<str>]) -> io::Result<Answer> {
    let output = command(words)?.stdin(Stdio::null()).env("LC_ALL", "C").output()?;
    let text = |bytes: &[u8]| match bytes {
        [0xFF, 0xFE, ..] => Encoding::Utf16.read(bytes),
        _ => Encoding::Utf8.read(bytes),
    };
    Ok(Answer { status: output.status, out: text(&output.stdout), err: text(&output.stderr) })
}

/// What a program printed; `None` where it failed or is not here.
pub(crate) fn ask_quietly(words: &[impl AsRef<str>]) -> Option<String> {
    ask(words).ok().filter(|answer| answer.status.success()).map(|answer| answer.out)
}

/// Runs a program that talks to the terminal itself.
pub(crate) fn show(words: &[impl AsRef<str>]) -> io::Result<ExitStatus> {
    command(words)?.status()
}

fn command(words: &[impl AsRef<str>]) -> io::Result<Command> {
    let mut words = words.iter().map(AsRef::as_ref);
    let program = words.next().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(words);
    // cron, su and some editors lose it, though the session's manager runs.
    if let Some(directory) = session() {
        command.env("XDG_RUNTIME_DIR", directory);
    }
    Ok(command)
}

/// `/run/user/UID`, where it is there and no variable names it.
fn session() -> Option<OsString> {
    if std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|value| !value.is_empty()) {
        return None;
    }
    let environment = boxd_client::Environment::of_this_process();
    Some(environment.run_user?.into_os_string())
}
