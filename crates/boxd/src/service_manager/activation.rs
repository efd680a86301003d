//! The socket that systemd listened on before boxd was there (`sd_listen_fds(3)`).

use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use crate::platform;

/// A listening socket of the service manager.
#[derive(Debug)]
pub(crate) struct Inherited {
    pub(crate) descriptor: OwnedFd,
    /// Where clients find it.
    pub(crate) path: PathBuf,
}

/// What was handed over cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// The variables or descriptors are not what systemd passes.
    #[error("the sockets that the service manager handed over cannot be taken: {0}; check the .socket unit")]
    Unusable(#[from] io::Error),
    /// boxd serves on one socket.
    #[error("the service manager handed {0} sockets over, but boxd serves on one: check the .socket unit")]
    TooMany(usize),
    /// It has no path.
    #[error(
        "the socket that the service manager handed over is no unix socket with a path; check ListenStream= of the \
         .socket unit"
    )]
    NoPath,
    /// Two places were named.
    #[error(
        "the service manager listens on {}, but --socket, BOXD_SOCKET, --state-dir or BOXD_STATE_DIR asks for {}: \
         leave these out, or change ListenStream= of the .socket unit",
        handed_over.display(), asked_for.display()
    )]
    Elsewhere {
        /// The socket that is there.
        handed_over: PathBuf,
        /// The one that was named.
        asked_for: PathBuf,
    },
}

/// The socket that was handed over, if any; `asked_for` is where a flag or a variable wants it. Called once, at start.
pub(crate) fn inherited_socket(asked_for: Option<&Path>) -> Result<Option<Inherited>, ActivationError> {
    let mut descriptors = platform::inherited_descriptors()?;
    let found = descriptors.len();
    let Some(descriptor) = descriptors.pop() else { return Ok(None) };
    if found > 1 {
        return Err(ActivationError::TooMany(found));
    }
    let path = path_of(&descriptor)?;
    match asked_for {
        Some(asked_for) if asked_for != path => {
            Err(ActivationError::Elsewhere { handed_over: path, asked_for: asked_for.to_owned() })
        }
        _ => Ok(Some(Inherited { descriptor, path })),
    }
}

fn path_of(descriptor: &OwnedFd) -> Result<PathBuf, ActivationError> {
    use std::os::unix::ffi::OsStringExt as _;
    let address = rustix::net::getsockname(descriptor).map_err(io::Error::from)?;
    let address =
        rustix::net::SocketAddrUnix::try_from(address).map_err(|_foreign| ActivationError::NoPath)?;
    let path = address.path().ok_or(ActivationError::NoPath)?;
    Ok(PathBuf::from(std::ffi::OsString::from_vec(path.to_bytes().to_vec())))
}
