//! The local socket: accepts clients, keeps their limits, and speaks the native protocol.

mod admission;
mod bind_error;
mod connection;
mod counters;
mod door_plan;
mod doors;
#[cfg(unix)]
mod inherited;
mod input;
mod limits;
#[cfg(unix)]
mod listener;
mod metrics;
mod output;
#[cfg(windows)]
mod pipe;
mod service;
#[cfg(test)]
mod tests;
#[cfg(unix)]
mod unready;

use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use interprocess::local_socket::tokio::Stream;
use tokio::{sync::Semaphore, task::JoinSet};

use admission::{Admission, Full};
use boxd_proto::{Problem, Request, Response};
use doors::{Closing, NewDoor};

use crate::{
    access::{Door, Policy},
    http::LastTold,
    passthrough::{self, AnswerBody, Call},
    peer::{Caller, Peer, owner},
    pulse::Probe,
};

pub use crate::http::HttpCounts;
pub(crate) use admission::Seat;
pub use bind_error::BindError;
pub use counters::{Count, Counters};
pub use door_plan::DoorPlan;
pub use doors::{Doors, NewDoors};
pub(crate) use input::Input;
pub use limits::Limits;
#[cfg(unix)]
pub use listener::Listener;
#[cfg(windows)]
pub use pipe::Listener;
pub use service::{Exchange, Part, Reply, Service};
#[cfg(unix)]
pub(crate) use unready::tell_why_not;

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
    owner: u32,
    pub(crate) counters: Arc<Counters>,
    pub(crate) last_told: Arc<LastTold>,
    admission: Arc<Admission>,
}

/// Where clients come in.
#[derive(Debug)]
pub struct Entrances {
    /// The daemon's own socket.
    main: Listener,
    /// The sockets of rules, as they are opened.
    doors: Option<NewDoors>,
}

/// Serves until `shutdown` resolves; then takes no more connections or requests, lets those finish that are being
/// answered, within [`Limits::grace`], and returns once every connection is closed. Needs a tokio runtime.
pub async fn run<S: Service>(
    entrances: impl Into<Entrances>,
    service: S,
    shutdown: impl Future<Output = ()>,
    limits: Limits,
) {
    let Entrances { mut main, doors } = entrances.into();
    let counters = main.counters();
    let admission = Admission::new(limits, Arc::clone(&counters));
    let server =
        Arc::new(Server { service, limits, owner: owner(), counters, last_told: Arc::default(), admission });
    let hall = Hall { server, refusals: Arc::new(Semaphore::new(REFUSALS)) };
    let ushers = doors.map(|doors| tokio::spawn(usher(doors, hall.clone())));
    hall.attend(&mut main, &Door::Main, pin!(shutdown)).await;
    if let Some(ushers) = ushers {
        ushers.abort();
        // It was told to end; its sockets are gone then.
        drop(ushers.await);
    }
    drop(main);
    hall.server.admission.end().await;
}

/// Attends to the sockets of rules as they are opened, until it is dropped.
async fn usher<S: Service>(mut doors: NewDoors, hall: Hall<S>) {
    let mut attended = JoinSet::new();
    loop {
        tokio::select! {
            door = doors.next() => {
                let Some(NewDoor { path, mut listener, closing }) = door else { break };
                let hall = hall.clone();
                attended.spawn(async move {
                    let mut closing: Closing = closing;
                    tracing::info!(socket = %path.display(), "the socket of an access rule is open");
                    let close = async { drop((&mut closing.close).await) };
                    hall.attend(&mut listener, &Door::Rule(Arc::clone(&path)), pin!(close)).await;
                    drop(listener);
                    tracing::info!(socket = %path.display(), "the socket of an access rule is closed");
                });
            }
            Some(_ended) = attended.join_next() => {}
        }
    }
    // Nobody can open or close any more: what is open stays until the end.
    while attended.join_next().await.is_some() {}
}

/// What is needed to let clients in.
struct Hall<S> {
    server: Arc<Server<S>>,
    refusals: Arc<Semaphore>,
}

// === impl Entrances ===

impl Entrances {
    /// The daemon's own socket, and those of rules.
    pub fn new(main: Listener, doors: NewDoors) -> Self {
        Self { main, doors: Some(doors) }
    }

    /// Asks the server at the daemon's own socket whether it still takes clients in.
    pub fn probe(&self) -> Probe {
        self.main.probe()
    }
}

impl From<Listener> for Entrances {
    fn from(main: Listener) -> Self {
        Self { main, doors: None }
    }
}

// === impl Hall ===

impl<S> Clone for Hall<S> {
    fn clone(&self) -> Self {
        Self { server: Arc::clone(&self.server), refusals: Arc::clone(&self.refusals) }
    }
}

impl<S: Service> Hall<S> {
    /// Lets clients in by one socket until `end` resolves.
    async fn attend(
        &self,
        listener: &mut Listener,
        door: &Door,
        mut end: Pin<&mut impl Future<Output = ()>>,
    ) {
        let mut backoff = BACKOFF;
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut end => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(stream) => {
                    backoff = BACKOFF;
                    if let Err(error) = self.welcome(stream, door.clone()) {
                        tracing::debug!(%error, "a client is unknown to the system");
                    }
                }
                Err(error) if concerns_one_client(&error) => {}
                Err(error) => {
                    // Out of files or memory: the clients wait in the socket's backlog meanwhile.
                    self.server.counters.accept_errors.up();
                    tracing::warn!(%error, pause = ?backoff, "no connection can be accepted for now");
                    tokio::select! {
                        () = &mut end => return,
                        () = tokio::time::sleep(backoff) => {}
                    }
                    backoff = (backoff * 2).min(LONGEST_BACKOFF);
                }
            }
        }
    }

    /// Gives a client a task of its own, to be served or to be told why not.
    fn welcome(&self, stream: Stream, door: Door) -> io::Result<()> {
        let caller = Caller::of(&stream, door, self.server.owner)?;
        let peer = caller.peer;
        match self.server.admission.admit(peer) {
            Ok(seat) => {
                let leash = seat.leash();
                let serving = connection::serve(stream, Arc::new(caller), seat, Arc::clone(&self.server));
                leash.tie(tokio::spawn(serving).abort_handle());
            }
            Err(full) => {
                self.server.counters.refused.up();
                turn_away(stream, peer, full, &self.refusals);
            }
        }
        Ok(())
    }
}

// === impl Server ===

impl<S: Service> Server<S> {
    /// Passes a call that HTTP brought through to Box's API, if its peer may make it.
    pub(crate) async fn pass<B: passthrough::Stream>(
        &self,
        caller: &Arc<Caller>,
        call: Call<B>,
    ) -> Result<hyper::Response<AnswerBody>, Problem> {
        self.service.pass(caller, call).await
    }

    /// Answers one request, whatever protocol brought it, if its peer may make it.
    pub(crate) async fn call(&self, caller: &Arc<Caller>, request: Request) -> Reply {
        // How busy the daemon is with others is no business of a guest.
        let of_server =
            matches!(request, Request::Metrics) && Policy::new(self.owner, &[]).is_owner(&caller.facts);
        match self.service.call(caller, request).await {
            Reply::Many(of_service) if of_server => {
                let of_service = of_service.take_while(|response| *response != Response::End);
                let own = [Response::Metrics(metrics::text(&self.counters)), Response::End];
                Reply::Many(Box::new(of_service.chain(own)))
            }
            reply => reply,
        }
    }
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
