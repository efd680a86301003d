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

/// Whether a client gets any answer, be it that there are too many of them.
async fn makes_progress(socket: &Path, within: Duration) -> bool {
    match timeout(within, ask(socket)).await {
        Ok(Ok(())) => true,
        // Somebody removed the socket, or closed its directory: a new start would not bring it back.
        Ok(Err(error)) => !is_stall(&error),
        Err(_elapsed) => false,
    }
}

async fn ask(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(QUESTION).await?;
    let mut answer = [0; 64];
    match stream.read(&mut answer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// The backlog is full, or nobody listens, or the connection was dropped: nobody is served.
fn is_stall(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn an_answer_is_progress_whatever_it_says() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = async {
            let (mut client, _) = listener.accept().await.unwrap();
            client.write_all(b"HTTP/1.1 429 Too Many Requests\r\n\r\n").await.unwrap();
        };
        assert!(tokio::join!(makes_progress(&socket, SOON), server).0);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("s");
        // The backlog takes the connection; nobody ever serves it.
        let _listener = UnixListener::bind(&socket).unwrap();
        assert!(!makes_progress(&socket, SOON).await);
    }

    #[tokio::test]
    async fn nor_is_a_closed_door_but_a_missing_one_says_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("s");
        assert!(makes_progress(&socket, SOON).await);
        drop(UnixListener::bind(&socket).unwrap());
        assert!(!makes_progress(&socket, SOON).await);
    }
}
