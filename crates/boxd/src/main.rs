//! `boxd`: keeps Box access tokens alive and hands them to local programs.

use std::{fmt, io::Write as _, path::PathBuf, process::ExitCode};

use boxd::run::{self, Options};
use clap::Parser;

/// Libraries too shall leave nothing of a token behind.
#[global_allocator]
static ALLOCATOR: boxd::platform::WipingAllocator = boxd::platform::WipingAllocator;

/// Keeps a Box account's OAuth 2.0 tokens alive, and hands them to local programs.
///
/// Stays in the foreground and logs to stderr; ask it with `boxctl`.
#[derive(Debug, Parser)]
#[command(name = "boxd", version)]
struct Arguments {
    /// Config file [default: config.toml in the platform's config directory]
    #[arg(long, value_name = "FILE", env = "BOXD_CONFIG")]
    config: Option<PathBuf>,
    /// State directory: the sealed grants
    #[arg(long, value_name = "DIR", env = "BOXD_STATE_DIR")]
    state_dir: Option<PathBuf>,
    /// Socket to serve on
    #[arg(long, value_name = "PATH", env = "BOXD_SOCKET")]
    socket: Option<PathBuf>,
    /// Log filter, e.g. `info`, `debug`, `boxd=debug`
    #[arg(long, value_name = "FILTER", env = "BOXD_LOG", default_value = "info")]
    log: String,
    /// Log to this file instead of stderr; at 4 MiB a new one is begun and one old one kept [default where there is no
    /// stderr: boxd.log in the state directory]
    #[arg(long, value_name = "FILE", env = "BOXD_LOG_FILE")]
    log_file: Option<PathBuf>,
    /// Keep the state directory on a network file system all the same
    #[arg(long)]
    allow_network_fs: bool,
    /// Read config and store, print what boxd would do, change nothing; exit 0 or 78
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    boxd::hardening::take_measures();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let options = Options {
        config: arguments.config,
        state_dir: arguments.state_dir,
        socket: arguments.socket,
        allow_network_fs: arguments.allow_network_fs,
    };
    let log_file = arguments.log_file.or_else(|| run::default_log_file(&options));
    if let Err(error) = boxd::logging::start(&arguments.log, log_file.as_deref()) {
        last_word(&error);
        return ExitCode::from(run::exit_code_without_log(&error));
    }
    let result = if arguments.check { run::check(&options) } else { run::serve(&options) };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            last_word(&failure);
            if log_file.is_some() {
                tracing::error!("boxd does not run: {failure}");
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

/// That of a process that cannot log it; nor may there be anybody to hear it.
fn last_word(error: &dyn fmt::Display) {
    writeln!(std::io::stderr(), "boxd: {error}").ok();
}
