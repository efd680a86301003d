//! The loopback socket of one endpoint and its connections: few, short, and gone with it.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::{AbortHandle, JoinSet},
    time::timeout,
};

use super::{
    Tokens,
    answer::{self, Desk, Standing},
};

/// Connections at once. For a new one the oldest goes that has not shown the secrets: a program shows them at once.
/// Anybody on this machine can connect, and shall not keep the program out.
pub(super) const MOST_CONNECTIONS: usize = 128;
/// For the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// For a whole connection: one request, which may wait for a renewal.
const CONNECTION_DEADLINE: Duration = Duration::from_mins(1);
/// Longest head of a request, in bytes.
const MOST_HEAD: usize = 16 * 1024;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 128;
/// How long to leave the socket alone after it failed, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The socket.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    port: u16,
}

impl Listener {
    /// Listens on this port, or, where it is 0, on any free one.
    pub(super) fn bind(port: u16) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // `boxctl exec` of this user keeps the port while boxd is away; and what is left of old connections is no hindrance.
        #[cfg(unix)]
        {
            socket.set_reuseport(true)?;
            socket.set_reuseaddr(true)?;
        }
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        let socket = socket.listen(BACKLOG)?;
        let port = socket.local_addr()?.port();
        Ok(Self { socket, port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Serves until it is dropped.
    pub(super) async fn serve<T: Tokens>(self, desk: Arc<Desk<T>>) {
        let mut tasks = JoinSet::new();
        let mut oldest_first: VecDeque<(AbortHandle, Arc<Standing>)> = VecDeque::new();
        loop {
            let stream = match self.socket.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::debug!(%error, "a token endpoint could not hear its program");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            while tasks.try_join_next().is_some() {}
            oldest_first.retain(|(task, _)| !task.is_finished());
            if oldest_first.len() >= MOST_CONNECTIONS {
                let stranger = oldest_first.iter().position(|(_, standing)| !standing.is_program());
                // Only the program itself can have taken all places.
                let Some((oldest, _)) = stranger.and_then(|stranger| oldest_first.remove(stranger)) else {
                    continue;
                };
                oldest.abort();
            }
            let standing = Arc::new(Standing::default());
            let task = tasks.spawn(connection(Arc::clone(&desk), Arc::clone(&standing), stream));
            oldest_first.push_back((task, standing));
            // Whoever has sent a request already is heard before anybody else comes.
            tokio::task::yield_now().await;
        }
    }
}

/// One connection: one request, one answer.
async fn connection<T: Tokens>(desk: Arc<Desk<T>>, standing: Arc<Standing>, stream: TcpStream) {
    let service = service_fn(|request| answer::to(&desk, &standing, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(MOST_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A program that goes away early needs no answer; neither does one that never reads it.
    drop(timeout(CONNECTION_DEADLINE, connection).await);
}
