//! Where the daemon's socket is: the only place that knows its paths.

#[cfg(windows)]
mod pipe;

use std::path::{Path, PathBuf};

/// The socket of the system service. macOS has no `/run`, and its `/var/run` is empty after each boot. (On Windows there is
/// none.)
pub const SYSTEM_SOCKET: &str =
    if cfg!(target_os = "macos") { "/var/run/boxd.sock" } else { "/run/boxd/boxd.sock" };

/// Most bytes of a socket's path, the final NUL included (`sun_path` in unix(7); macOS has 104; a pipe's name on
/// Windows has 256 characters at most).
pub const LONGEST_PATH: usize = if cfg!(target_os = "linux") {
    108
} else if cfg!(windows) {
    257
} else {
    104
};

/// What decides where the socket is, besides flags.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `$BOXD_SOCKET`.
    pub socket: Option<PathBuf>,
    /// `$BOXD_STATE_DIR`.
    pub state_dir: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// `/run/user/UID`, where it exists and is ours, and no variable above says more.
    pub run_user: Option<PathBuf>,
    /// Where the platform has its programs keep state: `$XDG_STATE_HOME` or `~/.local/state`, on macOS
    /// `~/Library/Application Support`.
    pub state_home: Option<PathBuf>,
    /// Windows: this user's own pipe.
    pub pipe: Option<PathBuf>,
}

/// There is no usable place for the socket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No variable says where.
    #[error(
        "no place for the socket: neither --socket, BOXD_SOCKET, XDG_RUNTIME_DIR nor HOME is set; name one with \
         --socket PATH"
    )]
    Nowhere,
    /// The system takes no path of this length for a socket.
    #[error(
        "the socket path {path} has {length} bytes, but this system takes at most {most}; choose a shorter one with \
         --socket PATH or BOXD_SOCKET"
    )]
    TooLong {
        /// The path.
        path: String,
        /// Its length.
        length: usize,
        /// The longest possible.
        most: usize,
    },
    /// On Windows it is no pipe of this machine.
    #[error(r"{path} is not the name of a pipe on this machine; on Windows the socket is one, such as \\.\pipe\boxd-work")]
    NotAPipe {
        /// The name.
        path: String,
    },
    /// Windows has no system service of boxd.
    #[error("there is no system service of boxd on Windows; leave --system out")]
    NoSystemService,
}

impl Environment {
    /// As this process sees it.
    pub fn of_this_process() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let absolute = |path: PathBuf| path.is_absolute().then_some(path);
        let mut found = Self {
            socket: path("BOXD_SOCKET"),
            state_dir: path("BOXD_STATE_DIR"),
            runtime_dir: path("XDG_RUNTIME_DIR").and_then(absolute),
            run_user: None,
            state_home: if cfg!(target_os = "macos") {
                path("HOME").map(|home| home.join("Library/Application Support"))
            } else {
                path("XDG_STATE_HOME").and_then(absolute).or_else(|| Some(path("HOME")?.join(".local/state")))
            },
            pipe: own_pipe(),
        };
        // The only one that costs system calls: looked for where nothing before it says where.
        if found.socket.is_none() && found.state_dir.is_none() && found.runtime_dir.is_none() {
            found.run_user = run_user();
        }
        found
    }

    /// The socket that a daemon of this user serves on. Flags win over variables, variables over defaults.
    pub fn server_socket(
        &self,
        socket: Option<&Path>,
        state_dir: Option<&Path>,
    ) -> Result<PathBuf, EndpointError> {
        let own = socket.map(PathBuf::from).or_else(|| {
            match state_dir {
                // A flag beats every variable.
                Some(dir) => Some(in_state_dir(dir)),
                None => self
                    .socket
                    .clone()
                    .or_else(|| self.state_dir.as_deref().map(in_state_dir))
                    .or_else(|| self.in_runtime_dir())
                    .or_else(|| self.by_default()),
            }
        });
        fitting(own.ok_or(EndpointError::Nowhere)?)
    }

    /// The socket that a client should use: the user's own daemon, or the system's where the user has none. A daemon that was
    /// started without a runtime directory (in a container, by cron) is found too by those that have one.
    ///
    /// `system` asks for the system's; `exists` tells whether a path is there.
    pub fn client_socket(
        &self,
        socket: Option<&Path>,
        state_dir: Option<&Path>,
        system: bool,
        exists: impl Fn(&Path) -> bool,
    ) -> Result<PathBuf, EndpointError> {
        if cfg!(windows) {
            // To look whether a pipe exists would be to connect to it.
            return if system {
                Err(EndpointError::NoSystemService)
            } else {
                self.server_socket(socket, state_dir)
            };
        }
        if system {
            return Ok(PathBuf::from(SYSTEM_SOCKET));
        }
        let explicit =
            socket.is_some() || state_dir.is_some() || self.socket.is_some() || self.state_dir.is_some();
        let own = self.server_socket(socket, state_dir);
        if explicit || own.as_deref().is_ok_and(&exists) {
            return own;
        }
        let others = [self.by_default(), Some(PathBuf::from(SYSTEM_SOCKET))];
        others.into_iter().flatten().find(|other| exists(other)).map_or(own, fitting)
    }

    /// Where no variable says where.
    fn by_default(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self.pipe.clone();
        }
        Some(self.state_home.as_ref()?.join("boxd/boxd.sock"))
    }

    fn in_runtime_dir(&self) -> Option<PathBuf> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let dir = self.runtime_dir.as_ref().or(self.run_user.as_ref())?;
        Some(dir.join("boxd/boxd.sock"))
    }
}

/// The socket of a daemon with a state directory of its own.
#[cfg(not(windows))]
fn in_state_dir(dir: &Path) -> PathBuf {
    dir.join("boxd.sock")
}

#[cfg(windows)]
use pipe::{of_state_dir as in_state_dir, own_pipe, refuse_other_than_pipes};

#[cfg(not(windows))]
fn own_pipe() -> Option<PathBuf> {
    None
}

fn fitting(path: PathBuf) -> Result<PathBuf, EndpointError> {
    #[cfg(windows)]
    refuse_other_than_pipes(&path)?;
    let length = path.as_os_str().len();
    if length < LONGEST_PATH {
        return Ok(path);
    }
    Err(EndpointError::TooLong { path: path.display().to_string(), length, most: LONGEST_PATH - 1 })
}

/// `/run/user/UID` for cron jobs and su, where the variable is not set.
#[cfg(unix)]
fn run_user() -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt as _;
    let uid = rustix::process::getuid().as_raw();
    let dir = PathBuf::from(format!("/run/user/{uid}"));
    let meta = std::fs::symlink_metadata(&dir).ok()?;
    (meta.is_dir() && meta.uid() == uid).then_some(dir)
}

#[cfg(not(unix))]
fn run_user() -> Option<PathBuf> {
    None
}
