//! `boxctl completions`: small scripts that ask boxctl itself, so that they know of accounts, and never age.

use clap::CommandFactory as _;

use super::{candidates::candidates, shell::Shell};
use crate::{args::Arguments, daemon, failure::Failure, global::Global, output::print, terminal::tame};

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
    let accounts = || {
        // Somebody waits for a line at a prompt: where no daemon answers there are no names.
        daemon::connect_any(global).and_then(|mut client| client.accounts()).unwrap_or_default()
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
