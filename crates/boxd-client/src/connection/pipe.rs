//! A named pipe of Windows.

use std::{io, path::Path, time::Duration};

use boxd_os::windows::{Sid, pipe};

use super::Server;

/// A connection to whoever has the pipe.
#[derive(Debug)]
pub(crate) struct Connection(pipe::Connection);

impl Connection {
    /// One attempt. It looks only at the server's process: a pipe has no owner's directory, and its name is anybody's who
    /// came first.
    pub(crate) fn to(name: &Path, within: Duration) -> io::Result<(Self, Server)> {
        let pipe = pipe::Connection::to(name, within)?;
        let me = Sid::of_this_process()?;
        // Where a process may not be looked at, it is somebody else's.
        let server = match Sid::of_process(pipe.server_process()?) {
            Ok(sid) if sid == me || sid.is_system() => Server::Trusted,
            Ok(sid) => Server::Stranger(Some(sid.number())),
            Err(_) => Server::Stranger(None),
        };
        Ok((Self(pipe), server))
    }

    /// Reads once; 0 at the end.
    pub(crate) fn read(&self, into: &mut [u8], within: Duration) -> io::Result<usize> {
        self.0.read(into, Some(within))
    }

    /// Writes once; `None` waits for ever.
    pub(crate) fn write(&self, bytes: &[u8], within: Option<Duration>) -> io::Result<usize> {
        self.0.write(bytes, within)
    }

    /// Another handle of the same connection.
    #[expect(clippy::unnecessary_wraps, reason = "other systems can fail here")]
    pub(crate) fn another(&self) -> io::Result<Self> {
        Ok(Self(self.0.clone()))
    }

    /// Ends the connection, also for its other handles.
    pub(crate) fn cut(&self) {
        self.0.cut();
    }
}
