//! Why no socket can be had, with what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the daemon cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The system takes no path of this length.
    #[error(
        "the socket path {} has {length} bytes, but this system takes at most {most}; choose a shorter one with \
         --socket PATH or BOXD_SOCKET",
        path.display()
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
        /// The longest possible.
        most: usize,
    },
    /// Somebody else could put a socket of their own in place of ours.
    #[cfg(unix)]
    #[error(
        "the socket's directory {} (owner uid {owner}, mode {mode:04o}) must belong to uid {} and be writable by \
         nobody else; run: chmod go-w '{}', as its owner, or choose another place with --socket PATH",
        directory.display(), rustix::process::geteuid().as_raw(), directory.display()
    )]
    UnsafeDirectory {
        /// The directory.
        directory: PathBuf,
        /// Its owner.
        owner: u32,
        /// Its permission bits.
        mode: u32,
    },
    /// Another daemon serves there, or is about to.
    #[error(
        "another boxd already serves on {}; use that one, stop it, or choose another place with --socket PATH",
        path.display()
    )]
    AlreadyRunning {
        /// The socket.
        path: PathBuf,
    },
    /// Windows: another program has the pipe's name.
    #[cfg(windows)]
    #[error(
        "another program has the pipe {}: a boxd that already serves, which you then use or stop, or somebody who takes \
         boxd's place; or choose another name with --socket",
        path.display()
    )]
    Taken {
        /// The pipe.
        path: PathBuf,
    },
    /// Something else has the socket's name.
    #[cfg(unix)]
    #[error(
        "{} exists and is not a socket, so boxd leaves it alone; move it away, or choose another place with \
         --socket PATH",
        path.display()
    )]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// The inherited descriptor cannot be served on.
    #[cfg(unix)]
    #[error("the inherited file descriptor is not a listening unix stream socket; check the .socket unit")]
    NotListening,
    /// The inherited descriptor cannot be used.
    #[cfg(unix)]
    #[error("the inherited socket cannot be used: {0}; check the .socket unit")]
    Inherited(#[source] io::Error),
    /// The system refuses.
    #[error("cannot {action} {}: {error}{}", path.display(), remedy(path, error))]
    System {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        #[source]
        error: io::Error,
    },
}

// === impl BindError ===

impl BindError {
    /// Whether another daemon is in the way, as opposed to something that a person must repair.
    pub fn is_already_running(&self) -> bool {
        #[cfg(windows)]
        if matches!(self, Self::Taken { .. }) {
            return true;
        }
        matches!(self, Self::AlreadyRunning { .. })
    }

    pub(super) fn system(action: &'static str, path: &Path, error: io::Error) -> Self {
        Self::System { action, path: path.to_owned(), error }
    }
}

/// What to do where boxd's own service may not write.
fn remedy(path: &Path, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::ReadOnlyFilesystem {
        return String::new();
    }
    let place = path.ancestors().skip(1).find(|directory| directory.exists()).unwrap_or(path);
    format!(
        "; where the sandbox of the service forbids it, allow that place: [Service] ReadWritePaths={} in \
         `systemctl edit boxd.service` (of your own service: `systemctl --user edit boxd.service`), then restart it",
        place.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_that_forbids_the_place_is_told_with_its_remedy() {
        let refused = |kind: io::ErrorKind| {
            BindError::system("make the directory", Path::new("/srv-not-here/agent"), kind.into()).to_string()
        };
        let told = refused(io::ErrorKind::ReadOnlyFilesystem);
        assert!(told.contains("ReadWritePaths=/ "), "{told}");
        assert!(!refused(io::ErrorKind::PermissionDenied).contains("ReadWritePaths"));
    }
}
