//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::duration;

/// Asks boxd for Box access tokens, and looks after the accounts that it keeps alive.
///
/// Without a command it says where things stand and what to do next.
#[derive(Debug, Parser)]
#[command(name = "boxctl", disable_version_flag = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    /// Print the versions of boxctl and of the running boxd
    #[arg(short = 'V', long)]
    pub(crate) version: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What every command takes.
#[derive(Args, Debug)]
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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print an access token that works
    Token(Token),
    /// Show each account: state, life left, next renewal, what to do
    Status(OneAccount),
    /// Show what happens to the accounts, as it happens
    Watch(Watch),
    /// Renew the token now and wait for the outcome
    Refresh(OneAccount),
    /// List the accounts
    Accounts,
    /// Log in to Box in a browser
    Login(Login),
    /// Take over credentials that exist elsewhere
    Import(Import),
    /// Revoke the grant at Box, then forget it
    Logout(Logout),
    /// Give an account another name
    Rename {
        /// Its name
        old: String,
        /// Its new name
        new: String,
    },
    /// Take over the grant of a store that came from another machine
    Adopt {
        /// The account
        account: String,
    },
    /// Have boxd read its configuration anew
    Reload,
    /// Show the places in use
    Paths {
        /// Only this one
        what: Option<Place>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct OneAccount {
    /// The account
    #[arg(value_name = "ACCOUNT")]
    pub(crate) name: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Token {
    /// The account
    #[arg(value_name = "ACCOUNT")]
    pub(crate) name: Option<String>,
    /// The token must live at least this long, e.g. 90s, 15m, 1h
    #[arg(short = 't', long, value_name = "DURATION", default_value = "0", value_parser = duration::parse)]
    pub(crate) min_ttl: Duration,
    /// Box answered 401 to the token of this generation, or to the one on stdin (`-`)
    #[arg(long, value_name = "GENERATION|-")]
    pub(crate) rejected: Option<String>,
    /// Wait at most this long where no such token is at hand [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) wait: Option<Duration>,
    /// A token with this scope alone, such as `item_download`; may be given several times
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,
    /// Good for this alone: `file:ID`, `folder:ID` or its URL in the API of Box
    #[arg(long, value_name = "RESOURCE", requires = "scope", conflicts_with = "shared_link")]
    pub(crate) resource: Option<String>,
    /// Good for the item of this shared link alone
    #[arg(long, value_name = "URL", requires = "scope")]
    pub(crate) shared_link: Option<String>,
    /// As this Box user of the same app (CCG and JWT)
    #[arg(long, value_name = "ID", value_parser = box_user)]
    pub(crate) user: Option<String>,
    /// How to print it
    #[arg(short, long, value_name = "FORMAT", default_value = "token")]
    pub(crate) output: TokenFormat,
}

/// Shown under the options of `watch`.
const WATCH_EXAMPLES: &str = "\
On a terminal it is a live screen: q ends it. Elsewhere the present state is printed, then one line for each new
token or state; with --json each event as one line of JSON. It goes on when boxd restarts.

CMD is a line for sh. For each event it gets the event as JSON on stdin (never a token), BOXD_EVENT (present, token,
state or removed) and BOXD_ACCOUNT in its environment, and stdout. One CMD runs at a time; of what an account does
meanwhile, only the last event of each kind is kept.

Examples:
  boxctl watch
  boxctl watch --json work | jq -r .event
  boxctl watch work --run '[ $BOXD_EVENT = token ] && systemctl --user reload app'";

#[derive(Args, Debug)]
#[command(after_help = WATCH_EXAMPLES)]
pub(crate) struct Watch {
    /// The account [default: all]
    #[arg(value_name = "ACCOUNT")]
    pub(crate) name: Option<String>,
    /// Run CMD for each event instead of showing it
    #[arg(long, value_name = "CMD")]
    pub(crate) run: Option<String>,
}

/// A Box user is named by digits: a name or login would ask for nobody.
fn box_user(text: &str) -> Result<String, &'static str> {
    let is_id = !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { Ok(text.to_owned()) } else { Err("a Box user is named by its id: digits alone") }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenFormat {
    /// The token and a newline
    Token,
    /// All that is known of it
    Json,
    /// `Authorization: Bearer …`
    Header,
    /// `export BOX_ACCESS_TOKEN='…'`
    Env,
    /// A line for `curl -K -`
    Curl,
}

/// Shown under the options of `import`.
const IMPORT_EXAMPLES: &str = "\
Examples:
  boxctl import --from rclone --entry mybox     the remote [mybox] of the rclone.conf in use
  boxctl import --from box-cli -a work          the environment of Box CLI, as account work
  boxctl import 1234_abcd_config.json -a app    an app with JWT or CCG
  rclone config show | boxctl import -          an encrypted rclone.conf

A grant is moved, not copied: stop the other tool from using it once boxd has it.";

#[derive(Args, Debug)]
pub(crate) struct Login {
    /// The account
    #[arg(value_name = "ACCOUNT")]
    pub(crate) name: Option<String>,
    /// Print the address instead of opening it, and take the redirected address or the code on stdin too
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Port of the redirect URI [default: as configured, else any free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Let another Box user take the place of the account's
    #[arg(long)]
    pub(crate) replace_user: bool,
}

#[derive(Args, Debug)]
#[command(after_help = IMPORT_EXAMPLES)]
pub(crate) struct Import {
    /// The file, or `-` for stdin [default: where the tool named by --from keeps it]
    #[arg(value_name = "FILE|-")]
    pub(crate) file: Option<PathBuf>,
    /// What kind of file it is [default: recognised]
    #[arg(long, value_name = "KIND")]
    pub(crate) from: Option<Kind>,
    /// Which of several: an rclone remote, a Box CLI environment
    #[arg(long, value_name = "NAME")]
    pub(crate) entry: Option<String>,
    /// Take the place of the grant that the account holds
    #[arg(long)]
    pub(crate) replace: bool,
    /// Spend nothing now; older copies of the grant work until the next planned renewal
    #[arg(long)]
    pub(crate) no_refresh: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// rclone.conf; without FILE the one that rclone uses
    Rclone,
    /// `box_environments.json`; without FILE from the keyring or ~/.box
    BoxCli,
    /// An environment of Box's Postman collection, exported
    Postman,
    /// The app settings (JSON) of the Box developer console, with JWT or CCG
    BoxApp,
    /// What `BoxAPIConnection.save()` gave; the app is named by `BOX_CLIENT_ID` and `BOX_CLIENT_SECRET`
    JavaSdk,
    /// A bare access token, such as a developer token; served until it ends
    Token,
    /// `client_id`, `client_secret`, `refresh_token` and more as one JSON object
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct Logout {
    /// The account
    #[arg(value_name = "ACCOUNT")]
    pub(crate) name: Option<String>,
    /// Only forget the grant; do not revoke it at Box
    #[arg(long)]
    pub(crate) local: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Place {
    /// The socket
    Socket,
    /// The config file
    Config,
    /// The state directory
    State,
    /// Where boxd logs to
    Log,
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
