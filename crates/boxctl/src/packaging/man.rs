//! `boxctl man`: pages made from the command line's own definition, and those of the daemon.

use std::{fs, path::Path};

use clap::{Arg, Command, CommandFactory as _};

use super::{
    examples,
    roff::{Page, bold, italic},
};
use crate::{args::Arguments, failure::Failure, output::print};

/// Pages that are not about boxctl, as files.
const DAEMON: [(&str, &str); 2] =
    [("boxd.8", include_str!("../../man/boxd.8")), ("boxd.toml.5", include_str!("../../man/boxd.toml.5"))];

/// The same on every page of boxctl.
const EXIT_STATUS: [(&str, &str); 10] = [
    ("0", "Done."),
    ("1", "Any other failure; for doctor: something is wrong."),
    ("2", "The command line or a file makes no sense."),
    ("3", "boxd cannot be reached."),
    ("4", "A person must log in or act; the message says how."),
    ("5", "No valid token now; try again."),
    ("6", "Denied by the daemon's access policy."),
    ("7", "There is no such account."),
    ("8", "Box's tokens do not live that long, or Box does not grant that scope."),
    ("9", "boxctl and boxd have no protocol version in common."),
];

const ENVIRONMENT: [(&str, &str); 5] = [
    ("BOXD_ACCOUNT", "The account, where the command line names none."),
    ("BOXD_SOCKET", "The daemon's socket."),
    ("BOXD_STATE_DIR", "The daemon's state directory, in which its socket is."),
    ("BOX_CLIENT_ID, BOX_CLIENT_SECRET", "The Box app of a login or import that does not name one."),
    ("NO_COLOR", "Where it is set and not empty, nothing is coloured."),
];

const FILES: [(&str, &str); 3] = [
    ("$XDG_RUNTIME_DIR/boxd/boxd.sock", "The socket of your own boxd."),
    ("/run/boxd/boxd.sock", "That of the system's, which is asked where you have none."),
    ("~/.config/boxd/config.toml", "The config, boxd.toml(5)."),
];

/// Prints the page of a command (none: of boxctl), or writes all pages into a directory.
pub(crate) fn run(name: Option<&str>, directory: Option<&Path>) -> Result<(), Failure> {
    let mut command = Arguments::command();
    command.build();
    let pages = pages(&command);
    if let Some(directory) = directory {
        for (file, text) in pages {
            fs::write(directory.join(&file), text).map_err(|error| {
                let detail = format!("{} cannot be written: {error}", directory.join(&file).display());
                Failure::usage(detail, "name a directory that is there and may be written to")
            })?;
        }
        return Ok(());
    }
    let stem = name.map_or_else(
        || "boxctl".to_owned(),
        |name| match name {
            "boxctl" | "boxd" | "boxd.toml" => name.to_owned(),
            // Also by the page's own name.
            command => format!("boxctl-{}", command.strip_prefix("boxctl-").unwrap_or(command)),
        },
    );
    let page =
        pages.into_iter().find(|(file, _)| file.rsplit_once('.').is_some_and(|(found, _)| found == stem));
    let Some((_, text)) = page else {
        let detail = format!("there is no page {stem}");
        return Err(Failure::usage(detail, "name a command of boxctl, boxd or boxd.toml"));
    };
    print(&text)
}

/// Every page: its file's name and its text.
fn pages(command: &Command) -> Vec<(String, String)> {
    let mut pages = vec![("boxctl.1".to_owned(), page(command, "boxctl"))];
    for sub in visible(command) {
        let name = format!("boxctl-{}", sub.get_name());
        pages.push((format!("{name}.1"), page(sub, &name)));
    }
    pages.extend(DAEMON.map(|(file, text)| (file.to_owned(), text.to_owned())));
    pages
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
}

