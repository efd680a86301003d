//! Learns of new tokens, for as long as boxctl lives, and whatever becomes of the daemon meanwhile.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    time::Duration,
};

use boxd_client::{Client, Error, EventKind, ScopedToken, ScopedTokenRequest, TokenRequest, Watch};

use super::{Wake, backoff::Backoff};

/// After a token could not be had, where no event says that there is one.
const RETRY: Duration = Duration::from_secs(30);
/// A token is asked for anew this long after boxd's promise of the last one: it is another one then.
const AFTER_PROMISE: Duration = Duration::from_secs(1);

/// Tells of each new token, beginning with the one after `known`.
pub(crate) fn follow(
    socket: PathBuf,
    request: &ScopedTokenRequest,
    known: &ScopedToken,
    wakes: Sender<Wake>,
) {
    let account = known.token.account.clone();
    let request = ScopedTokenRequest {
        // The first one was asked for with conditions; what comes later is what everybody gets.
        token: TokenRequest { account: Some(account.clone()), ..TokenRequest::default() },
        ..request.clone()
    };
    let (hint, hints) = channel();
    let watched = socket.clone();
    std::thread::spawn(move || watch(&watched, &account, &hint));
    let known = known.clone();
    std::thread::spawn(move || fetch(&socket, &request, known, &hints, &wakes));
}

/// Hints whenever the account may have a new token.
fn watch(socket: &Path, account: &str, hint: &Sender<()>) {
    let mut backoff = Backoff::default();
    loop {
        // It goes on by itself when the daemon restarts; it ends with the account, which may come back.
        for event in Watch::connect_to(socket, Some(account)).into_iter().flatten().map_while(Result::ok) {
            backoff.reset();
            if matches!(event.kind, EventKind::Token | EventKind::Present) && hint.send(()).is_err() {
                return;
            }
        }
        backoff.pause();
    }
}

/// Fetches a token at each hint, and when the promise of the last one ends: tokens of other users have no events.
fn fetch(
    socket: &Path,
    request: &ScopedTokenRequest,
    mut known: ScopedToken,
    hints: &Receiver<()>,
    wakes: &Sender<Wake>,
) {
    let mut patience = promise(&known);
    loop {
        match hints.recv_timeout(patience) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while hints.try_recv().is_ok() {}
        patience = match ask(socket, request) {
            Ok(token) => {
                let is_new = token.token.access_token != known.token.access_token;
                known = token;
                if is_new && wakes.send(Wake::Token(Box::new(known.clone()))).is_err() {
                    return;
                }
                promise(&known)
            }
            Err(_) => RETRY,
        };
    }
}

fn ask(socket: &Path, request: &ScopedTokenRequest) -> Result<ScopedToken, Error> {
    Client::connect_to(socket)?.scoped_token(request)
}

fn promise(token: &ScopedToken) -> Duration {
    Duration::from_secs(u64::from(token.token.expires_in_seconds)) + AFTER_PROMISE
}
