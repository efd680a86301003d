//! Calls to Box's API through the daemon: the body goes up in one thread while the answer comes down in another.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use boxd_proto::{ApiHead, Piece, Request, Response, encode};

use crate::{Client, Error, transport::Upstream};

/// What of a body is read before more is sent. One frame holds it.
const PIECE: usize = Piece::MOST;

/// Box's answer to a call; its body is read piece by piece. Where it is dropped early, the call is cancelled.
#[derive(Debug)]
pub struct ApiAnswer<'c> {
    client: &'c mut Client,
    head: ApiHead,
    /// Whether the connection can be used again.
    keeps: bool,
    ended: bool,
    failed: Failed,
}

/// Why the client's own body could not be read, if so.
type Failed = Arc<Mutex<Option<io::Error>>>;

impl<'c> ApiAnswer<'c> {
    /// Waits for the head, after the request has been sent; `body` follows it.
    pub(crate) fn begin(client: &'c mut Client, body: Option<(Upstream, Source)>) -> Result<Self, Error> {
        let failed = Failed::default();
        let keeps = body.is_none();
        if let Some((upstream, source)) = body {
            let failed = Arc::clone(&failed);
            // It ends by itself: with the body, or when it next writes after the connection has gone.
            thread::spawn(move || {
                if let Err(error) = send(&upstream, source) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    upstream.end();
                }
            });
        }
        let head = client.next_of_stream().map_err(|error| told(&failed, error))?;
        match head {
            Response::ApiHead(head) => Ok(Self { client, head: *head, keeps, ended: false, failed }),
            other => Err(client.unexpected(&other)),
        }
    }

    /// Status and headers.
    pub fn head(&self) -> &ApiHead {
        &self.head
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`Error::Problem`] where the answer broke off: what has come so far is not all of it.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.ended {
            return Ok(None);
        }
        match self.client.next_of_stream().map_err(|error| told(&self.failed, error))? {
            Response::ApiBody(piece) => Ok(Some(piece.into_bytes().into())),
            Response::End => {
                self.ended = true;
                Ok(None)
            }
            other => Err(self.client.unexpected(&other)),
        }
    }
}

impl Drop for ApiAnswer<'_> {
    fn drop(&mut self) {
        if !(self.ended && self.keeps) {
            self.client.disconnect();
        }
    }
}

/// Where a body comes from.
pub type Source = Box<dyn Read + Send>;

/// A body that could not be read explains better than the connection that was ended for it.
fn told(failed: &Failed, error: Error) -> Error {
    match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(reason) => Error::Body(reason),
        None => error,
    }
}

/// Sends a whole body. An error is one of the body: where the connection fails, its other end tells why.
fn send(upstream: &Upstream, mut source: Source) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    let mut frame = Vec::new();
    loop {
        let read = match source.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let bytes = Piece::new(buffer.get(..read).unwrap_or_default().to_vec());
        let part = Request::ApiBody { bytes, last: read == 0 };
        frame.clear();
        encode(&part, &mut frame).map_err(io::Error::other)?;
        if upstream.send(&frame).is_err() || read == 0 {
            return Ok(());
        }
    }
}
