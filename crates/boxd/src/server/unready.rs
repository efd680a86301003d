//! Tells clients that wait at an inherited socket why there is no daemon for them.
//!
//! Their connections brought this process to life. If it ended without a word they would bring the next one to life, and
//! so on, until the service manager gives up; and none of them would know why.

use std::{os::fd::OwnedFd, time::Duration};

use boxd_proto::{Code, Problem};
use tokio::{task::JoinSet, time::timeout};

use super::{Listener, REFUSAL, connection};
use crate::peer::Peer;

/// Nobody else waits if nobody comes for so long.
const QUIET: Duration = Duration::from_millis(50);
/// More clients than this start a daemon anew.
const MOST: usize = 1024;

/// Tells everybody who waits now. What exactly is wrong is for this user and root alone to know.
pub(crate) async fn tell_why_not(sockets: Vec<OwnedFd>, why: &str) {
    let Ok(mut listener) = Listener::unlocked(sockets) else { return };
    let owner = rustix::process::geteuid().as_raw();
    let mut told = JoinSet::new();
    while told.len() < MOST
        && let Ok(Ok(stream)) = timeout(QUIET, listener.accept()).await
    {
        let may_know = Peer::of(&stream).is_ok_and(|peer| peer.uid == owner || peer.uid == 0);
        let problem = problem(if may_know { why } else { "its owner finds the reason in its log" });
        told.spawn(async move { drop(connection::refuse(stream, problem, REFUSAL).await) });
    }
    while told.join_next().await.is_some() {}
}

fn problem(why: &str) -> Problem {
    Problem {
        code: Code::ActionRequired,
        detail: format!("boxd cannot start: {why}"),
        account: None,
        next_step: "mend that (`boxd --check` tells whether it is), then ask again".to_owned(),
        retry_after_seconds: None,
    }
}
