//! Runs a command for events, one at a time, without ever keeping the reader of events waiting.

use std::{
    collections::VecDeque,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use boxd_client::{Event, EventKind};

use crate::{failure::Failure, output::remark, terminal::tame};

/// A thread that runs the command.
#[derive(Debug)]
pub(super) struct Runner {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// Events that wait for their turn: at most one of each kind for each account.
#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Event>,
    finished: bool,
}

// === impl Runner ===

impl Runner {
    /// Will run `line` with the shell; programs that it starts ask the daemon at `socket`.
    pub(super) fn start(line: &str, socket: &Path) -> Result<Self, Failure> {
        let shared = Arc::<Shared>::default();
        let (line, socket) = (line.to_owned(), socket.to_owned());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("run".into()).spawn(move || {
            while let Some(event) = theirs.next() {
                run(&line, &socket, &event);
            }
        })?;
        Ok(Self { shared, thread })
    }

    /// Hands an event over; one that concerns no account is nothing to run for.
    pub(super) fn push(&self, event: Event) {
        self.shared.queue().push(event);
        self.shared.changed.notify_one();
    }

    /// Waits until what was handed over is done.
    pub(super) fn finish(self) {
        self.shared.queue().finished = true;
        self.shared.changed.notify_one();
        // A panic there ends the process; there is nothing else to learn.
        drop(self.thread.join());
    }
}

impl Shared {
    fn next(&self) -> Option<Event> {
        let mut queue = self.queue();
        loop {
            if let Some(event) = queue.events.pop_front() {
                return Some(event);
            }
            if queue.finished {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn push(&mut self, event: Event) {
        if event.account.is_none() {
            return;
        }
        if event.kind == EventKind::Removed {
            // Whatever it did before, it is over.
            self.events.retain(|waiting| waiting.account != event.account);
        }
        // What is older goes; the newest always comes last, so that the last that is heard is how things stand.
        self.events.retain(|waiting| waiting.account != event.account || waiting.kind != event.kind);
        self.events.push_back(event);
    }
}

/// Runs the command for one event, and says how it failed, if it did.
fn run(line: &str, socket: &Path, event: &Event) {
    let account = event.account.as_deref().unwrap_or_default();
    let kind = event.kind.as_str();
    let what = format!("{kind} of {}", tame(account));
    match attempt(line, socket, event, (kind, account)) {
        Ok(status) if status.success() => {}
        Ok(status) => remark(&format!("boxctl: --run for {what}: {}", describe(status))),
        Err(error) => remark(&format!("boxctl: --run for {what}: the shell could not be started: {error}")),
    }
}

fn attempt(
    line: &str,
    socket: &Path,
    event: &Event,
    (kind, account): (&str, &str),
) -> std::io::Result<ExitStatus> {
    let mut child = shell(line)
        .env("BOXD_EVENT", kind)
        .env("BOXD_ACCOUNT", account)
        .env("BOXD_SOCKET", socket)
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not care for its stdin may have closed it.
        drop(writeln!(stdin, "{}", boxd_json::line(&boxd_json::event(event))));
    }
    child.wait()
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    let mut command = Command::new(PathBuf::from("/bin/sh"));
    command.arg("-c").arg(line);
    command
}

#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    let shell = std::env::var_os("ComSpec").map_or_else(|| PathBuf::from("cmd.exe"), PathBuf::from);
    let mut command = Command::new(shell);
    command.arg("/C").arg(line);
    command
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::board::tests::{bare, event, healthy},
        *,
    };

    fn queued(events: Vec<Event>) -> Vec<(EventKind, String, u64)> {
        let mut queue = Queue::default();
        for event in events {
            queue.push(event);
        }
        let generation = |event: &Event| event.status.as_ref().map_or(0, |status| status.generation);
        let told = queue.events.iter();
        told.map(|event| (event.kind, event.account.clone().unwrap(), generation(event))).collect()
    }

    fn token(account: &str, generation: u64) -> Event {
        event(EventKind::Token, boxd_client::AccountStatus { generation, ..healthy(account) })
    }

    #[test]
    fn of_each_account_and_kind_only_the_last_waits_and_the_newest_comes_last() {
        let state = event(EventKind::State, healthy("a"));
        let waiting = queued(vec![token("a", 1), token("b", 1), state, token("a", 2), token("a", 3)]);
        assert_eq!(
            waiting,
            [
                (EventKind::Token, "b".into(), 1),
                (EventKind::State, "a".into(), 17),
                (EventKind::Token, "a".into(), 3)
            ]
        );
    }

    #[test]
    fn a_removal_makes_what_waited_before_it_void_and_what_follows_comes_after() {
        let removed = || bare(EventKind::Removed, Some("a"));
        assert_eq!(
            queued(vec![token("a", 1), removed(), token("a", 2)]),
            [(EventKind::Removed, "a".into(), 0), (EventKind::Token, "a".into(), 2)]
        );
        assert_eq!(queued(vec![removed(), token("a", 1), removed()]), [(EventKind::Removed, "a".into(), 0)]);
    }

    #[test]
    fn what_concerns_no_account_is_left_out() {
        assert_eq!(queued(vec![bare(EventKind::Complete, None), bare(EventKind::Dropped, None)]), []);
    }
}
