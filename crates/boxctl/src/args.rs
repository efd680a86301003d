//! The command line.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use crate::command::key::Key;
use crate::{
    command::service::Service, duration, global::Global, import::kind::Kind, packaging::shell::Shell,
};

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
    /// Run a program with a token in its environment
    Exec(Exec),
    /// What `exec` becomes on its way to the program
    #[cfg(target_os = "linux")]
    #[command(hide = true, name = "__exec-stage")]
    ExecStage(ExecStage),
    /// List the accounts
    Accounts,
    /// Make one call to Box's API, without ever holding a token
    Api(Api),
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
    /// Show where the key is kept that seals the store, or change it
    Key(Key),
    /// Have boxd read its configuration anew
    Reload,
    /// Have boxd run as a service of this platform
    Service(Service),
    /// Print what Prometheus reads
    Metrics(Metrics),
    /// Check everything that can go wrong on this machine, each with its remedy
    #[command(after_help = crate::doctor::HELP)]
    Doctor,
    /// Show who was given which token
    Audit(crate::command::audit::Options),
    /// Show the places in use
    Paths {
        /// Only this one
        what: Option<Place>,
    },
    /// Print a script that completes boxctl's command lines
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a man page, or write all of them
    Man {
        /// Of this command, or boxd, or boxd.toml [default: of boxctl]
        page: Option<String>,
        /// Write every page into this directory instead
        #[arg(long, value_name = "DIR", conflicts_with = "page")]
        output_dir: Option<PathBuf>,
    },
    /// What the script of `completions` asks
    #[command(hide = true, name = "__complete")]
    Complete {
        /// `cur=` and the word that is being written, then those before it
        #[arg(last = true)]
        words: Vec<String>,
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
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// How to print it
    #[arg(short, long, value_name = "FORMAT", default_value = "token")]
    pub(crate) output: TokenFormat,
}

/// Which token.
#[derive(Args, Debug)]
pub(crate) struct Wanted {
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
}

/// Shown under the options of `watch`.
const WATCH_EXAMPLES: &str = "\
On a terminal it is a live screen: q ends it. Elsewhere the present state is printed, then one line for each new
token or state; with --json each event as one line of JSON. It goes on when boxd restarts.

CMD is a line for sh. For each event it gets the event as JSON on stdin (never a token), BOXD_EVENT (present, token,
state or removed), BOXD_ACCOUNT and BOXD_SOCKET in its environment, and stdout. One CMD runs at a time; of what an
account does meanwhile, only the last event of each kind is kept. Where it fails, that is remarked on stderr.

Examples:
  boxctl watch
  boxctl watch --json work | jq -r .event
  boxctl watch work --run 'if [ \"$BOXD_EVENT\" = token ]; then systemctl --user reload app; fi'";

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

/// Shown under the options of `exec`.
#[cfg(windows)]
const EXEC_HELP: &str = "\
boxctl stays as the program's parent, leaves Ctrl-C to it, and ends with its exit code. Windows has no signals: --signal
cannot be used, and --restart ends the program outright.

Exit code: the program's own; 125 where boxctl failed, 126 where the program cannot be run, 127 where there is none.

Examples:
  boxctl exec -- python report.py                      %BOX_ACCESS_TOKEN% is set
  boxctl exec --mask -- cmd /c build.cmd               it never shows in the log
  boxctl exec --oauth -- rclone copy :box:in C:\\in     renews from boxd for as long as it runs";

/// Shown under the options of `exec`.
#[cfg(unix)]
const EXEC_HELP: &str = "\
Without --restart, --signal, --mask and --oauth boxctl turns into the program and is gone. With one of them it stays as
the program's parent, passes signals on, and ends as the program does.

A program that was started with --signal asks `boxctl token` for the new token: its environment keeps the old one.

Exit status: the program's own; 125 where boxctl failed, 126 where the program cannot be run, 127 where there is none.

