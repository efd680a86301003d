//! Windows: nothing starts boxd that hands sockets over or wants to be told how it goes.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// A socket of a service manager: there is none.
#[derive(Debug)]
pub enum Inherited {}

/// What cannot go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Misfit {}

/// Messages to nobody.
#[derive(Debug, Default)]
pub(super) struct Notices;

#[expect(clippy::unused_self, clippy::unused_async, reason = "as where somebody may hear them")]
impl Notices {
    pub(super) fn of_this_process() -> Self {
        Self
    }

    pub(super) fn are_heard(&self) -> bool {
        false
    }

    pub(super) async fn tell_of_reload(&self) {}

    pub(super) async fn tell(&self, _message: &str) {}
}

pub(super) fn watchdog() -> Option<Duration> {
    None
}

#[expect(clippy::unnecessary_wraps, reason = "as where something may be handed over")]
pub(super) fn take() -> Result<Vec<Inherited>, Misfit> {
    Ok(Vec::new())
}

#[expect(clippy::unnecessary_wraps, reason = "as where something may be handed over")]
pub(crate) fn main_place(_sockets: &[Inherited], _asked: Option<&Path>) -> Result<Option<PathBuf>, Misfit> {
    Ok(None)
}
