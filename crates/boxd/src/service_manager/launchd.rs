//! macOS: the socket that launchd listens on for the daemon (`launch_activate_socket(3)`).

use boxd_os::macos::{NotActivated, sockets};

use super::inherited::{Inherited, Misfit, path_of};

/// Its name under `Sockets` in the plist.
const NAME: &str = "Listeners";

/// Takes it over; none where launchd did not start this process, or has no such socket for it.
pub(super) fn take() -> Result<Vec<Inherited>, Misfit> {
    match sockets(NAME) {
        Ok(sockets) => {
            let inherited = |fd| Inherited { path: path_of(&fd), fd, name: "boxd".to_owned() };
            Ok(sockets.into_iter().map(inherited).collect())
        }
        Err(NotActivated::NotAsked) => Ok(Vec::new()),
        Err(NotActivated::Failed(error)) => Err(Misfit::Variables(error)),
    }
}