Examples:
  boxctl exec -- python3 report.py                     $BOX_ACCESS_TOKEN is set
  boxctl exec --env TOKEN --mask -- make deploy        $TOKEN too; it never shows in the log
  boxctl exec --restart -a bot -- ./worker             started anew with each new token
  boxctl exec --oauth -- rclone copy :box:in /srv/in   renews from boxd for as long as it runs";

#[derive(Args, Debug)]
#[command(after_help = EXEC_HELP)]
pub(crate) struct Exec {
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Set this variable to the token too; may be given several times
    #[arg(long, value_name = "NAME", value_parser = variable)]
    pub(crate) env: Vec<String>,
    /// At each new token end the program (SIGTERM, after 10 s SIGKILL) and start it anew
    #[arg(long, conflicts_with = "signal")]
    pub(crate) restart: bool,
    /// At each new token send the program this signal, e.g. HUP
    #[arg(long, value_name = "SIG", value_parser = crate::exec::signals::parse)]
    pub(crate) signal: Option<crate::exec::signals::Signal>,
    /// Show *** for the token in what the program writes; it sees pipes then, no terminal
    #[arg(long)]
    pub(crate) mask: bool,
    /// Give the program an OAuth token endpoint on 127.0.0.1 for its life
    #[arg(long)]
    pub(crate) oauth: bool,
    /// The program and its arguments
    #[arg(value_name = "CMD", required = true, last = true)]
    pub(crate) program: Vec<OsString>,
}

#[cfg(target_os = "linux")]
#[derive(Args, Debug)]
pub(crate) struct ExecStage {
    /// The process that must still be the parent
    pub(crate) parent: i32,
    /// The program and its arguments
    #[arg(required = true, last = true)]
    pub(crate) program: Vec<OsString>,
}

/// A name that every shell can read (POSIX: Base Definitions, section 3.216).
fn variable(text: &str) -> Result<String, &'static str> {
    let mut bytes = text.bytes();
    let begins = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if begins && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        Ok(text.to_owned())
    } else {
        Err("a variable's name is letters, digits and _, and does not begin with a digit")
    }
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

/// Shown under the options of `api`.
const API_EXAMPLES: &str = "\
Examples:
  boxctl api users/me
  boxctl api -X PUT -d '{\"name\":\"new.txt\"}' files/123
  boxctl api files/123/content >file        a redirect is followed, without the token
  boxctl api --upload -H 'Content-Type: multipart/form-data; boundary=x' -d @body files/content

The daemon puts the token in. It passes calls through where its config says [api] enabled = true.";

#[derive(Args, Debug)]
#[command(after_help = API_EXAMPLES)]
pub(crate) struct Api {
    /// Path and query: /2.0/users/me, or users/me for short
    #[arg(value_name = "PATH")]
    pub(crate) path: String,
    /// The method [default: GET, with -d POST]
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// A header, such as `If-Match: 1`; may be given several times
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,
    /// The body, `@FILE` for what is in a file, or `@-` for stdin
    #[arg(short, long, value_name = "DATA|@FILE|@-")]
    pub(crate) data: Option<String>,
    /// To the host for uploads
    #[arg(long)]
    pub(crate) upload: bool,
    /// Print status and headers too
    #[arg(short, long)]
    pub(crate) include: bool,
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

#[derive(Args, Debug)]
pub(crate) struct Logout {
    /// The account
    #[arg(value_name = "ACCOUNT")]
    pub(crate) name: Option<String>,
    /// Only forget the grant; do not revoke it at Box
    #[arg(long)]
    pub(crate) local: bool,
}

#[derive(Args, Debug)]
#[command(after_help = METRICS_EXAMPLE)]
pub(crate) struct Metrics {
    /// Put it into this file instead, all at once and readable by everybody: no reader sees half of it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Shown under the options of `metrics`.
const METRICS_EXAMPLE: &str = "\
Example, as a timer or cron job for node_exporter's textfile collector:
  boxctl metrics -o /var/lib/prometheus/node-exporter/boxd.prom

Where boxd cannot be reached the file stays as it is: node_textfile_mtime_seconds tells its age.
Prometheus itself can scrape GET /metrics of the socket through any forwarder.";

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
