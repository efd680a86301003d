//! What happens to accounts, as it happens, also across restarts of the daemon.

use std::{
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use boxd_proto::{Event, EventKind, Request, Response, encode};

use crate::{
    backoff,
    client::Client,
    deadline::{Deadline, LOCAL, now},
    error::Error,
    stopper::Stopper,
    transport::{ReceiveError, Transport},
};

/// The daemon says something at least every 15 s: after three times that in silence it is taken for dead.
const SILENCE: Duration = Duration::from_secs(45);
/// An attempt to connect takes at least this long where it has to, so that short waits get through as well.
const ATTEMPT: Duration = Duration::from_millis(20);
/// A connection that ended sooner counts as one more failure.
const STEADY: Duration = Duration::from_secs(10);

/// The events of one account or of all: first the state of each ([`EventKind::Present`]) and
/// [`EventKind::Complete`], then what happens. Never a token.
///
/// Where the daemon goes away the watch waits for it and goes on by itself. Nothing is missed: either the events
/// since the last one that was seen are told, or the state of every account is told anew, from `Present` to
/// `Complete`; what was not told again by then is no more.
///
/// As an iterator it blocks, and ends after an error that waiting cannot help (such as an unknown account), or
/// once [`Stopper::stop`] was called.
///
/// ```no_run
/// use boxd_client::{Client, EventKind};
///
/// for event in Client::connect()?.watch(Some("work"))? {
///     let event = event?;
///     if event.kind == EventKind::Token {
///         println!("work has a new token");
///     }
/// }
/// # Ok::<(), boxd_client::Error>(())
/// ```
#[derive(Debug)]
pub struct Watch {
    socket: PathBuf,
    account: Option<String>,
    /// Id of the last event that had one.
    last: Option<String>,
    link: Link,
    outage: Option<Outage>,
    /// After so long without a word the daemon is taken for dead.
    silence: Duration,
    /// Connections in a row that failed or did not last.
    failures: u32,
    stop: Stopper,
}

/// What became of a wait for news.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum News {
    /// Something happened.
    Event(Box<Event>),
    /// Nothing in this time. Whether the daemon is there is told by [`Watch::outage`].
    Nothing,
    /// The watch was stopped, or has failed before: nothing will come any more.
    Over,
}

/// The daemon is away.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outage {
    /// When that was noticed.
    pub since: Instant,
    /// What was in the way at the last attempt.
    pub reason: String,
}

#[derive(Debug)]
enum Link {
    Up { transport: Box<Transport>, since: Instant, dead_at: Deadline },
    Down { again_at: Deadline },
    Over,
}

// === impl Client ===

impl Client {
    /// Watches one account, or all of them, over a connection of its own.
    ///
    /// # Errors
    /// As [`Client::connect_to`]. That there is no such account is told by the watch itself.
    pub fn watch(&self, account: Option<&str>) -> Result<Watch, Error> {
        Watch::connect_to(&self.socket, account)
    }
}

// === impl Watch ===

impl Watch {
    /// Watches one account, or all of them, at the daemon that serves at `socket`.
    ///
    /// # Errors
    /// [`Error::Unreachable`] and [`Error::Untrusted`]. That there is no such account is told by the watch itself.
    pub fn connect_to(socket: impl Into<PathBuf>, account: Option<&str>) -> Result<Self, Error> {
        let (socket, account) = (socket.into(), account.map(str::to_owned));
        let link = Link::Down { again_at: Deadline::after(Duration::ZERO) };
        let stop = Stopper::new();
        let silence = SILENCE;
        let mut watch = Self { socket, account, last: None, link, outage: None, silence, failures: 0, stop };
        watch.connect(LOCAL)?;
        Ok(watch)
    }

    /// The next event, waiting at most `time` for it; less where the daemon goes away meanwhile, so that
    /// [`Watch::outage`] can be looked at.
    ///
    /// # Errors
    /// Those that waiting cannot help, such as an unknown account. The watch is over then.
    pub fn next_within(&mut self, time: Duration) -> Result<News, Error> {
        self.next_until(Some(Deadline::after(time)))
    }

    /// Since when and why the daemon is away, if it is. The watch goes on trying whenever it is asked for news.
    pub fn outage(&self) -> Option<&Outage> {
        self.outage.as_ref()
    }

    /// What ends this watch from another thread.
    pub fn stopper(&self) -> Stopper {
        self.stop.clone()
    }

