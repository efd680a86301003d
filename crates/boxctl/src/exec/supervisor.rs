//! boxctl as the program's parent: signals in, new tokens in, and in the end the program's own end.

use std::{
    ffi::OsString,
    fs::File,
    process::ExitCode,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    time::{Duration, Instant},
};

use boxd_client::ScopedToken;
use rustix::process::{Signal, getpid, kill_process};

use super::{
    FAILED, Variable, Wake,
    child::{Change, End, Program},
    mask::Secrets,
    not_run,
    signals::Incoming,
};
use crate::output::remark;

/// How long a program that is to be started anew has to end by itself.
const GRACE: Duration = Duration::from_secs(10);

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

/// A program that was told to end.
#[derive(Debug)]
struct Ending {
    /// When it is ended by force.
    kill_at: Option<Instant>,
    /// With which token it starts anew; none where boxctl was told to end meanwhile.
    anew: Option<Box<ScopedToken>>,
}

/// What was seen of the program at one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// It was stopped, and boxctl with it.
    Stopped,
    /// It has ended for good.
    Ended(End),
}

struct Supervisor<'a> {
    plan: &'a Plan<'a>,
    program: Program,
    /// Whether the program is stopped, as far as was seen.
    is_stopped: bool,
    ending: Option<Ending>,
    wakes: Receiver<Wake>,
    waker: Sender<Wake>,
}

/// Runs the program to its end.
pub(crate) fn run(plan: &Plan<'_>, token: &ScopedToken, channel: (Sender<Wake>, Receiver<Wake>)) -> ExitCode {
    let program = match start(plan, token) {
        Ok(program) => program,
        Err(code) => return code,
    };
    let (waker, wakes) = channel;
    let supervisor = Supervisor { plan, program, is_stopped: false, ending: None, wakes, waker };
    match supervisor.attend() {
        Ok(end) => end.repeat(),
        Err(code) => code,
    }
}

fn start(plan: &Plan<'_>, token: &ScopedToken) -> Result<Program, ExitCode> {
    let environment = (plan.environment)(token);
    Program::start(plan.words, &environment, plan.masked.as_ref())
        .map_err(|error| plan.words.first().map_or(ExitCode::from(FAILED), |name| not_run(name, &error)))
}

impl Supervisor<'_> {
    /// Until the program has ended and all of its output is passed on.
    fn attend(mut self) -> Result<End, ExitCode> {
        loop {
            match self.next() {
                Some(Wake::Signal(incoming)) => {
                    // Before a signal is passed on: one that continues is only for a stop from before it.
                    let seen = self.look()?;
                    if let Seen::Ended(end) = seen {
                        self.drain();
                        return Ok(end);
                    }
                    self.pass_on(incoming, seen);
                }
                Some(Wake::Token(token)) => self.renew(token),
                Some(Wake::Drained) => {}
                None => self.kill(),
            }
        }
    }

    /// What happens next; `None` where the program had its time to end.
    fn next(&self) -> Option<Wake> {
        let kill_at = self.ending.as_ref().and_then(|ending| ending.kill_at);
        let woken = match kill_at {
            Some(kill_at) => self.wakes.recv_timeout(kill_at.saturating_duration_since(now())),
            None => self.wakes.recv().map_err(RecvTimeoutError::from),
        };
        woken.ok()
    }

    /// Takes note of all that has become of the program, and starts it anew where that is due.
    fn look(&mut self) -> Result<Seen, ExitCode> {
        let mut seen = Seen::Nothing;
        loop {
            let change = self.program.look().map_err(|error| {
                remark(&format!("boxctl: the program is lost: {error}"));
                ExitCode::from(FAILED)
            })?;
            match change {
                None => return Ok(seen),
                Some(Change::Stopped) => {
                    self.is_stopped = true;
                    if stop_too() {
                        seen = Seen::Stopped;
                    }
                }
                Some(Change::Continued) => self.is_stopped = false,
                Some(Change::Ended(end)) => match self.ending.take().and_then(|ending| ending.anew) {
                    Some(token) => {
                        let pumps = std::mem::take(&mut self.program.pumps);
                        self.program = start(self.plan, &token)?;
                        self.is_stopped = false;
                        // What still holds the old pipes is heard to its end.
                        self.program.pumps.extend(pumps);
                    }
                    None => return Ok(Seen::Ended(end)),
                },
            }
        }
    }

    fn pass_on(&mut self, incoming: Incoming, seen: Seen) {
        // A shell continues the whole group; a late second `SIGCONT` would undo the next Ctrl-Z.
        let needed = incoming.signal != Signal::CONT || (self.is_stopped && seen == Seen::Nothing);
        if needed && incoming.is_for(self.program.pid) {
            self.program.send(incoming.signal);
        }
        if let Some(ending) = self.ending.as_mut().filter(|_| incoming.ends()) {
            ending.anew = None;
        }
    }

    fn renew(&mut self, token: Box<ScopedToken>) {
        self.hide(&token);
        match (self.plan.on_new_token, &mut self.ending) {
            (OnNewToken::Nothing, _) => {}
            (OnNewToken::Send(signal), _) => self.program.send(signal),
            (OnNewToken::Restart, Some(ending)) => ending.anew = ending.anew.take().map(|_older| token),
            (OnNewToken::Restart, ending @ None) => {
                *ending = Some(Ending { kill_at: Some(now() + GRACE), anew: Some(token) });
                self.program.send(Signal::TERM);
            }
        }
    }

    fn kill(&mut self) {
        if let Some(ending) = &mut self.ending {
            ending.kill_at = None;
        }
        self.program.send(Signal::KILL);
    }

    /// Passes the rest of the output on. Processes that the program left behind may write more of it: as in a pipeline
    /// that is waited for, until somebody has enough.
    fn drain(&mut self) {
        let pumps = std::mem::take(&mut self.program.pumps);
        let waker = self.waker.clone();
        std::thread::spawn(move || {
            for pump in pumps {
                drop(pump.join());
            }
            drop(waker.send(Wake::Drained));
        });
        while let Ok(wake) = self.wakes.recv() {
            match wake {
                Wake::Drained => return,
                Wake::Signal(incoming) if incoming.ends() => return,
                Wake::Token(token) => self.hide(&token),
                Wake::Signal(_) => {}
            }
        }
    }

    fn hide(&self, token: &ScopedToken) {
        if let Some(secrets) = &self.plan.masked {
            secrets.add(token.token.access_token.expose());
        }
    }
}

/// Stops boxctl as the program was stopped, so that a shell sees its job stopped; `fg` continues both. Where there is no
/// terminal there is no such shell, and nobody who would continue boxctl.
fn stop_too() -> bool {
    let has_terminal = File::open("/dev/tty").is_ok();
    if has_terminal {
        // It cannot fail: everybody may stop himself.
        kill_process(getpid(), Signal::STOP).unwrap_or_default();
    }
    has_terminal
}

#[expect(clippy::disallowed_methods, reason = "a deadline of this process alone")]
fn now() -> Instant {
    Instant::now()
}
