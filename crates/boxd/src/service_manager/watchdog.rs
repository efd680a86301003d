//! Tells systemd that boxd makes progress, as long as a client of its own socket is served.
//!
//! A timer alone would go on ticking in a daemon that serves nobody. So boxd is its own client: the request passes the
//! listener, the admission of connections, a protocol and the broker.

use std::{io, path::Path, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    time::{MissedTickBehavior, interval, timeout},
};

use super::notice::tell;

const QUESTION: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: boxd\r\nConnection: close\r\n\r\n";

/// Goes on for as long as boxd runs; returns at once where systemd does not watch (`WatchdogSec=`).
pub(crate) async fn keep_telling(socket: &Path) {
    let Some(within) = sd_notify::watchdog_enabled() else { return };
    // One answer may be late, or one question be turned away, before systemd acts.
    let mut ticks = interval(within / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if makes_progress(socket, within / 4).await {
            tell(&[sd_notify::NotifyState::Watchdog]);
        } else {
            tracing::error!(
                "boxd did not answer its own request in time: systemd will restart it if this goes on"
            );
        }
    }
}

/// Whether somebody takes clients in, be it to turn them away because there are too many.
async fn makes_progress(socket: &Path, within: Duration) -> bool {
    match timeout(within, ask(socket)).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => !is_stall(&error),
        Err(_elapsed) => false,
    }
}

async fn ask(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(QUESTION).await?;
    let mut answer = [0; 64];
    // Its end says as much as an answer: the connection was accepted.
    let _length = stream.read(&mut answer).await?;
    Ok(())
}

/// Nobody listens, or the backlog is full. Where somebody removed the socket, or closed its directory, a new start
/// would not bring it back; a connection that is closed was accepted.
fn is_stall(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn to_be_turned_away_is_progress() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = async {
            // It is closed with the question unread: the client's end is reset.
            drop(listener.accept().await.unwrap());
        };
        assert!(tokio::join!(makes_progress(&socket, SOON), server).0);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_a_stall() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("s");
        // The backlog takes the connection; nobody ever serves it.
        let _listener = UnixListener::bind(&socket).unwrap();
        assert!(!makes_progress(&socket, SOON).await);
    }

    #[tokio::test]
    async fn so_is_a_socket_that_nobody_serves_but_not_a_missing_one() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("s");
        assert!(makes_progress(&socket, SOON).await);
        drop(UnixListener::bind(&socket).unwrap());
        assert!(!makes_progress(&socket, SOON).await);
    }
}
