//! A request whose body follows in frames of its own, while its answer may already be on its way.

use std::{pin::pin, time::Duration};

use boxd_proto::{Request, Response};
use futures_util::StreamExt as _;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

use super::{Fault, HEARTBEAT, Line, bad_request, poll_once};
use crate::server::service::{Exchange, Part};

/// A client that takes nothing of an answer for so long is gone for good. A person may page through it.
const PATIENCE: Duration = Duration::from_mins(2);

/// What becomes of the frames that the client still sends for its request.
#[derive(Debug)]
enum Upward {
    Wanted(mpsc::Sender<Part>),
    /// The answer does not depend on them any more.
    Unwanted,
    Complete,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Line<IO> {
    /// Carries frames both ways until the answer ends.
    pub(super) async fn exchange(&mut self, exchange: Exchange) -> Result<(), Fault> {
        let Exchange { incoming, mut responses } = exchange;
        let mut upward = incoming.map_or(Upward::Complete, Upward::Wanted);
        if !matches!(upward, Upward::Complete) {
            self.input.widen();
        }
        self.output.widen();
        let mut silence = tokio::time::interval(HEARTBEAT);
        silence.reset();
        loop {
            let next = if let Some(next) = poll_once(pin!(responses.next())).await {
                next
            } else {
                self.output.send(&mut self.stream, PATIENCE).await?;
                tokio::select! {
                    biased;
                    next = responses.next() => next,
                    taken = self.take_part(&mut upward) => match taken {
                        Ok(()) => continue,
                        Err(fault) => return Err(fault),
                    },
                    _ = silence.tick() => Some(Response::Heartbeat),
                }
            };
            let Some(response) = next else { break };
            silence.reset();
            if !self.output.push_frame(&response) || self.output.is_enough() {
                self.output.send(&mut self.stream, PATIENCE).await?;
            }
        }
        self.input.narrow();
        self.output.narrow();
        if matches!(upward, Upward::Complete) {
            return Ok(());
        }
        self.output.send(&mut self.stream, PATIENCE).await?;
        Err(Fault::Unfinished)
    }

    /// Takes one more frame of the client's body, once there is room for it. Cancelling loses nothing. Once the body
    /// is complete it only resolves when the client goes away.
    async fn take_part(&mut self, upward: &mut Upward) -> Result<(), Fault> {
        let permit = match upward {
            Upward::Wanted(parts) => parts.reserve().await.ok(),
            Upward::Unwanted => None,
            Upward::Complete => return Err(self.departure().await),
        };
        while matches!(self.input.frame(), Ok(None)) {
            if !self.input.receive(&mut self.stream).await? {
                return Err(Fault::Gone);
            }
        }
        let frame = self.input.frame().and_then(|frame| self.request(frame.unwrap_or_default()));
        let (bytes, last) = match frame {
            Ok(Request::ApiBody { bytes, last }) => (bytes, last),
            Ok(_) => return Err(Fault::Malformed),
            Err(error) => {
                self.output.push_frame(&Response::Error(bad_request(&error)));
                self.output.send(&mut self.stream, PATIENCE).await?;
                return Err(Fault::Malformed);
            }
        };
        let wanted = permit.map(|permit| permit.send(Part { bytes: bytes.into_bytes(), last }));
        if last {
            *upward = Upward::Complete;
        } else if wanted.is_none() {
            *upward = Upward::Unwanted;
        }
        Ok(())
    }
}
