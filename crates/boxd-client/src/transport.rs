//! Bytes to and from the daemon, each with a deadline.

use std::{
    io::{self, Read as _, Write as _},
    path::Path,
    time::Duration,
};

use boxd_proto::{FRAME_HEADER, HELLO_LEN, Hello, HelloReply, Response, VERSION, decode, frame_len};
use interprocess::{
    ConnectWaitMode,
    local_socket::{ConnectOptions, GenericFilePath, Stream, ToFsName as _, prelude::*},
};

use crate::{error::Error, identity};

/// A connection whose other end is known.
#[derive(Debug)]
pub(crate) struct Transport {
    stream: Stream,
    /// Whether the daemon's answer to the hello is still to come.
    hello_pending: bool,
}

impl Transport {
    /// Connects and checks who serves there. Nothing is sent yet.
    pub(crate) fn connect(socket: &Path, within: Duration) -> Result<Self, Error> {
        let unreachable = |reason| Error::Unreachable { socket: socket.to_owned(), reason };
        let name = socket.to_fs_name::<GenericFilePath>().map_err(unreachable)?;
        let stream = ConnectOptions::new()
            .name(name)
            .wait_mode(ConnectWaitMode::Timeout(within))
            .connect_sync()
            .map_err(unreachable)?;
        stream.set_send_timeout(Some(within)).map_err(unreachable)?;
        let uid = stream.peer_creds().map_err(unreachable)?.euid();
        match uid {
            Some(uid) if identity::is_trusted(uid, socket) => Ok(Self { stream, hello_pending: true }),
            uid => Err(Error::Untrusted { socket: socket.to_owned(), uid: uid.unwrap_or(u32::MAX) }),
        }
    }

    /// The bytes with which this connection must begin, if it has not begun.
    pub(crate) fn opening(&self) -> &'static [u8] {
        const HELLO: [u8; HELLO_LEN] = Hello::CURRENT.to_bytes();
        if self.hello_pending { &HELLO } else { &[] }
    }

    /// Sends one request, with the hello before it where that is due.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Bounds each of the following reads.
    pub(crate) fn patience(&mut self, within: Duration) -> io::Result<()> {
        self.stream.set_recv_timeout(Some(within))
    }

    /// One answer.
    pub(crate) fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<Response, ReceiveError> {
        if self.hello_pending {
            // The answer to the hello and the first frame's header usually arrive together.
            let mut start = [0; HELLO_LEN];
            self.stream.read_exact(&mut start)?;
            let reply = HelloReply::from_bytes(start).map_err(|error| Error::Protocol(error.to_string()))?;
            if reply.chosen != VERSION {
                return Err(Error::VersionMismatch { min: reply.min, max: reply.max }.into());
            }
            self.hello_pending = false;
        }
        let mut header = [0; FRAME_HEADER];
        self.stream.read_exact(&mut header)?;
        let length = frame_len(header).map_err(Error::from)?;
        buffer.clear();
        buffer.resize(length, 0);
        self.stream.read_exact(buffer)?;
        Ok(decode(buffer).map_err(Error::from)?)
    }
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
