//! `boxctl`: the command line of boxd, the keeper of Box access tokens.
#![forbid(unsafe_code)]

mod args;
mod command;
mod daemon;
mod doctor;
mod duration;
mod exec;
mod failure;
mod global;
mod hidden;
mod import;
mod output;
mod packaging;
mod service;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = match args::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return command::usage(&error),
    };
    if arguments.version {
        return output::finish(command::version::run(&arguments.global), arguments.global.json);
    }
    command::run(&arguments)
}
