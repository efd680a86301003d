//! A loopback token endpoint of the daemon, for as long as the connection that asked for it.

use std::time::Duration;

use boxd_proto::{OpenTokenEndpoint, Request, Response, TokenEndpoint};

use crate::{client::Client, error::Error};

/// The daemon shows every 15 s that it lives; one that has not for this long is taken for gone.
const SILENCE: Duration = Duration::from_secs(40);

/// Keeps a token endpoint open; it closes with this value.
#[derive(Debug)]
pub struct OpenEndpoint(Frames);

/// What comes on a connection that is used for nothing else any more.
#[derive(Debug)]
struct Frames {
    client: Client,
    /// Came already.
    first: Option<Response>,
}

impl Client {
    /// Opens a token endpoint (RFC 6749 section 3.2) on the loopback interface for programs that renew by OAuth.
    ///
    /// # Errors
    /// [`Error::Problem`] where there is no such account, or no port for it.
    pub fn open_token_endpoint(
        self,
        request: OpenTokenEndpoint,
    ) -> Result<(TokenEndpoint, OpenEndpoint), Error> {
        let mut frames = self.stream(&Request::OpenTokenEndpoint(Box::new(request)))?;
        match frames.next()? {
            Response::TokenEndpoint(endpoint) => Ok((*endpoint, OpenEndpoint(frames))),
            other => Err(frames.client.unexpected(&other)),
        }
    }

    fn stream(mut self, request: &Request) -> Result<Frames, Error> {
        let first = self.call(request, SILENCE)?;
        Ok(Frames { client: self, first: Some(first) })
    }
}

impl OpenEndpoint {
    /// Waits for its end, which comes with the daemon's, and says why.
    pub fn ended(mut self) -> Error {
        match self.0.next() {
            Ok(other) => self.0.client.unexpected(&other),
            Err(error) => error,
        }
    }
}

impl Frames {
    /// The next frame that tells something.
    fn next(&mut self) -> Result<Response, Error> {
        loop {
            let response = match self.first.take() {
                Some(first) => first,
                None => self.client.next_within(SILENCE)?,
            };
            if response != Response::Heartbeat {
                return Ok(response);
            }
        }
    }
}
