//! How much the server takes on, and how long it waits.

use std::time::Duration;

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Bounds of the server. [`Limits::default`] suits a process with plenty of file descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one user.
    pub per_uid: usize,
    /// Connections of one process.
    pub per_pid: usize,
    /// For the hello, and for the rest of a frame once it has begun.
    pub receive: Duration,
    /// For the client to take an answer.
    pub send: Duration,
    /// For requests that are being answered when the server is told to end.
    pub grace: Duration,
}

/// Most connections, whatever the system allows.
const MOST_CONNECTIONS: usize = 4096;
/// File descriptors kept for the store, for HTTP towards Box, and for connections on their way out.
const RESERVED_FILES: usize = 192;

// === impl Limits ===

impl Limits {
    /// Raises this process's limit of open files as far as it may, and takes the bounds from that.
    #[cfg(unix)]
    pub fn of_this_process() -> Self {
        raise_open_files();
        let files = getrlimit(Resource::Nofile).current;
        Self::for_open_files(files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX)))
    }

    /// Windows does not limit a process's handles to a number that matters here.
    #[cfg(windows)]
    pub fn of_this_process() -> Self {
        Self::default()
    }

    /// The bounds for a process that may have this many files open.
    pub fn for_open_files(files: usize) -> Self {
        let reserved = RESERVED_FILES.min(files / 2);
        let connections = (files - reserved).clamp(1, MOST_CONNECTIONS);
        Self::for_connections(connections)
    }

    /// The bounds for this many connections: no user may have more than 75 % of them, no process more than 25 %.
    pub fn for_connections(connections: usize) -> Self {
        Self {
            connections,
            per_uid: (connections * 3 / 4).max(1),
            per_pid: (connections / 4).max(1),
            receive: Duration::from_secs(10),
            send: Duration::from_secs(10),
            grace: Duration::from_secs(5),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::for_connections(MOST_CONNECTIONS)
    }
}

/// The soft limit is often 1,024 for the sake of programs that use select(2); this one does not.
#[cfg(unix)]
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_leave_half_for_the_rest() {
        let few = Limits::for_open_files(256);
        assert_eq!((few.connections, few.per_uid, few.per_pid), (128, 96, 32));
        assert_eq!(Limits::for_open_files(1024).connections, 832);
        assert_eq!(Limits::for_open_files(usize::MAX), Limits::default());
        let none = Limits::for_open_files(0);
        assert_eq!((none.connections, none.per_uid, none.per_pid), (1, 1, 1));
    }

    #[cfg(unix)]
    #[test]
    fn the_soft_limit_is_raised() {
        let limits = Limits::of_this_process();
        let files = getrlimit(Resource::Nofile);
        assert_eq!(files.current, files.maximum);
        assert!(limits.connections >= 1);
    }
}
