//! `boxctl exec`: runs a program with a token in its environment.

use std::{process::ExitCode, sync::mpsc::channel};

use boxd_client::{Code, ScopedToken, ScopedTokenRequest};
use clap::CommandFactory as _;

use crate::{
    args::{Arguments, Exec},
    command::token,
    daemon,
    exec::{
        self, FAILED, Variable,
        mask::Secrets,
        supervisor::{OnNewToken, Plan},
    },
    failure::Failure,
    global::Global,
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
    let (client, token) = token::ask(global, options.wanted.wait, request.clone())?;
    drop(client);
    let on_new_token = match (options.restart, options.signal) {
        (true, _) => OnNewToken::Restart,
        (false, Some(signal)) => OnNewToken::Send(signal),
        (false, None) => OnNewToken::Nothing,
    };
    if on_new_token == OnNewToken::Nothing && !options.mask && !options.oauth {
        return Ok(exec::become_program(&options.program, &variables(options, &token)));
    }
    supervise(global, options, &request, &token, on_new_token)
}

/// Stays as the program's parent.
fn supervise(
    global: &Global,
    options: &Exec,
    request: &ScopedTokenRequest,
    token: &ScopedToken,
    on_new_token: OnNewToken,
) -> Result<ExitCode, Failure> {
    let socket = daemon::socket(global, true)?;
    let mut of_endpoint = Vec::new();
    let masked = options.mask.then(Secrets::default);
    let hide = |secret: &str| masked.iter().for_each(|secrets| secrets.add(secret));
    hide(token.token.access_token.expose());
    if options.oauth {
        let mut tokens = request.clone();
        // The default account is settled now.
        tokens.token.account = Some(token.token.account.clone());
        let endpoint = exec::endpoint::open(socket.clone(), tokens)?;
        hide(endpoint.client_secret.expose());
        hide(endpoint.refresh_token.expose());
        of_endpoint = exec::endpoint::variables(&endpoint);
    }
    let channel = channel();
    exec::signals::catch(channel.0.clone()).map_err(|error| {
        Failure::of(Code::Internal, format!("signals cannot be caught: {error}"), "see what the system lacks")
    })?;
    // The endpoint hands out tokens that boxctl must learn of to hide them.
    if on_new_token != OnNewToken::Nothing || (options.mask && options.oauth) {
        exec::news::follow(socket, request, token, channel.0.clone());
    }
    let environment = |token: &ScopedToken| [variables(options, token), of_endpoint.clone()].concat();
    let plan = Plan { words: &options.program, environment: &environment, on_new_token, masked };
    Ok(exec::supervisor::run(&plan, token, channel))
}

/// The variables that hold the token.
fn variables(options: &Exec, token: &ScopedToken) -> Vec<Variable> {
    let names = std::iter::once("BOX_ACCESS_TOKEN").chain(options.env.iter().map(String::as_str));
    names.map(|name| (name.to_owned(), token.token.access_token.clone())).collect()
}

/// Whether a command line that cannot be understood is one of `exec`.
pub(super) fn is_meant() -> bool {
    let matches = Arguments::command().ignore_errors(true).try_get_matches();
    matches.is_ok_and(|matches| matches.subcommand_name() == Some("exec"))
}
