//! Signals of `exec`: their names, those that come in, and which of them are passed on.

use std::{io, sync::mpsc::Sender};

use rustix::process::Pid;
pub(crate) use rustix::process::Signal;
use signal_hook::{
    consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH},
    iterator::{SignalsInfo, exfiltrator::origin::WithOrigin},
    low_level::siginfo::Cause,
};

use super::Wake;

/// Those that are caught besides `SIGCHLD`. `SIGTTIN` and `SIGTTOU` are not: they stop the whole group, as they should.
const CAUGHT: [i32; 9] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP];

/// What came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming {
    pub(crate) signal: Signal,
    /// Who sent it, where a process did.
    sender: Option<i32>,
}

impl Incoming {
    /// Whether the program must get it from us. A terminal sends its signals to the whole process group, so the
    /// program has it already; so it has what it sent to its group itself.
    pub(crate) fn is_for(self, program: Pid) -> bool {
        self.signal != Signal::CHILD
            && self.sender.is_some_and(|sender| sender != program.as_raw_nonzero().get())
    }

    /// Whether it is meant to end a program: `SIGHUP` of a process mostly means another thing.
    pub(crate) fn ends(self) -> bool {
        let hung_up = self.signal == Signal::HUP && self.sender.is_none();
        hung_up || [Signal::INT, Signal::QUIT, Signal::TERM].contains(&self.signal)
    }
}

/// Catches signals from now on, for as long as this process lives.
pub(crate) fn catch(wakes: Sender<Wake>) -> io::Result<()> {
    let ignored = ignored();
    let wanted = CAUGHT.into_iter().filter(|signal| !ignored.contains(signal));
    let mut signals = SignalsInfo::<WithOrigin>::new(wanted.chain([SIGCHLD]))?;
    std::thread::spawn(move || {
        for origin in &mut signals {
            let Some(signal) = Signal::from_named_raw(origin.signal) else { continue };
            let sent = matches!(origin.cause, Cause::Sent(_));
            let sender = origin.process.filter(|_| sent).map(|process| process.pid);
            if wakes.send(Wake::Signal(Incoming { signal, sender })).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// What whoever started us had us ignore (nohup(1)): the program shall inherit that, which a handler would end.
fn ignored() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    CAUGHT.into_iter().filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}

/// A signal by name (`HUP`, `SIGHUP`) or number, as kill(1) takes it.
pub(crate) fn parse(text: &str) -> Result<Signal, String> {
    const NAMES: [(&str, Signal); 14] = [
        ("HUP", Signal::HUP),
        ("INT", Signal::INT),
        ("QUIT", Signal::QUIT),
        ("USR1", Signal::USR1),
        ("USR2", Signal::USR2),
        ("ALRM", Signal::ALARM),
        ("TERM", Signal::TERM),
        ("CONT", Signal::CONT),
        ("URG", Signal::URG),
        ("WINCH", Signal::WINCH),
        ("IO", Signal::IO),
        ("VTALRM", Signal::VTALARM),
        ("PROF", Signal::PROF),
        ("TRAP", Signal::TRAP),
    ];
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let by_name = NAMES.iter().find(|(known, _)| *known == name).map(|(_, signal)| *signal);
    let by_number = || {
        let number: i32 = text.parse().ok()?;
        NAMES.iter().map(|(_, signal)| *signal).find(|signal| signal.as_raw() == number)
    };
    by_name.or_else(by_number).ok_or_else(|| {
        let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        format!("a program can be told of a new token by one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for text in ["HUP", "hup", "SIGHUP", "1"] {
            assert_eq!(parse(text), Ok(Signal::HUP), "{text}");
        }
        for text in ["", "SIG", "KILL", "9", "STOP", "0", "-1", "HUPP", "99999999999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_a_process_sent_is_passed_on() {
        let program = Pid::from_raw(7).unwrap();
        let sent = |sender| Incoming { signal: Signal::TERM, sender };
        assert!(sent(Some(8)).is_for(program));
        assert!(!sent(None).is_for(program), "the terminal's");
        assert!(!sent(Some(7)).is_for(program), "its own");
    }
}
