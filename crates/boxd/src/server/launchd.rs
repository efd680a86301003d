//! macOS: the socket that launchd listens on for the daemon.

use boxd_os::macos::{NotActivated, sockets};

use super::{bind_error::BindError, listener::Listener};

/// Its name under `Sockets` in the plist.
const NAME: &str = "Listeners";

/// Takes it over; `None` where launchd did not start this process, or has no such socket for it.
///
/// Must be called within a tokio runtime.
pub fn inherited() -> Result<Option<Listener>, BindError> {
    match sockets(NAME) {
        Ok(sockets) => match <[_; 1]>::try_from(sockets) {
            Ok([socket]) => Listener::inherited(socket).map(Some),
            // None, or one for each address: a socket with a path is one.
            Err(_) => Err(BindError::NotListening),
        },
        Err(NotActivated::NotAsked) => Ok(None),
        Err(NotActivated::Failed(error)) => Err(BindError::Inherited(error)),
    }
}
