//! The local socket: accepts clients, keeps their limits, and speaks the native protocol.

mod admission;
mod bind_error;
mod connection;
mod counters;
mod input;
#[cfg(target_os = "macos")]
pub mod launchd;
mod limits;
#[cfg(unix)]
mod listener;
mod metrics;
mod output;
mod peer;
#[cfg(windows)]
mod pipe;
mod service;
#[cfg(test)]
mod tests;

use std::{io, pin::pin, sync::Arc, time::Duration};

use interprocess::local_socket::tokio::Stream;
use tokio::sync::{Notify, Semaphore};

use admission::{Admission, Full};
use boxd_proto::{Problem, Request, Response};
use peer::Access;

use crate::passthrough::{self, AnswerBody, Call};

pub use crate::http::HttpCounts;
pub(crate) use admission::Seat;
pub use bind_error::BindError;
pub use counters::{Count, Counters};
pub(crate) use input::Input;
pub use limits::Limits;
#[cfg(unix)]
pub use listener::Listener;
pub use peer::Peer;
#[cfg(windows)]
pub use pipe::Listener;
pub use service::{Exchange, Part, Reply, Service};

/// How long a client that is turned away has for its hello.
const REFUSAL: Duration = Duration::from_secs(1);
/// Clients that are told at the same time why they are turned away; any more are closed without a word.
const REFUSALS: usize = 64;
/// Wait after the system could not accept a connection: doubled each time, up to the longest.
const BACKOFF: Duration = Duration::from_millis(20);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Server<S> {
    service: S,
    pub(crate) limits: Limits,
    access: Access,
    pub(crate) counters: Arc<Counters>,
    admission: Arc<Admission>,
    /// The owner asked over the socket that the daemon end.
    told_to_end: Notify,
}

/// Serves until `shutdown` resolves or the owner asks for the end; then takes no more connections or requests, lets those finish that are being
/// answered, within [`Limits::grace`], and returns once every connection is closed. Needs a tokio runtime.
pub async fn run<S: Service>(
    listener: Listener,
    service: S,
    shutdown: impl Future<Output = ()>,
    limits: Limits,
) {
    let counters = listener.counters();
    let admission = Admission::new(limits, Arc::clone(&counters));
    let access = Access::of_this_process();
    let server =
        Arc::new(Server { service, limits, access, counters, admission, told_to_end: Notify::new() });
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let mut shutdown = pin!(shutdown);
    let mut backoff = BACKOFF;
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            () = server.told_to_end.notified() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
                backoff = BACKOFF;
                if let Err(error) = welcome(stream, &server, &refusals) {
                    tracing::debug!(%error, "a client is unknown to the system");
                }
            }
            Err(error) if concerns_one_client(&error) => {}
            Err(error) => {
                // Out of files or memory: the clients wait in the socket's backlog meanwhile.
                server.counters.accept_errors.up();
                tracing::warn!(%error, pause = ?backoff, "no connection can be accepted for now");
                tokio::select! {
                    () = &mut shutdown => break,
                    () = server.told_to_end.notified() => break,
                    () = tokio::time::sleep(backoff) => {}
                }
                backoff = (backoff * 2).min(LONGEST_BACKOFF);
            }
        }
    }
    drop(listener);
    server.admission.end().await;
}

// === impl Server ===

impl<S: Service> Server<S> {
    /// Passes a call that HTTP brought through to Box's API, if its peer may make it.
    pub(crate) async fn pass<B: passthrough::Stream>(
        &self,
        peer: &Peer,
        call: Call<B>,
    ) -> Result<hyper::Response<AnswerBody>, Problem> {
        self.access.authorize(peer, &call.as_request())?;
        self.service.pass(peer, call).await
    }

    /// Answers one request, whatever protocol brought it, if its peer may make it.
    pub(crate) async fn call(&self, peer: &Peer, request: Request) -> Reply {
        if let Err(problem) = self.access.authorize(peer, &request) {
            return Reply::One(Response::Error(problem));
        }
        if request == Request::Shutdown {
            tracing::info!(%peer, "boxd is told to end");
            self.told_to_end.notify_one();
            return Reply::One(Response::Done);
        }
        let of_server = matches!(request, Request::Metrics);
        match self.service.call(peer, request).await {
            Reply::Many(of_service) if of_server => {
                let of_service = of_service.take_while(|response| *response != Response::End);
                let own = [Response::Metrics(metrics::text(&self.counters)), Response::End];
                Reply::Many(Box::new(of_service.chain(own)))
            }
            reply => reply,
        }
    }
}

/// Gives a client a task of its own, to be served or to be told why not.
fn welcome<S: Service>(stream: Stream, server: &Arc<Server<S>>, refusals: &Arc<Semaphore>) -> io::Result<()> {
    let peer = Peer::of(&stream)?;
    match server.admission.admit(peer) {
        Ok(seat) => {
            let leash = seat.leash();
            leash.tie(tokio::spawn(connection::serve(stream, seat, Arc::clone(server))).abort_handle());
        }
        Err(full) => {
            server.counters.refused.up();
            turn_away(stream, peer, full, refusals);
        }
    }
    Ok(())
}

fn turn_away(stream: Stream, peer: Peer, full: Full, refusals: &Arc<Semaphore>) {
    tracing::debug!(uid = peer.uid, pid = peer.pid, ?full, "a client is turned away");
    let Ok(permit) = Arc::clone(refusals).try_acquire_owned() else { return };
    tokio::spawn(async move {
        if let Err(fault) = connection::refuse(stream, full.problem(), REFUSAL).await {
            tracing::debug!(uid = peer.uid, pid = peer.pid, %fault, "a client did not learn why");
        }
        drop(permit);
    });
}

/// Whether accept failed because of that one client, so that the next may succeed.
fn concerns_one_client(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted)
}
