//! Log lines on stderr: plain for people, with priority prefixes under systemd.

use std::{fmt, io};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Full, Writer},
    },
    registry::LookupSpan,
};

/// A log filter that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error(
    "the log filter `{filter}` cannot be understood ({reason}); try `info`, `debug` or `boxd=debug,info`"
)]
pub struct InvalidFilter {
    filter: String,
    reason: String,
}

/// Starts logging to stderr with `filter`, in the syntax of `tracing_subscriber::EnvFilter`.
pub fn start(filter: &str) -> Result<(), InvalidFilter> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| InvalidFilter { filter: filter.to_owned(), reason: error.to_string() })?;
    let plain = tracing_subscriber::fmt::format().with_target(false);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    if to_the_journal() {
        builder.event_format(Prefixed(plain.with_ansi(false).without_time().with_level(false))).init();
    } else {
        let colours = io::IsTerminal::is_terminal(&io::stderr()) && std::env::var_os("NO_COLOR").is_none();
        builder.event_format(plain.with_ansi(colours)).init();
    }
    Ok(())
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
