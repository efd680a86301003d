//! What every command takes: which account, which daemon, and how to print.

use std::path::PathBuf;

use clap::Args;

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    #[arg(
        short,
        long,
        global = true,
        value_name = "NAME",
        help = "Account to use [env: BOXD_ACCOUNT] [default: the daemon's default account]"
    )]
    account: Option<String>,
    /// Print JSON; errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,
    // The variables are read with the other places of the socket: a flag beats every one of them.
    #[arg(long, global = true, value_name = "PATH", help = "Socket of the daemon [env: BOXD_SOCKET]")]
    pub(crate) socket: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help = "State directory of the daemon, where its socket may be [env: BOXD_STATE_DIR]"
    )]
    pub(crate) state_dir: Option<PathBuf>,
    /// Ask the system's daemon instead of your own
    #[arg(long, global = true, conflicts_with_all = ["socket", "state_dir"])]
    pub(crate) system: bool,
}

impl Global {
    /// The account by flag or environment; an empty variable is none.
    pub(crate) fn account(&self) -> Option<String> {
        let variable = || std::env::var("BOXD_ACCOUNT").ok().filter(|name| !name.is_empty());
        self.account.clone().or_else(variable)
    }

    /// The account of a command that takes it by position too.
    pub(crate) fn account_or(&self, positional: Option<&str>) -> Option<String> {
        positional.map(str::to_owned).or_else(|| self.account())
    }
}
