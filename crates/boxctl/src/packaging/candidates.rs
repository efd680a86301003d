//! Which words may come next on a command line, by its own definition.

use clap::{Arg, Command};

/// One word, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) value: String,
    pub(super) help: String,
}

/// What may stand in place of `current`, after the words `before` it. The command must be built.
pub(super) fn candidates(
    command: &Command,
    before: &[String],
    current: &str,
    accounts: impl FnOnce() -> Vec<String>,
) -> Vec<Candidate> {
    let Some(place) = Place::after(command, before) else { return Vec::new() };
    // bash makes words of their own of `--option=value`.
    let current = if current == "=" { "" } else { current };
    if let Some(option) = place.wants_value {
        return beginning_with(current, values(option, accounts));
    }
    if let Some((name, written)) = current.strip_prefix("--").and_then(|rest| rest.split_once('=')) {
        let Some(option) = long(place.command, name) else { return Vec::new() };
        let whole = |found: Candidate| Candidate { value: format!("--{name}={}", found.value), ..found };
        return beginning_with(written, values(option, accounts)).into_iter().map(whole).collect();
    }
    if current.starts_with('-') {
        return beginning_with(current, options(place.command));
    }
    let mut found = Vec::new();
    if place.positionals == 0 {
        found.extend(place.command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(|sub| Candidate {
            value: sub.get_name().to_owned(),
            help: sub.get_about().map(ToString::to_string).unwrap_or_default(),
        }));
    }
    if let Some(positional) = place.command.get_positionals().nth(place.positionals) {
        found.extend(values(positional, accounts));
    }
    beginning_with(current, found)
}

/// Where on the line the next word would stand.
struct Place<'c> {
    command: &'c Command,
    /// The option before it that still has no value.
    wants_value: Option<&'c Arg>,
    /// How many words were given by position.
    positionals: usize,
}

impl<'c> Place<'c> {
    /// `None` behind `--`: what follows is another program's.
    fn after(command: &'c Command, words: &[String]) -> Option<Self> {
        let mut place = Self { command, wants_value: None, positionals: 0 };
        for word in words {
            if word == "=" {
                continue;
            }
            if place.wants_value.take().is_some() {
                continue;
            }
            if word == "--" {
                return None;
            }
            if let Some(name) = word.strip_prefix("--") {
                place.wants_value = long(place.command, name).filter(|option| takes_value(option));
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                let last = letters.chars().last();
                let option = place.command.get_arguments().find(|option| option.get_short() == last);
                place.wants_value = option.filter(|option| takes_value(option));
            } else if let Some(sub) = place.command.find_subcommand(word) {
                place = Self { command: sub, wants_value: None, positionals: 0 };
            } else {
                place.positionals += 1;
            }
        }
        Some(place)
    }
}

fn long<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|option| option.get_long() == Some(name))
}

fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values()
}

fn options(command: &Command) -> Vec<Candidate> {
    let shown = command.get_arguments().filter(|option| !option.is_hide_set());
    shown
        .filter_map(|option| {
            let value = format!("--{}", option.get_long()?);
            Some(Candidate { value, help: option.get_help().map(ToString::to_string).unwrap_or_default() })
        })
        .collect()
}

/// What an argument may be; nothing where it is a file or anything else.
fn values(argument: &Arg, accounts: impl FnOnce() -> Vec<String>) -> Vec<Candidate> {
    if matches!(argument.get_id().as_str(), "account" | "name" | "old") {
        return accounts().into_iter().map(|value| Candidate { value, help: "account".into() }).collect();
    }
    let possible = argument.get_possible_values();
    possible
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| Candidate {
            value: value.get_name().to_owned(),
            help: value.get_help().map(ToString::to_string).unwrap_or_default(),
        })
        .collect()
}

fn beginning_with(written: &str, found: Vec<Candidate>) -> Vec<Candidate> {
    found.into_iter().filter(|candidate| candidate.value.starts_with(written)).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Arguments;

    fn after(line: &[&str], current: &str) -> Vec<String> {
        let mut command = Arguments::command();
        command.build();
        let before: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        let accounts = || vec!["bot".to_owned(), "work".to_owned()];
        candidates(&command, &before, current, accounts).into_iter().map(|found| found.value).collect()
    }

    #[test]
    fn commands_options_and_values() {
        assert_eq!(after(&[], "to"), ["token"]);
        assert!(
            after(&[], "").contains(&"doctor".to_owned())
                && !after(&[], "").contains(&"__complete".to_owned())
        );
        assert_eq!(after(&["token"], "--min"), ["--min-ttl"]);
        assert!(after(&["token"], "--js").contains(&"--json".to_owned()), "global options too");
        assert_eq!(after(&["token", "-o"], "he"), ["header"]);
        assert_eq!(after(&["token", "--output"], "c"), ["curl"]);
        assert_eq!(after(&["token"], "--output=c"), ["--output=curl"]);
        assert_eq!(after(&["token", "--output", "="], "c"), ["curl"], "as bash cuts it");
        assert_eq!(after(&["completions"], "f"), ["fish"]);
    }

    #[test]
    fn accounts_where_one_is_meant() {
        assert_eq!(after(&["token"], ""), ["bot", "work"]);
        assert_eq!(after(&["-a"], "w"), ["work"]);
        assert_eq!(after(&["status", "-a", "x"], "b"), ["bot"]);
        assert_eq!(after(&["rename"], "w"), ["work"]);
        assert!(after(&["rename", "work"], "").is_empty(), "a new name is anything");
        assert!(after(&["exec", "--env"], "").is_empty(), "a variable is no account");
    }

    #[test]
    fn another_programs_line_is_left_alone() {
        assert!(after(&["exec", "--"], "to").is_empty());
    }
}
