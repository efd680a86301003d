//! The program while boxctl is its parent: how it is started, and what the system tells of it.

use std::{
    ffi::OsString,
    io,
    process::{Command, ExitCode},
    thread::JoinHandle,
};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, getrlimit, kill_process, setrlimit, waitpid,
};

use super::{Variable, direct, mask::Secrets, pump, spawn};

/// A program that has not been waited for yet.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) pid: Pid,
    /// What passes its output on, where it is masked.
    pub(crate) pumps: Vec<JoinHandle<()>>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A signal stopped it, mostly `SIGTSTP` of a terminal.
    Stopped,
    /// `SIGCONT` came.
    Continued,
    Ended(End),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Status(u8),
    Signal(i32),
}

impl Program {
    /// Starts it in boxctl's own process group: the terminal is as much its as boxctl's.
    pub(crate) fn start(
        words: &[OsString],
        environment: &[Variable],
        masked: Option<&Secrets>,
    ) -> io::Result<Self> {
        let mut child = match spawn(staged(words), environment, masked) {
            // Where /proc is not mounted it has to do without.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                spawn(direct(words), environment, masked)?
            }
            spawned => spawned?,
        };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::Unsupported)?;
        Ok(Self { pid, pumps: pump::of(&mut child, masked) })
    }

    /// What has become of it since it was looked at last.
    pub(crate) fn look(&self) -> io::Result<Option<Change>> {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let Some((_, status)) = waitpid(Some(self.pid), options)? else { return Ok(None) };
        Ok(match (status.exit_status(), status.terminating_signal()) {
            (Some(status), _) => {
                Some(Change::Ended(End::Status(u8::try_from(status & 0xFF).unwrap_or(u8::MAX))))
            }
            (None, Some(signal)) => Some(Change::Ended(End::Signal(signal))),
            (None, None) if status.stopped() => Some(Change::Stopped),
            (None, None) => Some(Change::Continued),
        })
    }

    /// Sends it a signal. It has not been waited for, so its process id is still its own.
    pub(crate) fn send(&self, signal: Signal) {
        // It may have ended just now; that is noticed elsewhere.
        kill_process(self.pid, signal).unwrap_or_default();
    }
}

impl End {
    /// Ends boxctl the same way, so that whoever waits for it sees what it would see of the program.
    pub(crate) fn repeat(self) -> ExitCode {
        match self {
            Self::Status(status) => ExitCode::from(status),
            Self::Signal(signal) => {
                // The program has left its own core file; boxctl's would hold the token.
                let core = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
                if setrlimit(Resource::Core, core).is_ok() {
                    // Only returns where the signal does not end a process; then as shells tell it.
                    drop(signal_hook::low_level::emulate_default_handler(signal));
                }
                ExitCode::from(u8::try_from(128 + (signal & 0x7F)).unwrap_or(u8::MAX))
            }
        }
    }
}

/// boxctl itself, on its way to the program.
#[cfg(target_os = "linux")]
fn staged(words: &[OsString]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg("__exec-stage").arg(std::process::id().to_string()).arg("--").args(words);
    command
}

#[cfg(not(target_os = "linux"))]
fn staged(words: &[OsString]) -> Command {
    direct(words)
}
