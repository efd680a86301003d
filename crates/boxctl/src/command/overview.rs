//! Bare `boxctl`: where things stand, and the next step.

use boxd_client::{AccountStatus, GrantState};

use crate::{command::status, daemon, failure::Failure, global::Global, output::print, terminal::tame};

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let accounts = match daemon::connect_any(global).and_then(|mut client| client.status(None)) {
        Ok(accounts) => accounts,
        Err(error) if error.is_nobody_there() && !global.json => {
            print(
                "boxd is not running.\n\n\
                 It keeps Box access tokens alive and hands them to local programs.\n\n\
                 next: start it in a terminal with `boxd`, or as a service of yours\n\
                 help: boxctl --help\n",
            )?;
            return Err(Failure { silent: true, ..error.into() });
        }
        Err(error) => return Err(error.into()),
    };
    if accounts.is_empty() && !global.json {
        return print(
            "boxd is running and holds no account yet.\n\n\
             next: log in to Box: boxctl login\n\
             or take a grant over that exists elsewhere: boxctl import\n",
        );
    }
    let result = status::show(global, &accounts);
    if !global.json && result.is_ok() {
        print(&next_step(&accounts))?;
    }
    result
}

fn next_step(accounts: &[AccountStatus]) -> String {
    match accounts.iter().find(|account| account.state == GrantState::Absent) {
        Some(absent) => format!("\nnext: boxctl login {}\n", tame(&absent.account)),
        None => "\nnext: use a token: boxctl token (see boxctl token --help for formats)\n".into(),
    }
}
