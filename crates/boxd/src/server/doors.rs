//! The sockets of access rules: opened and closed as the configuration says, while the server runs.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, oneshot};

#[cfg(unix)]
use super::listener::{inode_at, permit};
#[cfg(windows)]
use super::pipe::{inode_at, permit};
use super::{Listener, bind_error::BindError, door_plan::DoorPlan};

/// The sockets of all rules. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Doors(Arc<Shared>);

/// New sockets, for the server.
#[derive(Debug)]
pub struct NewDoors(mpsc::UnboundedReceiver<NewDoor>);

/// A socket to serve.
#[derive(Debug)]
pub(super) struct NewDoor {
    pub(super) path: Arc<Path>,
    pub(super) listener: Listener,
    pub(super) closing: Closing,
}

/// The server's end of a door.
#[derive(Debug)]
pub(super) struct Closing {
    /// Resolves when it shall be closed.
    pub(super) close: oneshot::Receiver<()>,
    /// Dropped last, when it is.
    _closed: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Shared {
    open: Mutex<BTreeMap<Arc<Path>, Open>>,
    new: mpsc::UnboundedSender<NewDoor>,
}

#[derive(Debug)]
struct Open {
    group: Option<u32>,
    inode: Option<(u64, u64)>,
    close: oneshot::Sender<()>,
    closed: oneshot::Receiver<()>,
}

impl Doors {
    /// None yet.
    pub fn new() -> (Self, NewDoors) {
        let (new, doors) = mpsc::unbounded_channel();
        (Self(Arc::new(Shared { open: Mutex::default(), new })), NewDoors(doors))
    }

    /// Opens what can be had, and closes what is no longer wanted.
    ///
    /// # Errors
    /// The first that cannot be had; each is logged, and none keeps the others from being opened or closed.
    pub async fn open(&self, wanted: Vec<DoorPlan>) -> Result<(), BindError> {
        // Closed by being dropped, before anything is waited for.
        self.known().retain(|path, _| wanted.iter().any(|plan| plan.path == *path));
        let (mut bound, mut first) = (Vec::new(), Ok(()));
        for plan in &wanted {
            match self.bind(plan).await {
                Ok(Some(listener)) => bound.push((plan.clone(), listener)),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "the socket of an access rule is missing; to try again: boxctl reload");
                    first = first.and(Err(error));
                }
            }
        }
        self.put_in_force(&wanted, bound);
        first
    }

    fn put_in_force(&self, wanted: &[DoorPlan], bound: Vec<(DoorPlan, Listener)>) {
        let mut open = self.known();
        for plan in wanted {
            if let Some(known) = open.get_mut(&plan.path).filter(|known| known.group != plan.group) {
                match permit(&plan.path, plan.group) {
                    Ok(()) => known.group = plan.group,
                    Err(error) => {
                        tracing::error!(%error, socket = %plan.path.display(), "the socket's mode cannot be set");
                    }
                }
            }
        }
        for (DoorPlan { path, group, .. }, listener) in bound {
            let (close, closing) = oneshot::channel();
            let (at_end, closed) = oneshot::channel();
            let known = Open { group, inode: listener.inode(), close, closed };
            let closing = Closing { close: closing, _closed: at_end };
            let door = NewDoor { path: Arc::clone(&path), listener, closing };
            // The server is ending where nobody takes it.
            if self.0.new.send(door).is_ok() {
                open.insert(path, known);
            }
        }
    }

    /// A new listener, where one is needed.
    async fn bind(&self, plan: &DoorPlan) -> Result<Option<Listener>, BindError> {
        let gone = {
            let mut open = self.known();
            match open.get(&plan.path) {
                Some(known) if known.inode == inode_at(&plan.path) => return Ok(None),
                Some(_) => open.remove(&plan.path),
                None => None,
            }
        };
        if let Some(Open { close, closed, .. }) = gone {
            drop(close);
            // Its lock goes with it. It ends by being dropped: there is nothing to receive.
            drop(closed.await);
        }
        Listener::bind_for_rule(plan).map(Some)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Arc<Path>, Open>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NewDoors {
    /// The next one to serve; `None` once there can be no more.
    pub(super) async fn next(&mut self) -> Option<NewDoor> {
        self.0.recv().await
    }
}
