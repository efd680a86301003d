//! The key that seals the daemon's store.

use boxd_proto::{KeySource, KeyStatus, Request, Response};

use crate::{
    Client, Error,
    deadline::{LOCAL, WITH_BOX},
};

impl Client {
    /// The key that seals the daemon's store, and what keeps secrets in its memory.
    ///
    /// # Errors
    /// [`Error::Problem`] where it is not the caller's daemon.
    pub fn key(&mut self) -> Result<KeyStatus, Error> {
        match self.call(&Request::Key, LOCAL)? {
            Response::Key(status) => Ok(*status),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Seals the store with a fresh key, kept in `to`, or where that is `None` where the old one is.
    ///
    /// # Errors
    /// [`Error::Problem`] where that source cannot be used, or not every file could be sealed anew: nothing is lost
    /// then, and the daemon goes on with it.
    pub fn migrate_key(&mut self, to: Option<KeySource>) -> Result<KeyStatus, Error> {
        match self.call(&Request::MigrateKey { to }, WITH_BOX)? {
            Response::Key(status) => Ok(*status),
            other => Err(self.unexpected(&other)),
        }
    }
}
