//! Streams of the daemon: on a connection of their own, for as long as both sides want them.

use std::time::Duration;

use boxd_proto::{Event, OpenTokenEndpoint, Request, Response, TokenEndpoint};

use crate::{client::Client, error::Error};

/// The daemon shows every 15 s that it lives; one that has not for this long is taken for gone.
const SILENCE: Duration = Duration::from_secs(40);

/// Events as they come. It ends with the first error: connect anew then, and watch after the last [`Event::id`].
#[derive(Debug)]
pub struct Watch(Frames);

/// Keeps a token endpoint open; it closes with this value.
#[derive(Debug)]
pub struct OpenEndpoint(Frames);

/// What comes on a connection that is used for nothing else any more.
#[derive(Debug)]
struct Frames {
    client: Client,
    /// Came already.
    first: Option<Response>,
    ended: bool,
}

impl Client {
    /// Watches one account, or all; `after` is the id of the last event that is known.
    ///
    /// # Errors
    /// [`Error::Problem`] where there is no such account.
    pub fn watch(self, account: Option<&str>, after: Option<&str>) -> Result<Watch, Error> {
        let (account, after) = (account.map(str::to_owned), after.map(str::to_owned));
        Ok(Watch(self.stream(&Request::Watch { account, after })?))
    }

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
        Ok(Frames { client: self, first: Some(first), ended: false })
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

impl Iterator for Watch {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.ended {
            return None;
        }
        let item = match self.0.next() {
            Ok(Response::Event(event)) => Some(Ok(*event)),
            Ok(Response::End) => None,
            Ok(other) => Some(Err(self.0.client.unexpected(&other))),
            Err(error) => Some(Err(error)),
        };
        self.0.ended = !matches!(item, Some(Ok(_)));
        item
    }
}
