//! Bytes to and from the daemon, each call with one deadline for all of them.

use std::{fmt, io, path::Path, time::Duration};

use boxd_proto::{FRAME_HEADER, HELLO_LEN, Hello, HelloReply, Response, VERSION, decode, frame_len};
use zeroize::Zeroizing;

use crate::{
    connection::{Connection, Server},
    cutter::Cutter,
    deadline::Deadline,
    error::Error,
};

/// Bytes asked for at a time: a token's answer with the hello's arrives in one read.
const CHUNK: usize = 4096;

/// The same within an answer that comes in many frames.
const LARGE_CHUNK: usize = 64 * 1024;

/// Pause before the next attempt where too many others wait to be accepted.
const CROWD_PAUSE: Duration = Duration::from_millis(5);

/// A connection whose other end is known.
pub(crate) struct Transport {
    stream: Connection,
    /// Whether the daemon's answer to the hello is still to come.
    hello_pending: bool,
    deadline: Deadline,
    /// An answer of many frames is being read.
    streams: bool,
    /// What has arrived and is not yet used; it may hold a token.
    inbox: Zeroizing<Vec<u8>>,
}

impl Transport {
    /// Connects and checks who serves there. Nothing is sent yet.
    pub(crate) fn connect(socket: &Path, within: Duration) -> Result<Self, Error> {
        let unreachable = |reason| Error::Unreachable { socket: socket.to_owned(), reason };
        let deadline = Deadline::after(within);
        let (stream, server) = loop {
            match Connection::to(socket, deadline.left().map_err(unreachable)?) {
                Err(error) if is_crowded(&error) => std::thread::sleep(CROWD_PAUSE),
                reached => break reached.map_err(unreachable)?,
            }
        };
        match server {
            Server::Trusted => Ok(Self {
                stream,
                hello_pending: true,
                deadline,
                streams: false,
                inbox: Zeroizing::new(Vec::new()),
            }),
            Server::Stranger(uid) => {
                Err(Error::Untrusted { socket: socket.to_owned(), uid: uid.unwrap_or(u32::MAX) })
            }
        }
    }

    /// The bytes with which this connection must begin, if it has not begun.
    pub(crate) fn opening(&self) -> &'static [u8] {
        const HELLO: [u8; HELLO_LEN] = Hello::CURRENT.to_bytes();
        if self.hello_pending { &HELLO } else { &[] }
    }

    /// Whether the daemon has answered the hello.
    pub(crate) fn is_greeted(&self) -> bool {
        !self.hello_pending
    }

    /// Sends one request, with the hello before it where that is due, and begins the time for its answer.
    pub(crate) fn send(&mut self, mut bytes: &[u8], within: Duration) -> io::Result<()> {
        self.deadline = Deadline::after(within);
        self.streams = false;
        while !bytes.is_empty() {
            match self.stream.write(bytes, Some(self.deadline.left()?)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Another handle of the same connection, for what is sent while the answer comes.
    pub(crate) fn upstream(&self) -> io::Result<Upstream> {
        self.stream.another().map(Upstream)
    }

    /// The time for the rest of an answer of many frames begins anew.
    pub(crate) fn extend(&mut self, within: Duration) {
        self.streams = true;
        self.deadline = Deadline::after(within);
    }

    /// Begins the time for one more frame of the answer.
    pub(crate) fn await_for(&mut self, within: Duration) {
        self.deadline = Deadline::after(within);
    }

    /// One answer, or one more frame of it, before the time of its request is over.
    pub(crate) fn receive(&mut self) -> Result<Response, ReceiveError> {
        if self.hello_pending {
            let reply = HelloReply::from_bytes(self.front()?).map_err(Error::not_boxd)?;
            self.drop_front(HELLO_LEN);
            if reply.chosen != VERSION {
                return Err(Error::VersionMismatch { min: reply.min, max: reply.max }.into());
            }
            self.hello_pending = false;
        }
        // Nothing is taken before the frame is whole: where the time is over in the middle, the next call goes on.
        let length = frame_len(self.front::<FRAME_HEADER>()?).map_err(Error::from)?;
        let end = FRAME_HEADER + length;
        self.fill(end)?;
        let response = decode(self.inbox.get(FRAME_HEADER..end).unwrap_or_default()).map_err(Error::from)?;
        self.drop_front(end);
        Ok(response)
    }

    /// The same with another end of the time.
    pub(crate) fn receive_until(&mut self, deadline: Deadline) -> Result<Response, ReceiveError> {
        self.deadline = deadline;
        self.receive()
    }

    /// What ends this connection from another thread.
    pub(crate) fn cutter(&self) -> io::Result<Cutter> {
        self.stream.another().map(Cutter::of)
    }

    /// The next `N` bytes, which stay.
    fn front<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        self.fill(N)?;
        self.inbox.first_chunk().copied().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Reads until at least `length` bytes are there.
    fn fill(&mut self, length: usize) -> io::Result<()> {
        while self.inbox.len() < length {
            let missing = length - self.inbox.len();
            if missing > CHUNK || self.streams {
                self.read_in_place(missing.max(LARGE_CHUNK))?;
                continue;
            }
            let mut chunk = Zeroizing::new([0; CHUNK]);
            match self.stream.read(chunk.as_mut_slice(), self.deadline.left()?) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.inbox.extend_from_slice(chunk.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads at most so many bytes, without a copy.
    fn read_in_place(&mut self, most: usize) -> io::Result<()> {
        let held = self.inbox.len();
        self.inbox.resize(held + most, 0);
        let left = self.deadline.left()?;
        let read = self.stream.read(self.inbox.get_mut(held..).unwrap_or_default(), left);
        self.inbox.truncate(held + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    fn drop_front(&mut self, length: usize) {
        let length = length.min(self.inbox.len());
        self.inbox.drain(..length).for_each(drop);
    }
}

/// The sending end of a connection.
#[derive(Debug)]
pub(crate) struct Upstream(Connection);

impl Upstream {
    /// Sends all of it, however long the daemon takes: it ends calls that stand still.
    pub(crate) fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.0.write(bytes, None) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Ends the connection in both directions, also for its other handle.
    pub(crate) fn end(&self) {
        self.0.cut();
    }
}

impl fmt::Debug for Transport {
    /// Without what has arrived, which may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// Whether too many others wait to be accepted. Linux then answers `EAGAIN` at once (connect(2)), which
/// interprocess takes for a connection under way; that it has no peer shows as a reset.
fn is_crowded(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionReset)
}

/// Why no answer came.
#[derive(Debug)]
pub(crate) enum ReceiveError {
    Io(io::Error),
    Other(Error),
}

impl From<io::Error> for ReceiveError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for ReceiveError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}
