//! Log lines on stderr: plain for people, with priority prefixes under systemd; or in a file of limited size.

mod file;
mod stderr;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Full, Writer},
    },
    registry::LookupSpan,
};

use self::file::LogFile;

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// A log filter that cannot be understood.
    #[error(
        "the log filter `{filter}` cannot be understood ({reason}); try `info`, `debug` or `boxd=debug,info`"
    )]
    InvalidFilter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that cannot be written.
    #[error("the log file {} cannot be opened: {error}; give another with --log-file", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

/// Starts logging to a file, or else to stderr, with `filter`, in the syntax of `tracing_subscriber::EnvFilter`.
pub fn start(filter: &str, file: Option<&Path>) -> Result<(), LoggingError> {
    let filter = EnvFilter::try_new(filter).map_err(|error| LoggingError::InvalidFilter {
        filter: filter.to_owned(),
        reason: error.to_string(),
    })?;
    let plain = tracing_subscriber::fmt::format().with_target(false);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A log that cannot be written is no reason to end.
        .log_internal_errors(false);
    if let Some(path) = file {
        let file =
            LogFile::open(path).map_err(|error| LoggingError::File { path: path.to_owned(), error })?;
        builder.with_writer(Mutex::new(file)).event_format(plain.with_ansi(false)).init();
        return Ok(());
    }
    let builder = builder.with_writer(self::stderr::Stderr::default());
    if to_the_journal() {
        builder.event_format(Prefixed(plain.with_ansi(false).without_time().with_level(false))).init();
    } else {
        let colours = io::IsTerminal::is_terminal(&io::stderr()) && std::env::var_os("NO_COLOR").is_none();
        builder.event_format(plain.with_ansi(colours)).init();
    }
    Ok(())
}

/// Whether this process has a stderr. On Windows one that was started without a console, as by the Task Scheduler, may
/// have none.
pub fn has_stderr() -> bool {
    #[cfg(windows)]
    {
        use std::os::windows::io::AsRawHandle as _;
        !io::stderr().as_raw_handle().is_null()
    }
    #[cfg(not(windows))]
    true
}

/// Whether stderr is the journal's, by systemd's own mark (systemd.exec(5)).
pub(crate) fn to_the_journal() -> bool {
    #[cfg(unix)]
    {
        let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
        rustix::fs::fstat(io::stderr()).is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
    }
    #[cfg(not(unix))]
    false
}

/// Puts `<N>` before each line, N being the syslog priority (sd-daemon(3)).
struct Prefixed(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for Prefixed
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        write!(writer, "<{priority}>")?;
        self.0.format_event(context, writer, event)
    }
}
