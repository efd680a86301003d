//! boxctl as the program's parent: new tokens in, and in the end the program's own end.

use std::{
    ffi::OsString,
    os::windows::io::{AsHandle as _, OwnedHandle},
    process::ExitCode,
    sync::mpsc::{Receiver, Sender},
    thread::JoinHandle,
};

use boxd_client::ScopedToken;

use super::{lost, repeat, signals::Signal, tied::Tied};
use crate::exec::{FAILED, Variable, Wake, direct, mask::Secrets, not_run, pump, spawn};

/// What a new token means for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnNewToken {
    Nothing,
    /// End it and start it anew.
    Restart,
    Send(Signal),
}

/// How to run the program.
pub(crate) struct Plan<'a> {
    pub(crate) words: &'a [OsString],
    /// The environment with a token.
    pub(crate) environment: &'a dyn Fn(&ScopedToken) -> Vec<Variable>,
    pub(crate) on_new_token: OnNewToken,
    /// What to hide in its output.
    pub(crate) masked: Option<Secrets>,
}

/// A program that runs.
struct Program {
    process: OwnedHandle,
    tied: Tied,
    /// What passes its output on, where it is masked.
    pumps: Vec<JoinHandle<()>>,
}

/// Runs the program to its end.
pub(crate) fn run(plan: &Plan<'_>, token: &ScopedToken, channel: (Sender<Wake>, Receiver<Wake>)) -> ExitCode {
    let (waker, wakes) = channel;
    attend(plan, token, &waker, &wakes).unwrap_or_else(|code| code)
}

fn attend(
    plan: &Plan<'_>,
    token: &ScopedToken,
    waker: &Sender<Wake>,
    wakes: &Receiver<Wake>,
) -> Result<ExitCode, ExitCode> {
    let mut program = start(plan, token, waker)?;
    // With which token it starts anew, once it has ended.
    let mut anew: Option<Box<ScopedToken>> = None;
    while let Ok(wake) = wakes.recv() {
        match wake {
            Wake::Token(token) => {
                if let Some(secrets) = &plan.masked {
                    secrets.add(token.token.access_token.expose());
                }
                match plan.on_new_token {
                    OnNewToken::Nothing => {}
                    OnNewToken::Send(never) => match never {},
                    OnNewToken::Restart => {
                        // It may have ended by itself just now.
                        if anew.replace(token).is_none() && !program.tied.end() {
                            boxd_os::windows::end_process(program.process.as_handle()).unwrap_or_default();
                        }
                    }
                }
            }
            Wake::Ended(status) => {
                for pump in std::mem::take(&mut program.pumps) {
                    // One that panicked aborts the process.
                    pump.join().unwrap_or_default();
                }
                program.tied.let_go();
                match (anew.take(), status) {
                    (Some(token), _) => program = start(plan, &token, waker)?,
                    (None, Ok(status)) => return Ok(repeat(status)),
                    (None, Err(error)) => return Err(lost(&error)),
                }
            }
        }
    }
    Err(ExitCode::from(FAILED))
}

fn start(plan: &Plan<'_>, token: &ScopedToken, waker: &Sender<Wake>) -> Result<Program, ExitCode> {
    let environment = (plan.environment)(token);
    let started = spawn(direct(plan.words), &environment, plan.masked.as_ref()).and_then(|mut child| {
        let pumps = pump::of(&mut child, plan.masked.as_ref());
        let tied = Tied::of(&child);
        let process = child.as_handle().try_clone_to_owned()?;
        let waker = waker.clone();
        std::thread::spawn(move || waker.send(Wake::Ended(child.wait())));
        Ok(Program { process, tied, pumps })
    });
    started.map_err(|error| plan.words.first().map_or(ExitCode::from(FAILED), |name| not_run(name, &error)))
}
