//! Listens to the daemon, and notices when it goes away and comes back.

use std::{collections::VecDeque, time::Duration};

use boxd_client::{Error, Event, News, Stopper, Watch};

use super::now;

/// Nothing has to be done while nothing happens.
const QUIET: Duration = Duration::from_mins(10);
/// The same while the daemon is away: its return brings no event where nothing was missed.
const AWAY: Duration = Duration::from_secs(1);

/// A watch, with what a person should know of the connection.
#[derive(Debug)]
pub(super) struct Ear {
    watch: Watch,
    away: bool,
    heard: VecDeque<Heard>,
}

/// What can be heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Something happened to an account.
    Event(Box<Event>),
    /// The daemon is away.
    Away(Away),
    /// It is there again.
    Back,
}

/// The daemon is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Away {
    /// In seconds since the Unix epoch.
    pub(super) since: i64,
    pub(super) reason: String,
}

impl Ear {
    pub(super) fn new(watch: Watch) -> Self {
        Self { watch, away: false, heard: VecDeque::new() }
    }

    /// Ends it from another thread.
    #[cfg_attr(windows, expect(dead_code, reason = "no reader of a pipe is watched there"))]
    pub(super) fn stopper(&self) -> Stopper {
        self.watch.stopper()
    }

    /// Waits for what is heard next; `None` once it was stopped.
    pub(super) fn listen(&mut self) -> Result<Option<Heard>, Error> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(Some(heard));
            }
            let event = match self.watch.next_within(if self.away { AWAY } else { QUIET })? {
                News::Event(event) => Some(Heard::Event(event)),
                News::Over => return Ok(None),
                _ => None,
            };
            match (self.away, self.watch.outage()) {
                (false, Some(outage)) => {
                    let ago = i64::try_from(outage.since.elapsed().as_secs()).unwrap_or(0);
                    let away = Away { since: now() - ago, reason: outage.reason.clone() };
                    self.heard.push_back(Heard::Away(away));
                    self.away = true;
                }
                (true, None) => {
                    self.heard.push_back(Heard::Back);
                    self.away = false;
                }
                _ => {}
            }
            self.heard.extend(event);
        }
    }
}