    fn next_until(&mut self, until: Option<Deadline>) -> Result<News, Error> {
        loop {
            if self.stop.is_stopped() {
                self.link = Link::Over;
            }
            let step = match &mut self.link {
                Link::Over => return Ok(News::Over),
                Link::Down { again_at } => {
                    let again_at = *again_at;
                    self.stop.sleep_until(until.map_or(again_at, |until| until.min(again_at)));
                    if self.stop.is_stopped() {
                        continue;
                    }
                    if !again_at.is_over() {
                        return Ok(News::Nothing);
                    }
                    let left = until.map_or(LOCAL, |until| until.left().unwrap_or(ATTEMPT));
                    let patience = left.clamp(ATTEMPT, LOCAL);
                    self.connect(patience).map(|()| None)
                }
                Link::Up { transport, dead_at, .. } => {
                    let dead_at = *dead_at;
                    let wait = until.map_or(dead_at, |until| until.min(dead_at));
                    match transport.receive_until(wait) {
                        Err(ReceiveError::Io(reason)) if is_timeout(&reason) && !dead_at.is_over() => {
                            if transport.is_greeted() {
                                self.outage = None;
                            }
                            return Ok(News::Nothing);
                        }
                        Err(ReceiveError::Io(reason)) => Err(Error::unreachable(&self.socket, reason)),
                        Err(ReceiveError::Other(error)) => Err(error),
                        Ok(response) => self.heard(response),
                    }
                }
            };
            match step {
                Ok(None) => {}
                Ok(Some(event)) => return Ok(News::Event(Box::new(event))),
                Err(_) if self.stop.is_stopped() => {}
                Err(error) if error.is_retryable() => {
                    let begins = self.outage.is_none();
                    self.lost(&error);
                    if begins && until.is_some() {
                        return Ok(News::Nothing);
                    }
                }
                Err(error) => {
                    self.link = Link::Over;
                    return Err(error);
                }
            }
        }
    }

    /// One frame of the daemon.
    fn heard(&mut self, response: Response) -> Result<Option<Event>, Error> {
        if let Response::Error(problem) = response {
            return Err(problem.into());
        }
        self.outage = None;
        if let Link::Up { dead_at, .. } = &mut self.link {
            *dead_at = Deadline::after(self.silence);
        }
        match response {
            Response::Heartbeat => Ok(None),
            Response::Event(event) => {
                if event.id.is_some() {
                    self.last.clone_from(&event.id);
                }
                if event.kind == EventKind::Dropped {
                    self.ask()?;
                }
                Ok(Some(*event))
            }
            _ => Err(Error::Protocol("it answered a watch with something else than events".into())),
        }
    }

    fn connect(&mut self, patience: Duration) -> Result<(), Error> {
        let transport = Transport::connect(&self.socket, patience)?;
        let cutter = transport.cutter().map_err(|reason| Error::unreachable(&self.socket, reason))?;
        let dead_at = Deadline::after(self.silence);
        self.link = Link::Up { transport: Box::new(transport), since: now(), dead_at };
        self.stop.guard(cutter);
        self.ask()
    }

    /// Asks for what comes after the last event that is known.
    fn ask(&mut self) -> Result<(), Error> {
        let Link::Up { transport, .. } = &mut self.link else { return Ok(()) };
        let mut bytes = transport.opening().to_vec();
        encode(&Request::Watch { account: self.account.clone(), after: self.last.clone() }, &mut bytes)?;
        match transport.send(&bytes, LOCAL) {
            // A daemon that refuses a client says why before it closes.
            Err(reason) if reason.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::unreachable(&self.socket, reason))
            }
            _ => Ok(()),
        }
    }

    /// The daemon is away: when to try again.
    fn lost(&mut self, error: &Error) {
        let lasted = matches!(&self.link, Link::Up { since, .. } if now().duration_since(*since) >= STEADY);
        self.failures = if lasted { 1 } else { self.failures.saturating_add(1) };
        let delay = backoff::delay(self.failures).max(error.retry_after().unwrap_or_default());
        self.link = Link::Down { again_at: Deadline::after(delay) };
        self.stop.release();
        let since = self.outage.as_ref().map_or_else(now, |outage| outage.since);
        self.outage = Some(Outage { since, reason: error.to_string() });
    }
}

impl Iterator for Watch {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_until(None) {
                Ok(News::Event(event)) => return Some(Ok(*event)),
                Ok(News::Nothing) => {}
                Ok(News::Over) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Drop for Watch {
    /// Its stoppers may live longer, and shall not keep the connection open.
    fn drop(&mut self) {
        self.stop.release();
    }
}

fn is_timeout(reason: &io::Error) -> bool {
    matches!(reason.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

#[cfg(all(test, unix))]
mod tests {
    use std::{io::Read as _, os::unix::net::UnixListener};

    use super::*;

    #[test]
    fn a_daemon_that_says_nothing_any_more_is_dead() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("boxd.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let mut watch = Watch::connect_to(socket, None).unwrap();
        let (mut silent, _) = listener.accept().unwrap();
        watch.silence = Duration::from_millis(1);
        if let Link::Up { dead_at, .. } = &mut watch.link {
            *dead_at = Deadline::after(watch.silence);
        }
        assert_eq!(watch.next_within(Duration::from_millis(5)).unwrap(), News::Nothing);
        assert!(watch.outage().unwrap().reason.contains("did not answer in time"), "{watch:?}");
        // Its connection is closed, and another one is made.
        silent.read_to_end(&mut Vec::new()).unwrap();
        watch.silence = SILENCE;
        while !matches!(watch.link, Link::Up { .. }) {
            assert_eq!(watch.next_within(Duration::from_millis(50)).unwrap(), News::Nothing);
        }
        listener.accept().unwrap();
    }
}
