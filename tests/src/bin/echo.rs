//! A bare tokio echo of 200 bytes on a Unix socket: the floor for a server's throughput.

#[cfg(unix)]
mod unix {
    use std::path::PathBuf;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{UnixListener, UnixStream},
    };

    /// Bytes of a request and of its answer.
    const MESSAGE: usize = 200;

    #[tokio::main(flavor = "current_thread")]
    pub(super) async fn serve() -> std::io::Result<()> {
        let socket = PathBuf::from(std::env::args_os().nth(1).unwrap_or_default());
        let listener = UnixListener::bind(socket)?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(echo(stream));
        }
    }

    async fn echo(mut stream: UnixStream) {
        let mut message = [0; MESSAGE];
        while stream.read_exact(&mut message).await.is_ok() && stream.write_all(&message).await.is_ok() {}
    }
}

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    unix::serve()
}

/// The figures are of Unix.
#[cfg(windows)]
fn main() {}
