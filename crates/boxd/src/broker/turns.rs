//! Whose turn it is to ask a token endpoint: at most 16 at once for each, and those that somebody waits for first.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{oneshot, watch};

use super::{Broker, account::Account};

/// Requests to one token endpoint at once.
const AT_ONCE: usize = 16;
/// Of these, as many are kept for accounts that somebody waits for: planned renewals that hang cannot take all.
const KEPT_FOR_WANTED: usize = 4;

/// Whether somebody waits for what a request is to bring.
pub(super) trait Wanted: Send + Sync {
    /// It may change while the request waits for its turn.
    fn is_wanted(&self) -> bool;
}

/// The queues of all token endpoints. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<Queues>>);

#[derive(Default)]
struct Queues {
    by_origin: HashMap<String, Queue>,
    closed: watch::Sender<bool>,
}

/// The right to one request; given back when it is dropped.
pub(super) struct Turn {
    turns: Turns,
    origin: String,
}

#[derive(Default)]
struct Queue {
    busy: usize,
    waiting: VecDeque<Waiting>,
}

/// A place in a queue, while its future waits. Where that is dropped after the call the turn goes to the next.
struct Place<'t> {
    turns: &'t Turns,
    origin: &'t str,
    call: oneshot::Receiver<()>,
    called: bool,
}

enum Entered {
    AtOnce,
    Queued(oneshot::Receiver<()>),
    Closed,
}

struct Waiting {
    what: Arc<dyn Wanted>,
    called: oneshot::Sender<()>,
}

impl Turns {
    /// Waits for a turn at the token endpoint of this origin; `None` once the queues are closed. A future that is
    /// dropped leaves no trace.
    pub(super) async fn take(&self, origin: &str, what: Arc<dyn Wanted>) -> Option<Turn> {
        match self.enter(origin, what) {
            Entered::AtOnce => {}
            Entered::Queued(call) => {
                let mut place = Place { turns: self, origin, call, called: false };
                place.called = (&mut place.call).await.is_ok();
                if !place.called {
                    return None;
                }
            }
            Entered::Closed => return None,
        }
        Some(Turn { turns: self.clone(), origin: origin.to_owned() })
    }

    /// Nobody is called any more: who queues learns so at once.
    pub(super) fn close(&self) {
        let mut queues = self.queues();
        queues.closed.send_replace(true);
        queues.by_origin.values_mut().for_each(|queue| queue.waiting.clear());
    }

    /// Somebody began to wait for something: it may have a turn at once.
    pub(super) fn hurry(&self) {
        self.queues().by_origin.values_mut().for_each(Queue::call);
    }

    /// Returns once they are closed.
    pub(super) async fn closed(&self) {
        let mut closed = self.queues().closed.subscribe();
        // The queues hold the sender.
        drop(closed.wait_for(|closed| *closed).await);
    }

    fn enter(&self, origin: &str, what: Arc<dyn Wanted>) -> Entered {
        let mut queues = self.queues();
        if *queues.closed.borrow() {
            return Entered::Closed;
        }
        let queue = queues.by_origin.entry(origin.to_owned()).or_default();
        if queue.has_room(what.is_wanted()) {
            queue.busy += 1;
            return Entered::AtOnce;
        }
        let (called, call) = oneshot::channel();
        queue.waiting.push_back(Waiting { what, called });
        Entered::Queued(call)
    }

