//! `boxctl exec`: runs a program with a token in its environment.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::{
    args::{Arguments, Exec, Global},
    command::token,
    exec::{self, FAILED, Variable},
    failure::Failure,
    output,
};

pub(super) fn run(global: &Global, options: &Exec) -> ExitCode {
    match begin(global, options) {
        Ok(ended) => ended,
        Err(failure) => {
            output::finish(Err(failure), global.json);
            ExitCode::from(FAILED)
        }
    }
}

fn begin(global: &Global, options: &Exec) -> Result<ExitCode, Failure> {
    if options.wanted.rejected.as_deref() == Some("-") {
        return Err(Failure::usage(
            "stdin is the program's, so --rejected takes a generation here",
            "see `boxctl token -o json` for the generation",
        ));
    }
    let request = token::request(global.account(), &options.wanted)?;
    let (client, token) = token::ask(global, options.wanted.wait, request)?;
    drop(client);
    let mut variables = vec!["BOX_ACCESS_TOKEN".to_owned()];
    variables.extend(options.env.iter().cloned());
    let environment: Vec<Variable> =
        variables.into_iter().map(|name| (name, token.token.access_token.expose().to_owned())).collect();
    Ok(exec::become_program(&options.program, &environment))
}

/// Whether a command line that cannot be understood is one of `exec`.
pub(super) fn is_meant() -> bool {
    let matches = Arguments::command().ignore_errors(true).try_get_matches();
    matches.is_ok_and(|matches| matches.subcommand_name() == Some("exec"))
}