fn page(command: &Command, name: &str) -> String {
    let mut page = Page::titled(name, 1);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.section("NAME");
    page.text(&format!("{name} - {}", about.trim_end_matches('.')));
    page.section("SYNOPSIS");
    page.verbatim(&usage(command));
    page.section("DESCRIPTION");
    let long = command.get_long_about().map_or_else(|| about + ".", ToString::to_string);
    page.text(&long);
    let (told, own_examples) = after_help(command);
    if !told.is_empty() {
        page.line(".PP");
        page.text(&told);
    }
    if visible(command).next().is_some() {
        page.section("COMMANDS");
        for sub in visible(command) {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            page.term(&bold(sub.get_name()), &format!("{about}. See {name}-{}(1).", sub.get_name()));
        }
    }
    page.section("OPTIONS");
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        page.term(&term(argument), &meaning(argument));
    }
    page.section("EXAMPLES");
    page.verbatim(own_examples.as_deref().unwrap_or_else(|| examples::of(command.get_name())));
    terms(&mut page, "EXIT STATUS", &EXIT_STATUS);
    terms(&mut page, "ENVIRONMENT", &ENVIRONMENT);
    terms(&mut page, "FILES", &FILES);
    page.section("SEE ALSO");
    page.text(if name == "boxctl" { "boxd(8), boxd.toml(5)" } else { "boxctl(1), boxd(8), boxd.toml(5)" });
    page.finish()
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage.trim_start_matches("Usage:").lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

/// What stands under the options in `--help`: text, and the block that begins with `Example`.
fn after_help(command: &Command) -> (String, Option<String>) {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    match text.find("Example") {
        None => (text, None),
        Some(at) => {
            let (before, examples) = text.split_at(at);
            let (block, rest) = examples.split_once("\n\n").unwrap_or((examples, ""));
            let lines: Vec<&str> = block.lines().skip(1).map(|line| line.trim_start_matches("  ")).collect();
            ([before.trim_end(), rest].join("\n\n").trim().to_owned(), Some(lines.join("\n")))
        }
    }
}

fn terms(page: &mut Page, title: &str, terms: &[(&str, &str)]) {
    page.section(title);
    for (term, meaning) in terms {
        page.term(&bold(term), meaning);
    }
}

fn term(argument: &Arg) -> String {
    let value = || {
        let names = argument.get_value_names().unwrap_or_default();
        names.iter().map(|name| italic(name)).collect::<Vec<_>>().join(" ")
    };
    if argument.is_positional() {
        return value();
    }
    let short = argument.get_short().map(|short| bold(&format!("-{short}")));
    let long = argument.get_long().map(|long| bold(&format!("--{long}")));
    let names = short.into_iter().chain(long).collect::<Vec<_>>().join(", ");
    if argument.get_action().takes_values() { format!("{names} {}", value()) } else { names }
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let told = format!("{}.", help.trim_end_matches('.'));
    if !argument.get_action().takes_values() {
        return told;
    }
    let possible = argument.get_possible_values();
    let shown = possible.iter().filter(|value| !value.is_hide_set());
    let shown = shown.map(clap::builder::PossibleValue::get_name).collect::<Vec<_>>().join(", ");
    let defaults = argument.get_default_values().iter().map(|value| value.to_string_lossy());
    let defaults = defaults.collect::<Vec<_>>().join(", ");
    let sentence = |title: &str, values: String| {
        if values.is_empty() { values } else { format!(" {title}: {values}.") }
    };
    told + &sentence("One of", shown) + &sentence("Default", defaults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(String, String)> {
        let mut command = Arguments::command();
        command.build();
        pages(&command)
    }

    #[test]
    fn every_command_has_a_page_with_examples_and_all_sections() {
        let pages = all();
        for (file, text) in &pages {
            for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "FILES", "SEE ALSO"] {
                assert!(text.contains(&format!(".SH {section}\n")), "{file} has no {section}");
            }
            let examples = text.split(".SH EXAMPLES\n").nth(1).unwrap();
            assert!(
                examples.split(".SH").next().unwrap().contains("box"),
                "{file} has no example: {examples}"
            );
            assert!(!text.contains("__"), "{file} tells of what is hidden");
        }
        for wanted in ["boxctl.1", "boxctl-token.1", "boxctl-doctor.1", "boxd.8", "boxd.toml.5"] {
            assert!(pages.iter().any(|(file, _)| file == wanted), "{wanted}");
        }
    }

    #[test]
    fn options_come_with_values_and_defaults() {
        let (_, token) = all().into_iter().find(|(file, _)| file == "boxctl-token.1").unwrap();
        assert!(token.contains("\\fB\\-t\\fR, \\fB\\-\\-min\\-ttl\\fR \\fIDURATION\\fR"), "{token}");
        assert!(token.contains("One of: token, json, header, env, curl. Default: token."), "{token}");
    }

    #[test]
    fn what_follows_the_examples_of_a_help_text_is_not_lost() {
        let command = Command::new("x").after_help("One.\n\nExamples:\n  a\n  b\n\nTwo.");
        assert_eq!(after_help(&command), ("One.\n\nTwo.".to_owned(), Some("a\nb".to_owned())));
    }
}
