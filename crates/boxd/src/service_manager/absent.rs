//! Windows: nothing starts boxd that hands sockets over or wants to be told how it goes.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
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

impl Notices {
    pub(super) fn to(_address: Option<OsString>) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "as where somebody may hear them")]
    pub(super) fn are_heard(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, clippy::unused_async, reason = "as where somebody may hear them")]
    pub(super) async fn tell(&self, _message: &str) {}
}

pub(super) fn take() -> Result<Vec<Inherited>, Misfit> {
    Ok(Vec::new())
}

pub(crate) fn main_place(_sockets: &[Inherited], _asked: Option<&Path>) -> Result<Option<PathBuf>, Misfit> {
    Ok(None)
}
