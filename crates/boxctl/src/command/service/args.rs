//! The command line of `service`.

use clap::{Args, Subcommand};

/// Shown under the options of `service`.
const EXAMPLES: &str = "\
Without --system it is your own service, under systemd (Linux), launchd (macOS) or the task scheduler (Windows).
With --system it is the machine's, with a user of its own; programs of users in the group `boxd` are its clients.

Examples:
  boxctl service install              have boxd start with your session, now and from now on
  boxctl service install --print      show the files and commands, and change nothing
  sudo boxctl service install --system
  boxctl service logs -f";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Service {
    #[command(subcommand)]
    pub(super) action: Action,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Install the boxd beside this boxctl as a service, or bring the service up to date, and start it
    Install {
        /// Show the files and commands of a first installation, and change nothing
        #[arg(long, conflicts_with = "force")]
        print: bool,
        /// Replace files that were edited by hand; the old ones stay as .orig
        #[arg(long)]
        force: bool,
    },
    /// Stop the service and take out what `install` put there; logins and config stay
    Uninstall,
    /// Start it
    Start,
    /// Stop it, until the next start of the session or system
    Stop,
    /// Stop it and start it again; clients wait meanwhile
    Restart,
    /// Show whether it is installed, enabled, running, and as it was installed
    Status,
    /// Show its log
    Logs {
        /// Go on with what comes
        #[arg(short, long)]
        follow: bool,
        /// How many of the last lines
        #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
        lines: u32,
    },
}