    fn give_back(&self, origin: &str) {
        let mut queues = self.queues();
        let Some(queue) = queues.by_origin.get_mut(origin) else { return };
        queue.busy = queue.busy.saturating_sub(1);
        queue.call();
        if queue.busy == 0 && queue.waiting.is_empty() {
            queues.by_origin.remove(origin);
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn has_room(&self, wanted: bool) -> bool {
        self.busy < if wanted { AT_ONCE } else { AT_ONCE - KEPT_FOR_WANTED }
    }

    /// Calls whoever may go on: who is wanted first, else who came first.
    fn call(&mut self) {
        while self.has_room(true) {
            let next = match self.waiting.iter().position(|waiting| waiting.what.is_wanted()) {
                Some(wanted) => Some(wanted),
                None => (self.has_room(false) && !self.waiting.is_empty()).then_some(0),
            };
            let Some(called) = next.and_then(|next| self.waiting.remove(next)) else { return };
            // One whose future was dropped needs no turn.
            if called.called.send(()).is_ok() {
                self.busy += 1;
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.called && self.call.try_recv().is_ok() {
            self.turns.give_back(self.origin);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.give_back(&self.origin);
    }
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let queues = self.queues();
        let of = |(origin, queue): (&String, &Queue)| (origin.clone(), queue.busy, queue.waiting.len());
        f.debug_list().entries(queues.by_origin.iter().map(of)).finish()
    }
}

/// The renewal of an account, wanted where somebody waits for its token.
struct Renewal {
    broker: Broker,
    account: Arc<Account>,
}

impl Wanted for Renewal {
    fn is_wanted(&self) -> bool {
        self.account.is_awaited(self.broker.clock.boot())
    }
}

/// What was asked for by somebody who waits.
struct Asked;

impl Wanted for Asked {
    fn is_wanted(&self) -> bool {
        true
    }
}

impl Broker {
    /// The turn of an account's renewal.
    pub(super) async fn turn(&self, account: &Arc<Account>) -> Option<Turn> {
        let what = Renewal { broker: self.clone(), account: Arc::clone(account) };
        self.turns.take(&self.origin_of(account), Arc::new(what)).await
    }

    /// The turn of a request that somebody waits for.
    pub(super) async fn turn_at_once(&self, account: &Account) -> Option<Turn> {
        self.turns.take(&self.origin_of(account), Arc::new(Asked)).await
    }

    /// The origin of an account's token endpoint; nothing is sent where there is none.
    fn origin_of(&self, account: &Account) -> String {
        self.effective(account).map(|effective| effective.endpoint.token_origin()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wanted for Flag {
        fn is_wanted(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn planned() -> Arc<Flag> {
        Arc::default()
    }

    fn wanted() -> Arc<Flag> {
        Arc::new(Flag(AtomicBool::new(true)))
    }

    /// Whether a turn comes without anybody else giving theirs back.
    async fn at_once(turns: &Turns, origin: &str, what: Arc<Flag>) -> Option<Turn> {
        let taking = turns.take(origin, what);
        tokio::time::timeout(std::time::Duration::from_millis(1), taking).await.ok().flatten()
    }

    async fn hanging(turns: &Turns, origin: &str) -> Vec<Turn> {
        let mut taken = Vec::new();
        while let Some(turn) = at_once(turns, origin, planned()).await {
            taken.push(turn);
        }
        taken
    }

    #[tokio::test(start_paused = true)]
    async fn planned_ones_leave_room_for_the_wanted_and_one_endpoint_for_another() {
        let turns = Turns::default();
        let mut taken = hanging(&turns, "a").await;
        assert_eq!(taken.len(), AT_ONCE - KEPT_FOR_WANTED);
        for _ in 0..KEPT_FOR_WANTED {
            taken.push(at_once(&turns, "a", wanted()).await.unwrap());
        }
        assert!(at_once(&turns, "a", wanted()).await.is_none(), "never more than 16");
        assert!(at_once(&turns, "b", planned()).await.is_some(), "another endpoint");
        drop(taken);
        assert_eq!(format!("{turns:?}"), "[]", "nothing is kept of an endpoint at rest");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_wanted_later_jumps_the_queue() {
        let turns = Turns::default();
        let mut taken = hanging(&turns, "a").await;
        let queued: Vec<_> = (0..3).map(|_| planned()).collect();
        let mut waiting: Vec<_> = queued
            .iter()
            .map(|what| {
                let (turns, what) = (turns.clone(), Arc::clone(what));
                tokio::spawn(async move { turns.take("a", what).await })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        queued[2].0.store(true, Ordering::Relaxed);
        turns.hurry();
        let jumped = waiting.pop().unwrap().await.unwrap();
        assert!(waiting.iter().all(|waiting| !waiting.is_finished()));
        drop(jumped);
        taken.pop();
        let first = waiting.remove(0).await.unwrap();
        assert!(!waiting[0].is_finished(), "else in order");
        drop(first);
        waiting.remove(0).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_nobody_is_called_any_more() {
        let turns = Turns::default();
        let taken = hanging(&turns, "a").await;
        let queued = {
            let turns = turns.clone();
            tokio::spawn(async move { turns.take("a", planned()).await.is_none() })
        };
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        turns.close();
        assert!(queued.await.unwrap(), "who queues learns so");
        assert!(turns.take("b", wanted()).await.is_none());
        drop(taken);
        assert_eq!(format!("{turns:?}"), "[]");
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_left_is_passed_over() {
        let turns = Turns::default();
        let mut taken = hanging(&turns, "a").await;
        let left = {
            let turns = turns.clone();
            tokio::spawn(async move { turns.take("a", planned()).await })
        };
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        left.abort();
        assert!(left.await.is_err());
        taken.pop();
        assert!(at_once(&turns, "a", planned()).await.is_some());
    }
}
