//! What can go wrong between a program and the daemon.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use boxd_proto::{Code, DecodeError, EncodeError, NotNative, Problem, endpoint::EndpointError};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody answers at the socket, or not in time.
    #[error("boxd cannot be reached at {}: {reason}", socket.display())]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// Where the socket is cannot be said.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The process behind the socket is not trusted; nothing was sent to it.
    #[error("the server at {} {}", socket.display(), stranger(*uid))]
    Untrusted {
        /// The socket.
        socket: PathBuf,
        /// Who serves there; on Windows the last part of its SID, `u32::MAX` where the system does not tell.
        uid: u32,
    },
    /// No common protocol version.
    #[error("boxd speaks protocol versions {min} to {max}, this program only {}", boxd_proto::VERSION)]
    VersionMismatch {
        /// The daemon's lowest.
        min: u8,
        /// The daemon's highest.
        max: u8,
    },
    /// What answers does not follow the protocol.
    #[error("the server does not follow boxd's protocol: {0}")]
    Protocol(String),
    /// The body of a call could not be read to its end; the call was cancelled.
    #[error("the body could not be read: {0}")]
    Body(std::io::Error),
    /// The daemon answered with a problem.
    #[error(transparent)]
    Problem(#[from] Problem),
}

fn stranger(uid: u32) -> String {
    if cfg!(windows) {
        return "is run by another user; nothing was sent to it".into();
    }
    format!(
        "runs as uid {uid}, which is neither you, root, nor the owner of a directory that only it can write"
    )
}

impl Error {
    /// A connection that failed, in words that say what it means here.
    pub(crate) fn unreachable(socket: &Path, reason: io::Error) -> Self {
        let reason = match reason.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                io::Error::new(io::ErrorKind::TimedOut, "it did not answer in time")
            }
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection without an answer")
            }
            _ => reason,
        };
        Self::Unreachable { socket: socket.to_owned(), reason }
    }

    /// What answered does not begin as boxd does.
    pub(crate) fn not_boxd(error: NotNative) -> Self {
        Self::Protocol(error.to_string())
    }

    /// Whether no daemon serves at the socket, as opposed to one that does not answer or may not be asked.
    pub fn is_nobody_there(&self) -> bool {
        use io::ErrorKind::{ConnectionRefused, NotFound};
        matches!(self, Self::Unreachable { reason, .. } if matches!(reason.kind(), NotFound | ConnectionRefused))
    }

    /// The code by which scripts know it.
    pub fn code(&self) -> Code {
        match self {
            Self::Unreachable { .. } | Self::Endpoint(_) => Code::Unreachable,
            Self::Untrusted { .. } => Code::Denied,
            Self::VersionMismatch { .. } => Code::VersionMismatch,
            Self::Protocol(_) | Self::Body(_) => Code::Internal,
            Self::Problem(problem) => problem.code,
        }
    }

    /// Whether the same call may succeed later without anybody doing anything about it: the daemon is away or busy, or
    /// has no valid token right now.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { reason, .. } => reason.kind() != io::ErrorKind::PermissionDenied,
            Self::Problem(problem) => matches!(problem.code, Code::Unavailable | Code::TooManyConnections),
            _ => false,
        }
    }

    /// After how long the daemon expects that trying again may help, where it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Problem(problem) => problem.retry_after_seconds.map(|s| Duration::from_secs(s.into())),
            _ => None,
        }
    }

    /// What a person can do about it.
    pub fn next_step(&self) -> String {
        match self {
            Self::Unreachable { reason, .. } if reason.kind() == io::ErrorKind::PermissionDenied => {
                "ask the owner of that socket for access, or name another with --socket PATH".into()
            }
            Self::Unreachable { .. } if !self.is_nobody_there() => {
                "see in boxd's log what keeps it, or restart it; then try again".into()
            }
            Self::Unreachable { .. } => {
                "start the daemon: `boxctl service start`, for the first time `boxctl service install`, or `boxd` in a terminal".into()
            }
            Self::Endpoint(_) => "name the socket with --socket PATH".into(),
            Self::Untrusted { .. } => "check who created that socket, or name another with --socket PATH".into(),
            Self::VersionMismatch { .. } => "install boxd and boxctl of the same version".into(),
            Self::Protocol(_) => "check that the socket belongs to boxd, and that both are of the same version".into(),
            Self::Body(_) => "check where the body comes from".into(),
            Self::Problem(problem) => problem.next_step.clone(),
        }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Protocol(error.to_string())
    }
}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        Self::Problem(Problem {
            code: Code::BadRequest,
            detail: error.to_string(),
            account: None,
            next_step: "send less".into(),
            retry_after_seconds: None,
        })
    }
}
