//! Who holds how many connections, who gets one more, and who has to go for it.

use std::{
    cmp::Reverse,
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use boxd_proto::{Code, Problem};
use tokio::{sync::Notify, task::AbortHandle, time::Instant};

use super::{counters::Counters, limits::Limits};
use crate::peer::Peer;

/// How long a connection without a request is left alone as long as others can go instead.
const IDLE_LEFT_ALONE: Duration = Duration::from_mins(10);
/// Mark of a connection that waits for us, not for its client.
const BUSY: u64 = u64::MAX;
/// A client that came so short a time before the end is heard: it had no reason to believe that nobody is there.
const JUST_COME: Duration = Duration::from_millis(300);
/// How often it is looked whether there still is one.
const LOOK: Duration = Duration::from_millis(10);

/// All connections.
#[derive(Debug)]
pub(super) struct Admission {
    limits: Limits,
    counters: Arc<Counters>,
    start: Instant,
    seats: Mutex<Seats>,
    ending: AtomicBool,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Seats {
    next: u64,
    taken: HashMap<u64, Arc<State>>,
    per_uid: HashMap<u32, usize>,
    per_peer: HashMap<Peer, usize>,
}

#[derive(Debug)]
struct State {
    peer: Peer,
    /// Milliseconds from the start since which the client is awaited, or [`BUSY`].
    idle_since: AtomicU64,
    /// Milliseconds from the start when it came.
    came: u64,
    has_asked: AtomicBool,
    task: OnceLock<AbortHandle>,
}

/// The right to one connection, given back on drop.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    state: Arc<State>,
    admission: Arc<Admission>,
}

/// Ends a connection from outside.
#[derive(Debug)]
pub(super) struct Leash(Arc<State>);

/// Which bound is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    Process,
    User,
    All,
}

/// Among whom one is looked for that can go.
#[derive(Clone, Copy)]
enum Scope {
    Peer(Peer),
    Uid(u32),
    All,
}

// === impl Admission ===

