//! A watch of one account or of all: the full state first, then each new token and state.

use std::sync::Arc;

use boxd_engine::Snapshot;
use boxd_proto::{Event, EventKind, Problem};
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Broker, access::for_guest, account::Account};
use crate::{
    access::{Need, Right},
    account_name::AccountName,
    peer::Caller,
};

/// A watch that goes on until it is dropped.
#[derive(Debug)]
pub struct Watch {
    broker: Broker,
    caller: Arc<Caller>,
    /// Which account; `None`: all.
    account: Option<AccountName>,
    /// Told before any news, last first.
    present: Vec<Arc<Account>>,
    complete: Option<String>,
    missed: std::vec::IntoIter<Arc<Event>>,
    news: broadcast::Receiver<Arc<Event>>,
    ended: bool,
}

impl Broker {
    /// Begins to watch one account, or all; `after` is the id of the last event that the client knows.
    ///
    /// # Errors
    /// Where there is no such account.
    pub fn watch(
        &self,
        caller: &Arc<Caller>,
        account: Option<&str>,
        after: Option<&str>,
    ) -> Result<Watch, Problem> {
        let account = account.map(|name| self.permitted(caller, Some(name), Right::Status)).transpose()?;
        let account = account.map(|(account, _)| account);
        let joined = self.feed.join(after);
        let (present, complete, missed) = if let Some(missed) = joined.missed {
            (Vec::new(), None, missed)
        } else {
            let mut present = account
                .clone()
                .map_or_else(|| self.visible(caller, Need::Right(Right::Status)), |account| vec![account]);
            present.reverse();
            (present, Some(joined.at), Vec::new())
        };
        Ok(Watch {
            broker: self.clone(),
            caller: Arc::clone(caller),
            account: account.map(|account| account.name.clone()),
            present,
            complete,
            missed: missed.into_iter(),
            news: joined.news,
            ended: false,
        })
    }

    /// Tells the watchers what changed between two views of an account.
    pub(super) fn tell_watchers(&self, account: &Account, before: &Snapshot, now: &Snapshot) {
        let kind = if now.generation != before.generation && now.token.is_some() {
            EventKind::Token
        } else if now.state != before.state
            || now.trouble != before.trouble
            || now.user != before.user
            || now.token.is_some() != before.token.is_some()
        {
            EventKind::State
        } else {
            return;
        };
        self.feed.tell(kind, account.name.as_str(), Some(self.status_of(account)));
    }

    pub(super) fn tell_of_removal(&self, name: &AccountName) {
        self.feed.tell(EventKind::Removed, name.as_str(), None);
    }
}

impl Watch {
    /// The next event; `None` once the watch has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        while let Some(account) = self.present.pop() {
            // A slow reader comes to it long after the list was made.
            if !self.broker.may_see(&self.caller, account.name.as_str()) {
                continue;
            }
            return Some(Arc::new(Event {
                id: None,
                kind: EventKind::Present,
                account: Some(account.name.as_str().to_owned()),
                status: Some(Box::new(self.broker.status_for(&self.caller, &account))),
                detail: None,
            }));
        }
        if let Some(id) = self.complete.take() {
            let kind = EventKind::Complete;
            return Some(Arc::new(Event { id: Some(id), kind, account: None, status: None, detail: None }));
        }
        while !self.ended {
            let event = match self.missed.next() {
                Some(missed) => Ok(missed),
                None => self.news.recv().await,
            };
            match event {
                Ok(event) if self.concerns(&event) => return Some(self.told(event)),
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    self.ended = true;
                    return Some(Arc::new(dropped(missed)));
                }
                Err(RecvError::Closed) => self.ended = true,
            }
        }
        None
    }

    fn concerns(&self, event: &Event) -> bool {
        let is_of_account = |name: &AccountName| event.account.as_deref() == Some(name.as_str());
        let may_see = |name| self.broker.may_see(&self.caller, name);
        self.account.as_ref().is_none_or(is_of_account) && event.account.as_deref().is_none_or(may_see)
    }

    /// The event as this client is told it.
    fn told(&self, event: Arc<Event>) -> Arc<Event> {
        if self.broker.is_owner(&self.caller) {
            return event;
        }
        let mut event = Arc::unwrap_or_clone(event);
        event.status = event.status.map(|status| Box::new(for_guest(*status)));
        Arc::new(event)
    }
}

fn dropped(missed: u64) -> Event {
    Event {
        id: None,
        kind: EventKind::Dropped,
        account: None,
        status: None,
        detail: Some(format!("the client took too long to read and missed {missed} events: watch anew")),
    }
}
