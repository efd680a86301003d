//! Signals of Unix.

use std::{io, sync::Arc, sync::atomic::AtomicBool};

use futures_util::StreamExt as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_tokio::Signals;

use super::Wish;

/// Exit status after a second SIGINT, as shells report it.
const INTERRUPTED: i32 = 128 + SIGINT;

/// The stream of wishes.
pub struct Wishes(Signals);

impl std::fmt::Debug for Wishes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wishes")
    }
}

impl Wishes {
    /// Takes over SIGTERM, SIGINT and SIGHUP. From then on a *second* SIGINT ends the process at once,
    /// which leaves a spend in flight to the journal.
    pub fn listen() -> io::Result<Self> {
        // A file that may not grow beyond a limit is an error like a full disk, not the end.
        signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), Arc::default())?;
        let armed = Arc::new(AtomicBool::new(false));
        // Order matters: the first SIGINT finds the flag unset, then sets it.
        signal_hook::flag::register_conditional_shutdown(SIGINT, INTERRUPTED, Arc::clone(&armed))?;
        signal_hook::flag::register(SIGINT, armed)?;
        Ok(Self(Signals::new([SIGTERM, SIGINT, SIGHUP])?))
    }

    /// The next wish; pending for ever once the stream has ended.
    pub async fn next(&mut self) -> Wish {
        match self.0.next().await {
            Some(SIGHUP) => Wish::Reload,
            Some(_) => Wish::Stop,
            None => std::future::pending().await,
        }
    }
}
