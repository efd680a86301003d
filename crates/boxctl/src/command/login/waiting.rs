//! The wait for the person: draws the time that is left, and takes what is pasted meanwhile.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use boxd_client::{AccountStatus, Client, Code, Error, LoginPage, Secret};
use zeroize::Zeroizing;

use crate::{
    daemon,
    failure::Failure,
    global::Global,
    output::{draw, remark},
    terminal::tame,
};

/// How long the daemon may take after the person consented at the last moment: Box is asked up to three times.
const COMPLETION: Duration = Duration::from_mins(4);
/// How often the time that is left is drawn.
const STEP: Duration = Duration::from_secs(1);

/// What is waited for.
pub(super) struct Interest<'a> {
    pub(super) page: &'a LoginPage,
    pub(super) pasting: Pasting,
}

/// Whether stdin may finish the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pasting {
    Taken,
    Ignored,
}

enum Heard {
    Outcome(Box<Result<AccountStatus, Error>>),
    Pasted(Secret),
}

/// Waits for the outcome. Where this program ends meanwhile the daemon ends the login.
pub(super) fn until_done(
    global: &Global,
    client: Client,
    interest: &Interest<'_>,
) -> Result<AccountStatus, Failure> {
    let lifetime = Duration::from_secs(interest.page.expires_in_seconds.into());
    let (teller, heard) = mpsc::channel();
    await_outcome(client, interest.page.login.clone(), lifetime + COMPLETION, teller.clone());
    if interest.pasting == Pasting::Taken {
        read_pasted(teller.clone());
    }
    let mut countdown = Countdown::new(lifetime, interest.pasting);
    loop {
        countdown.show();
        match heard.recv_timeout(STEP) {
            Ok(Heard::Outcome(outcome)) => {
                countdown.erase();
                return Ok((*outcome)?);
            }
            Ok(Heard::Pasted(pasted)) => {
                countdown.erase();
                hand_over(global, interest.page, pasted)?;
            }
            // We hold a sender ourselves.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

fn await_outcome(mut client: Client, login: String, within: Duration, teller: Sender<Heard>) {
    thread::spawn(move || {
        let outcome = client.await_login(&login, within);
        // Nobody listens any more where this program ends.
        drop(teller.send(Heard::Outcome(Box::new(outcome))));
    });
}

/// Reads stdin until its end; each line that says something is one attempt.
fn read_pasted(teller: Sender<Heard>) {
    thread::spawn(move || {
        let mut line = Zeroizing::new(String::with_capacity(4096));
        while io::stdin().lock().read_line(&mut line).is_ok_and(|length| length > 0) {
            let pasted = line.trim();
            if !pasted.is_empty() && teller.send(Heard::Pasted(Secret::new(pasted))).is_err() {
                return;
            }
            line.clear();
        }
    });
}

/// Hands what was pasted to the daemon. What does not belong to the login can be pasted again.
fn hand_over(global: &Global, page: &LoginPage, pasted: Secret) -> Result<(), Failure> {
    match daemon::connect(global)?.finish_login(&page.login, pasted) {
        Err(Error::Problem(problem)) if problem.code == Code::BadRequest => {
            remark(&format!("{}\n  next: {}", tame(&problem.to_string()), tame(&problem.next_step)));
            Ok(())
        }
        result => Ok(result?),
    }
}

/// The time that is left, on one line that changes; or said once, where lines do not change or a person types.
struct Countdown {
    begin: Instant,
    lifetime: Duration,
    changes: bool,
    said: bool,
}

impl Countdown {
    fn new(lifetime: Duration, pasting: Pasting) -> Self {
        let changes = io::stderr().is_terminal() && pasting == Pasting::Ignored;
        Self { begin: now(), lifetime, changes, said: false }
    }

    fn show(&mut self) {
        let left = self.lifetime.saturating_sub(now().duration_since(self.begin));
        let line = format!("Waiting for you in the browser: {} left (Ctrl-C ends the login)", clock(left));
        if self.changes {
            draw(&line);
        } else if !self.said {
            remark(&line);
        }
        self.said = true;
    }

    fn erase(&self) {
        if self.changes {
            draw("");
        }
    }
}

/// `4:59`
fn clock(left: Duration) -> String {
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[expect(clippy::disallowed_methods, reason = "a person waits by the real clock")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_says_less_than_is_left() {
        assert_eq!(clock(Duration::from_mins(5)), "5:00");
        assert_eq!(clock(Duration::from_millis(299_001)), "5:00");
        assert_eq!(clock(Duration::from_secs(61)), "1:01");
        assert_eq!(clock(Duration::ZERO), "0:00");
    }
}
