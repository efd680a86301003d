//! The loopback sockets of one login and their connections: few, short, and gone with it.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::timeout,
};

use super::{answer, attempt::Attempt, consenting::Consenting, plan::Redeem, redirect::LoopbackHost};

/// Connections at once. A browser opens one, and some open a second ahead of time.
pub(super) const MOST_CONNECTIONS: usize = 16;
/// For the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// For a whole connection, the wait for the outcome apart.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(10);
/// Longest head of a request, in bytes.
const MOST_HEAD: usize = 16 * 1024;
/// How long to leave the socket alone after it failed, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often a port is looked for that is free at both addresses.
const PORT_ATTEMPTS: usize = 16;

/// The sockets of one login.
#[derive(Debug)]
pub(super) struct Listener {
    first: TcpListener,
    second: Option<TcpListener>,
    port: u16,
}

/// The connections of one login. They end with this value.
#[derive(Debug, Default)]
pub(super) struct Connections {
    tasks: JoinSet<()>,
    /// Oldest first.
    seats: VecDeque<(AbortHandle, Consenting)>,
}

// === impl Listener ===

impl Listener {
    /// Listens on this port, or on any free one.
    pub(super) async fn bind(host: LoopbackHost, port: Option<u16>) -> io::Result<Self> {
        let (first, second) = host.addresses();
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Self::bind_both(first, second, port.unwrap_or(0)).await {
                // Somebody else has this port at the other address: a browser could go there.
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse
                        && port.is_none()
                        && attempts < PORT_ATTEMPTS => {}
                result => return result,
            }
        }
    }

    async fn bind_both(first: IpAddr, second: Option<IpAddr>, port: u16) -> io::Result<Self> {
        let first = TcpListener::bind(SocketAddr::new(first, port)).await?;
        let port = first.local_addr()?.port();
        let second = match second {
            Some(address) => match TcpListener::bind(SocketAddr::new(address, port)).await {
                Ok(listener) => Some(listener),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
                // A machine without IPv6; no browser of it goes there either.
                Err(_) => None,
            },
            None => None,
        };
        Ok(Self { first, second, port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The next connection, at either address.
    async fn accept(&self) -> io::Result<TcpStream> {
        let accepted = poll_fn(|context| {
            for listener in [Some(&self.first), self.second.as_ref()].into_iter().flatten() {
                if let Poll::Ready(accepted) = listener.poll_accept(context) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        });
        accepted.await.map(|(stream, _)| stream)
    }

    /// Serves for ever.
    pub(super) async fn serve<R: Redeem>(&self, attempt: &Arc<Attempt<R>>, connections: &mut Connections) {
        loop {
            match self.accept().await {
                Ok(stream) => connections.admit(Arc::clone(attempt), stream),
                Err(error) => {
                    tracing::debug!(account = %attempt.account, %error, "a browser could not be heard");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

// === impl Connections ===

impl Connections {
    /// Serves one more; where there are too many, the oldest that has not said anything useful goes: a browser
    /// speaks at once.
    fn admit<R: Redeem>(&mut self, attempt: Arc<Attempt<R>>, stream: TcpStream) {
        while self.tasks.try_join_next().is_some() {}
        self.seats.retain(|(task, _)| !task.is_finished());
        if self.seats.len() >= MOST_CONNECTIONS {
            let oldest = self.seats.iter().position(|(_, consenting)| !consenting.is_set());
            // All of them wait for the outcome, which only the person's own browser can.
            let Some((task, _)) = oldest.and_then(|oldest| self.seats.remove(oldest)) else { return };
            task.abort();
        }
        let consenting = Consenting::default();
        let task = self.tasks.spawn(connection(attempt, stream, consenting.clone()));
        self.seats.push_back((task, consenting));
    }

    /// Whether a browser of the person has been here: a page of it may be loaded again.
    pub(super) fn had_a_person(&self) -> bool {
        self.seats.iter().any(|(_, consenting)| consenting.is_set())
    }

    /// Waits until all have ended, which their deadlines see to.
    pub(super) async fn finish(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// One connection: one request, one answer.
async fn connection<R: Redeem>(attempt: Arc<Attempt<R>>, stream: TcpStream, consenting: Consenting) {
    let service = service_fn(|request| answer::to(&attempt, request, &consenting));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(MOST_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = timeout(CONNECTION_DEADLINE, &mut connection).await.is_ok();
    if !ended && consenting.is_set() {
        // A browser that goes away early needs no answer; neither does one that never reads it.
        drop(timeout(answer::LONGEST_WAIT, connection).await);
    }
}
