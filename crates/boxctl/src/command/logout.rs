//! `boxctl logout`: revokes the grant at Box, then forgets it.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::{
    args::Logout,
    daemon,
    failure::Failure,
    global::Global,
    output::{print, remark},
    terminal::tame,
};

pub(super) fn run(global: &Global, options: &Logout) -> Result<(), Failure> {
    let mut client = daemon::connect(global)?;
    let account = match global.account_or(options.name.as_deref()) {
        Some(account) => account,
        None => ask_which(&client.accounts()?)?,
    };
    client.logout(Some(&account), options.local)?;
    if global.json {
        let done = serde_json::json!({ "schema": 1, "account": account, "revoked": !options.local });
        return print(&(boxd_json::line(&done) + "\n"));
    }
    let what = if options.local {
        "forgotten; the grant still works at Box"
    } else {
        "revoked at Box and forgotten"
    };
    print(&format!("{}: {what}\n", tame(&account)))
}

/// Ending a grant is not done by default: the person names it.
fn ask_which(names: &[String]) -> Result<String, Failure> {
    let list = names.iter().map(|name| tame(name)).collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        return Err(Failure::usage("there is no account to log out", "nothing to do"));
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "which account?",
            format!("name one: boxctl logout NAME (one of {list})"),
        ));
    }
    remark(&format!("Which account should be logged out ({list})?"));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        name if names.iter().any(|known| known == name) => Ok(name.to_owned()),
        _ => Err(Failure::usage("no account of that name; nothing was changed", format!("one of {list}"))),
    }
}
