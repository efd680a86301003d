//! One line for each change, for pipes and files; and a command for each event.

use std::path::Path;

use boxd_client::{Code, EventKind, Problem};

use super::{
    board::{Board, Change},
    ear::{Away, Ear, Heard},
    now,
    runner::Runner,
    words,
};
use crate::{
    failure::Failure,
    output::{remark, stream},
    terminal::{Terminal, Tone, tame},
};

/// Prints the present state, then what changes.
pub(super) fn print(mut ear: Ear) -> Result<(), Failure> {
    let (mut board, terminal) = (Board::default(), Terminal::of_stdout());
    end_with_reader(&ear);
    while let Some(heard) = ear.listen()? {
        match heard {
            Heard::Event(event) => {
                if event.kind == EventKind::Dropped {
                    remark("boxctl: fell behind; what changed meanwhile follows");
                }
                let changes = board.take(*event, now());
                let text: Vec<String> = changes.iter().map(|change| line(change, terminal)).collect();
                if !text.is_empty() && !stream(&text.concat())? {
                    return Ok(());
                }
            }
            Heard::Away(away) => {
                board.interrupted();
                tell_of_absence(&away, false);
            }
            Heard::Back => remark("boxctl: boxd is back"),
        }
    }
    Ok(())
}

/// Prints each event as one line of JSON.
pub(super) fn print_json(mut ear: Ear) -> Result<(), Failure> {
    end_with_reader(&ear);
    while let Some(heard) = ear.listen()? {
        match heard {
            Heard::Event(event) => {
                if !stream(&(boxd_json::line(&boxd_json::event(&event)) + "\n"))? {
                    return Ok(());
                }
            }
            Heard::Away(away) => tell_of_absence(&away, true),
            Heard::Back => {}
        }
    }
    Ok(())
}

/// Runs a command for each event of an account.
pub(super) fn run_for_each(mut ear: Ear, line: &str, socket: &Path, as_json: bool) -> Result<(), Failure> {
    let runner = Runner::start(line, socket)?;
    let outcome = loop {
        match ear.listen() {
            Ok(Some(Heard::Event(event))) => runner.push(*event),
            Ok(Some(Heard::Away(away))) => tell_of_absence(&away, as_json),
            Ok(Some(Heard::Back)) if as_json => {}
            Ok(Some(Heard::Back)) => remark("boxctl: boxd is back"),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error.into()),
        }
    };
    runner.finish();
    outcome
}

/// One change, dated.
fn line(change: &Change, terminal: Terminal) -> String {
    let (tone, text) = words::of_change(change);
    let date = terminal.paint(Tone::Faint, &boxd_json::date(change.at));
    let account = terminal.paint(Tone::Strong, &tame(&change.account));
    format!("{date}  {account}  {}\n", terminal.paint(tone, &text))
}

fn tell_of_absence(away: &Away, as_json: bool) {
    let detail = format!("boxd is away since {}: {}", boxd_json::date(away.since), tame(&away.reason));
    if as_json {
        let problem = Problem {
            code: Code::Unreachable,
            detail,
            account: None,
            next_step: "nothing to do: the watch goes on when boxd is back".into(),
            retry_after_seconds: None,
        };
        remark(&boxd_json::line(&boxd_json::problem(&problem)));
    } else {
        remark(&format!("boxctl: {detail}; waiting for it"));
    }
}

/// A pipe without a reader shows only when something is written, which may take an hour: so that is watched too.
#[cfg(unix)]
fn end_with_reader(ear: &Ear) {
    use rustix::event::{PollFd, PollFlags, poll};
    let stopper = ear.stopper();
    let watching = std::thread::Builder::new().spawn(move || {
        let stdout = std::io::stdout();
        loop {
            let mut ends = [PollFd::new(&stdout, PollFlags::empty())];
            match poll(&mut ends, None) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(_) if ends.iter().any(|end| end.revents().intersects(PollFlags::ERR | PollFlags::HUP)) => {
                    return stopper.stop();
                }
                // Where it cannot be watched (macOS: some devices) the next line shows it.
                _ => return,
            }
        }
    });
    // Without a thread for it the next line shows it.
    drop(watching);
}

#[cfg(not(unix))]
fn end_with_reader(_ear: &Ear) {}

#[cfg(test)]
mod tests {
    use super::{
        super::board::{
            What,
            tests::{NOW, healthy},
        },
        *,
    };

    #[test]
    fn a_line_is_dated_and_names_the_account() {
        let change = Change { at: NOW, account: "work".into(), what: What::State(Box::new(healthy("work"))) };
        let plain = Terminal { colours: false };
        assert_eq!(line(&change, plain), "2023-11-14T22:13:20Z  work  healthy\n");
        let painted = line(&change, Terminal { colours: true });
        assert!(painted.contains("\u{1b}[32mhealthy\u{1b}[0m"), "{painted:?}");
    }
}