impl Admission {
    pub(super) fn new(limits: Limits, counters: Arc<Counters>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            counters,
            start: Instant::now(),
            seats: Mutex::default(),
            ending: AtomicBool::new(false),
            emptied: Notify::new(),
        })
    }

    /// A seat for one more connection of `peer`. Where there is none, the connection that has been idle longest
    /// goes; a process or user at its own bound costs nobody else a seat.
    pub(super) fn admit(self: &Arc<Self>, peer: Peer) -> Result<Seat, Full> {
        let mut seats = self.seats();
        let of_peer = seats.per_peer.get(&peer).copied().unwrap_or_default();
        let of_uid = seats.per_uid.get(&peer.uid).copied().unwrap_or_default();
        // A process that asks for too much is told so, rather than losing what it holds.
        if peer.pid.is_some() && of_peer >= self.limits.per_pid {
            self.make_room(&mut seats, Scope::Peer(peer)).ok_or(Full::Process)?;
        } else if of_uid >= self.limits.per_uid {
            self.make_room(&mut seats, Scope::Uid(peer.uid)).ok_or(Full::User)?;
        } else if seats.taken.len() >= self.limits.connections {
            self.make_room(&mut seats, Scope::All).ok_or(Full::All)?;
        }
        let came = self.now();
        let state = Arc::new(State {
            peer,
            idle_since: AtomicU64::new(came),
            came,
            has_asked: AtomicBool::new(false),
            task: OnceLock::new(),
        });
        let number = seats.take(Arc::clone(&state));
        self.counters.accepted.up();
        self.counters.active.up();
        Ok(Seat { number, state, admission: Arc::clone(self) })
    }

    /// Whether the server is about to end, so that no further request is begun.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// Hears who has just come, closes what is idle, and waits for the rest as long as the grace lasts.
    pub(super) async fn end(&self) {
        while self.somebody_has_just_come() {
            tokio::time::sleep(LOOK).await;
        }
        self.ending.store(true, Ordering::Relaxed);
        self.abort_where(|state| state.idle_since.load(Ordering::Relaxed) != BUSY);
        if tokio::time::timeout(self.limits.grace, self.emptied()).await.is_err() {
            self.abort_where(|_| true);
            self.emptied().await;
        }
    }

    fn somebody_has_just_come(&self) -> bool {
        let now = self.now();
        let just_come = |state: &Arc<State>| {
            !state.has_asked.load(Ordering::Relaxed)
                && Duration::from_millis(now.saturating_sub(state.came)) < JUST_COME
        };
        self.seats().taken.values().any(just_come)
    }

    async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.seats().taken.is_empty() {
                return;
            }
            emptied.await;
        }
    }

    fn abort_where(&self, chosen: impl Fn(&State) -> bool) {
        for state in self.seats().taken.values().filter(|state| chosen(state)) {
            state.abort();
        }
    }

    /// Ends one connection in `scope` that waits for its client. One that has been idle for long goes first.
    /// Else it is one of whoever holds the most, so that a flood of connections displaces itself; at its own
    /// bound a process must wait.
    fn make_room(&self, seats: &mut Seats, scope: Scope) -> Option<()> {
        let now = self.now();
        let rank = |state: &State| {
            let since = state.idle_since.load(Ordering::Relaxed);
            let long = Duration::from_millis(now.saturating_sub(since)) >= IDLE_LEFT_ALONE;
            let within = match scope {
                Scope::Peer(peer) => state.peer == peer && long,
                Scope::Uid(uid) => state.peer.uid == uid,
                Scope::All => true,
            };
            let held = if long { 0 } else { seats.per_peer.get(&state.peer).copied().unwrap_or_default() };
            (within && since != BUSY).then_some((!long, Reverse(held), since))
        };
        let ranked = seats.taken.iter().filter_map(|(number, state)| Some((rank(state)?, *number)));
        let (_, number) = ranked.min()?;
        let state = seats.free(number)?;
        self.counters.evicted.up();
        self.counters.active.down();
        state.abort();
        tracing::debug!(uid = state.peer.uid, pid = state.peer.pid, "an idle connection made room");
        Some(())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Seats ===

impl Seats {
    fn take(&mut self, state: Arc<State>) -> u64 {
        let number = self.next;
        self.next += 1;
        *self.per_uid.entry(state.peer.uid).or_default() += 1;
        *self.per_peer.entry(state.peer).or_default() += 1;
        self.taken.insert(number, state);
        number
    }

    fn free(&mut self, number: u64) -> Option<Arc<State>> {
        let state = self.taken.remove(&number)?;
        release(&mut self.per_uid, &state.peer.uid);
        release(&mut self.per_peer, &state.peer);
        Some(state)
    }
}

/// One less; nothing is kept about those who hold none.
fn release<K: Eq + Hash>(held: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = held.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            held.remove(key);
        }
    }
}

// === impl State ===

impl State {
    fn abort(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

// === impl Seat ===

impl Seat {
    /// From here on the client is awaited, and the connection may go if there is no room.
    pub(crate) fn idle(&self) {
        self.state.idle_since.store(self.admission.now(), Ordering::Relaxed);
    }

    /// From here on the client waits for us.
    pub(crate) fn busy(&self) {
        self.state.idle_since.store(BUSY, Ordering::Relaxed);
        self.state.has_asked.store(true, Ordering::Relaxed);
    }

    /// Whether the server is about to end: after what is being answered, nothing more is begun.
    pub(crate) fn is_ending(&self) -> bool {
        self.admission.is_ending()
    }

    /// How the connection's task can be told to end; call it before that task can run.
    pub(super) fn leash(&self) -> Leash {
        Leash(Arc::clone(&self.state))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.admission.seats();
        // It is gone already where the connection had to make room.
        if seats.free(self.number).is_some() {
            self.admission.counters.active.down();
        }
        if seats.taken.is_empty() && self.admission.is_ending() {
            self.admission.emptied.notify_one();
        }
    }
}

// === impl Leash ===

impl Leash {
    pub(super) fn tie(self, task: AbortHandle) {
        // A second task would be a second connection on one seat, which `Seat` rules out.
        drop(self.0.task.set(task));
    }
}

// === impl Full ===

impl Full {
    /// What the client is told.
    pub(super) fn problem(self) -> Problem {
        let detail = match self {
            Self::Process => "this process has too many connections open",
            Self::User => "this user has too many connections open, and none of them is idle",
            Self::All => "too many connections are open, and none of them is idle",
        };
        Problem {
            code: Code::TooManyConnections,
            detail: detail.into(),
            account: None,
            next_step: "close connections that are not in use, keep one open per client, then try again"
                .into(),
            retry_after_seconds: Some(1),
        }
    }
}
