//! stub server for integration only
#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::restriction)]
use boxd_proto::*;
use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};
#[derive(Clone, Debug)]
pub struct Peer {
    pub uid: u32,
    pub pid: u32,
}
impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "uid {} pid {}", self.uid, self.pid)
    }
}
pub enum Reply {
    One(Response),
    Many(Box<dyn Iterator<Item = Response> + Send>),
}
pub trait Service: Clone + Send + Sync + 'static {
    fn call(&self, peer: &Peer, request: Request) -> impl Future<Output = Reply> + Send;
}
#[derive(Debug)]
pub struct Listener {
    l: UnixListener,
    path: PathBuf,
}
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("{0}")]
    Io(#[from] io::Error),
}
impl BindError {
    pub fn is_already_running(&self) -> bool {
        false
    }
}
#[derive(Clone, Copy, Debug)]
pub struct Limits;
impl Limits {
    pub fn of_this_process() -> Self {
        Self
    }
}
impl Listener {
    pub fn bind(p: &Path) -> Result<Self, BindError> {
        if let Some(d) = p.parent() {
            std::fs::create_dir_all(d)?;
        }
        let _ = std::fs::remove_file(p);
        Ok(Self { l: UnixListener::bind(p)?, path: p.to_owned() })
    }
}
pub async fn run<S: Service>(
    listener: Listener,
    service: S,
    stop: impl Future<Output = ()>,
    _limits: Limits,
) {
    tokio::pin!(stop);
    loop {
        tokio::select! { () = &mut stop => break, c = listener.l.accept() => { if let Ok((s, _)) = c { let sv = service.clone(); tokio::spawn(async move { let _ = serve(s, sv).await; }); } } }
    }
    let _ = std::fs::remove_file(listener.path);
}
async fn serve<S: Service>(mut s: UnixStream, service: S) -> io::Result<()> {
    let c = s.peer_cred()?;
    let peer = Peer { uid: c.uid(), pid: c.pid().unwrap_or(0) as u32 };
    let mut h = [0; 8];
    s.read_exact(&mut h).await?;
    let Ok(h) = Hello::from_bytes(h) else { return Ok(()) };
    s.write_all(&choose(h).to_bytes()).await?;
    loop {
        let mut l = [0; 4];
        s.read_exact(&mut l).await?;
        let Ok(n) = frame_len(l) else { return Ok(()) };
        let mut b = vec![0; n];
        s.read_exact(&mut b).await?;
        let Ok(r) = decode::<Request>(&b) else { return Ok(()) };
        let mut out = Vec::new();
        match service.call(&peer, r).await {
            Reply::One(r) => {
                let _ = encode(&r, &mut out);
            }
            Reply::Many(it) => {
                for r in it {
                    let _ = encode(&r, &mut out);
                }
            }
        }
        s.write_all(&out).await?;
    }
}
