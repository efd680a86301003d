//! What happens to accounts, numbered, for those who watch: the last events are kept for who comes back.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use boxd_proto::{AccountStatus, Event, EventKind};
use tokio::sync::{Notify, broadcast};

/// Events that are kept for a client that comes back, and that one may be behind before it is dropped.
const KEPT: usize = 256;

/// The events of all accounts.
#[derive(Debug)]
pub(super) struct Feed {
    /// Tells this run of the daemon from others, whose numbers mean nothing here.
    run: u64,
    recent: Mutex<Recent>,
    news: broadcast::Sender<Arc<Event>>,
    /// Rings at each event, for one who only wants to know that there was one.
    pub(super) rang: Notify,
}

#[derive(Debug, Default)]
struct Recent {
    /// Number of the last event.
    last: u64,
    events: VecDeque<Arc<Event>>,
}

/// What a watcher gets from now on.
#[derive(Debug)]
pub(super) struct Joined {
    /// The id of the last event before those of `news`.
    pub(super) at: String,
    /// What the watcher missed, where that is still known; else it needs the full state.
    pub(super) missed: Option<Vec<Arc<Event>>>,
    pub(super) news: broadcast::Receiver<Arc<Event>>,
}

impl Feed {
    /// A feed of this run; `run` differs from that of any other.
    pub(super) fn new(run: u64) -> Self {
        Self { run, recent: Mutex::default(), news: broadcast::Sender::new(KEPT), rang: Notify::new() }
    }

    /// Tells all watchers. The event is numbered and sent under one lock: nobody sees a gap or a wrong order.
    pub(super) fn tell(&self, kind: EventKind, account: &str, status: Option<AccountStatus>) {
        let mut recent = self.recent();
        recent.last += 1;
        let event = Arc::new(Event {
            id: Some(self.id(recent.last)),
            kind,
            account: Some(account.to_owned()),
            status: status.map(Box::new),
            detail: None,
        });
        if recent.events.len() >= KEPT {
            recent.events.pop_front();
        }
        recent.events.push_back(Arc::clone(&event));
        // There may be nobody.
        drop(self.news.send(event));
        self.rang.notify_one();
    }

    /// Begins to watch after the event of this id, or from now on.
    pub(super) fn join(&self, after: Option<&str>) -> Joined {
        let recent = self.recent();
        let missed = after.and_then(|id| self.number(id)).and_then(|known| {
            let missing = usize::try_from(recent.last.checked_sub(known)?).ok()?;
            let skipped = recent.events.len().checked_sub(missing)?;
            Some(recent.events.iter().skip(skipped).cloned().collect())
        });
        Joined { at: self.id(recent.last), missed, news: self.news.subscribe() }
    }

    /// How many watch now.
    pub(super) fn watchers(&self) -> usize {
        self.news.receiver_count()
    }

    fn id(&self, number: u64) -> String {
        format!("{:016x}-{number}", self.run)
    }

    fn number(&self, id: &str) -> Option<u64> {
        let (run, number) = id.split_once('-')?;
        let of_this_run = u64::from_str_radix(run, 16).is_ok_and(|run| run == self.run);
        of_this_run.then(|| number.parse().ok()).flatten()
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(feed: &Feed, count: usize) {
        for _ in 0..count {
            feed.tell(EventKind::State, "work", None);
        }
    }

    fn missed(feed: &Feed, after: &str) -> Option<Vec<String>> {
        let missed = feed.join(Some(after)).missed?;
        Some(missed.iter().map(|event| event.id.clone().unwrap()).collect())
    }

    #[test]
    fn who_comes_back_gets_what_it_missed() {
        let feed = Feed::new(7);
        told(&feed, 3);
        let before = feed.join(None).at;
        assert_eq!(missed(&feed, &before), Some(vec![]));
        told(&feed, 2);
        assert_eq!(missed(&feed, &before), Some(vec![feed.id(4), feed.id(5)]));
    }

    #[test]
    fn who_was_away_too_long_or_knows_another_run_needs_the_full_state() {
        let feed = Feed::new(7);
        let before = feed.join(None).at;
        told(&feed, KEPT);
        assert_eq!(missed(&feed, &before).map(|missed| missed.len()), Some(KEPT));
        told(&feed, 1);
        for foreign in [before.as_str(), &Feed::new(8).id(1), &feed.id(1000), "", "-", "x", "7"] {
            assert_eq!(missed(&feed, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn nothing_is_lost_between_joining_and_reading() {
        let feed = Feed::new(7);
        let mut joined = feed.join(None);
        told(&feed, 1);
        assert_eq!(joined.news.try_recv().unwrap().id, Some(feed.id(1)));
    }
}
