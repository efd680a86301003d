//! The only place that prints.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use boxd_client::Code;

use crate::{failure::Failure, terminal::tame};

/// Writes to stdout. A reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    stream(text).map(drop)
}

/// Stdout for what is passed on as it came.
pub(crate) struct Raw(io::StdoutLock<'static>);

impl Raw {
    pub(crate) fn stdout() -> Self {
        Self(io::stdout().lock())
    }

    /// Writes bytes; `false` where nobody reads them any more.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        match self.0.write_all(bytes) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        match self.0.flush() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Writes one of many pieces to stdout. `false`: the reader has gone away, and nobody needs the rest.
pub(crate) fn stream(text: &str) -> Result<bool, Failure> {
    match put(text) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Writes to stdout, all at once.
pub(crate) fn put(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Writes a remark to stderr, where it does not disturb what a script reads.
pub(crate) fn remark(text: &str) {
    // Nobody is left to tell where stderr is closed.
    drop(writeln!(io::stderr(), "{text}"));
}

/// Draws a line on stderr, which is a terminal, in place of the one that was drawn before; an empty one erases it.
pub(crate) fn draw(line: &str) {
    let mut stderr = io::stderr().lock();
    // As for remarks.
    drop(write!(stderr, "\r\x1b[2K{line}").and_then(|()| stderr.flush()));
}

/// Asks on stderr: the answer goes behind it.
pub(crate) fn prompt(question: &str) {
    let mut stderr = io::stderr().lock();
    // As for remarks.
    drop(write!(stderr, "{question}").and_then(|()| stderr.flush()));
}

/// Ends a command: its exit status, and on stderr what went wrong.
pub(crate) fn finish(result: Result<(), Failure>, as_json: bool) -> ExitCode {
    let failure = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    let problem = &failure.problem;
    if as_json && !failure.silent {
        remark(&boxd_json::line(&failure.to_json()));
    } else if !failure.silent {
        remark(&format!("boxctl: {}", tame(&problem.to_string())));
        if !problem.next_step.is_empty() {
            remark(&format!("  next: {}", tame(&problem.next_step)));
        }
    }
    ExitCode::from(problem.code.exit_code())
}

/// A command line that cannot be understood, or a call for help.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    if error.use_stderr() {
        // The flag is looked for by hand, as nothing was parsed.
        if std::env::args_os().any(|argument| argument == "--json") {
            let detail = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            return finish(Err(Failure::usage(detail, "see boxctl --help")), true);
        }
        remark(text.trim_end());
        return ExitCode::from(Code::BadRequest.exit_code());
    }
    finish(print(&text), false)
}
