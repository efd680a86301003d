//! `boxctl completions`: small scripts that ask boxctl itself, so that they know of accounts, and never age.

use std::{sync::mpsc::channel, thread, time::Duration};

use clap::CommandFactory as _;

use super::{candidates::candidates, shell::Shell};
use crate::{args::Arguments, daemon, failure::Failure, global::Global, output::print, terminal::tame};

/// Somebody waits for a line at a prompt: where no daemon answers by then, there are no names.
const PATIENCE: Duration = Duration::from_millis(300);

pub(crate) fn print_script(shell: Shell) -> Result<(), Failure> {
    print(match shell {
        Shell::Bash => include_str!("../../completions/boxctl.bash"),
        Shell::Zsh => include_str!("../../completions/boxctl.zsh"),
        Shell::Fish => include_str!("../../completions/boxctl.fish"),
        Shell::Power => include_str!("../../completions/boxctl.ps1"),
    })
}

/// What may stand in place of the last word, one a line, with a tab before what it means.
///
/// The first word is `cur=` and the one that is being written: some shells drop an empty argument.
pub(crate) fn complete(global: &Global, words: &[String]) -> Result<(), Failure> {
    let mut command = Arguments::command();
    command.build();
    let (current, before) = match words.split_first() {
        Some((first, before)) => (first.strip_prefix("cur=").unwrap_or(first), before),
        None => ("", words),
    };
    let global = global.clone();
    let accounts = || {
        let names =
            move || daemon::connect_any(&global).and_then(|mut client| client.accounts()).unwrap_or_default();
        within(PATIENCE, names)
    };
    let lines = candidates(&command, before, current, accounts).into_iter().map(|candidate| {
        let value = tame(&candidate.value);
        match candidate.help.lines().next().filter(|line| !line.is_empty()) {
            Some(help) => format!("{value}\t{help}\n"),
            None => value + "\n",
        }
    });
    print(&lines.collect::<String>())
}

/// What comes of this in time. Else it goes on until boxctl ends, which is at once.
fn within<T: Default + Send + 'static>(patience: Duration, ask: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, answer) = channel();
    thread::spawn(move || drop(sender.send(ask())));
    answer.recv_timeout(patience).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_stands_still_is_not_waited_for() {
        let (release, held) = channel::<()>();
        let names = within(Duration::from_millis(1), move || {
            held.recv().unwrap_or_default();
            vec!["work"]
        });
        assert!(names.is_empty());
        drop(release);
        assert_eq!(within(Duration::from_mins(1), || vec!["work"]), ["work"]);
    }
}
