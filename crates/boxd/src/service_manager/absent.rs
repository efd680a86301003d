//! Windows: nothing starts boxd that hands sockets over or wants to be told how it goes.

use std::path::{Path, PathBuf};

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
    #[expect(clippy::unused_self, reason = "as where somebody may hear them")]
    pub(super) fn are_heard(&self) -> bool {
        false
    }

    #[expect(clippy::unused_async, reason = "as where somebody may hear them")]
    pub(super) async fn tell_of_reload(&self) {}

    #[expect(clippy::unused_async, reason = "as where somebody may hear them")]
    pub(super) async fn tell(&self, _message: &str) {}
}

#[expect(clippy::unnecessary_wraps, reason = "as where sockets may be handed over")]
pub(crate) fn main_place(_sockets: &[Inherited], _asked: Option<&Path>) -> Result<Option<PathBuf>, Misfit> {
    Ok(None)
}
