//! What a service manager says of the service, whichever manager it is.

use std::path::PathBuf;

use super::judge::{Placed, Present};

/// What was seen before anything is planned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The files that the service should have.
    pub(crate) files: Vec<Placed>,
    pub(crate) state: State,
    pub(crate) account: Account,
    /// What a person added beside our files; it stays.
    pub(crate) drop_ins: Vec<PathBuf>,
    /// Links that enabling made.
    pub(crate) links: Vec<PathBuf>,
    /// The lock beside the socket, where there is one; systemd keeps its directory when the service stops.
    pub(crate) lock: Option<PathBuf>,
    /// The unit file of a package that starts this very boxd: then there are no files of ours.
    pub(crate) packaged: Option<PathBuf>,
}

/// The service, as its manager sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or false by itself, and has a name")]
pub(crate) struct State {
    /// The manager has it: a unit file is found, the job is loaded, the task is registered.
    pub(crate) known: bool,
    /// What runs is not the boxd that is installed now.
    pub(crate) outdated: bool,
    /// Its files changed since the manager read them.
    pub(crate) stale: bool,
    /// It starts by itself.
    pub(crate) enabled: bool,
    pub(crate) activity: Activity,
    /// The manager holds the socket open; `None` where it has no such thing.
    pub(crate) listening: Option<bool>,
    pub(crate) pid: Option<u32>,
    /// Unix time of its start.
    pub(crate) since: Option<i64>,
    /// How the last run ended.
    pub(crate) last_exit: Option<i32>,
    /// Starts after a failure, since it was started by hand or at boot.
    pub(crate) restarts: Option<u32>,
    /// What boxd says of itself.
    pub(crate) words: String,
    /// What is started.
    pub(crate) program: Option<PathBuf>,
    /// The unit file in use, where it need not be ours.
    pub(crate) unit_file: Option<PathBuf>,
    /// It also runs while the user is not logged on; `None` where nobody can say.
    pub(crate) lingers: Option<bool>,
    /// launchd's domain.
    pub(crate) domain: String,
}

/// What it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Activity {
    #[default]
    Stopped,
    Starting,
    /// It ended with a failure, and the manager will start it again.
    Retrying,
    Running,
    Stopping,
    /// It ended with a failure, and the manager has given up.
    Failed,
}

/// The user and group that a system service runs as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Account {
    /// The service is the caller's own.
    #[default]
    NotNeeded,
    /// It exists; `gid` is the group of clients.
    Exists { gid: u32 },
    /// systemd-sysusers makes it.
    BySysusers,
    /// groupadd and useradd make it.
    ByUseradd,
    /// dscl makes it, with this number for both.
    ByDscl { id: u32 },
}

// === impl Seen ===

impl Seen {
    /// Whether there is anything of the service.
    pub(crate) fn is_installed(&self) -> bool {
        self.packaged.is_some() || self.files.iter().any(|placed| placed.present != Present::Absent)
    }
}

// === impl State ===

impl State {
    /// What the last run ended with, and what that means.
    pub(crate) fn last_end(&self) -> Option<String> {
        let code = self.last_exit?;
        let meaning = match code {
            // boxd's own.
            73 => ": another boxd has the store or the socket",
            78 => ": config or store need a person",
            // systemd's (systemd.exec(5), "Process Exit Codes").
            203 => ": boxd cannot be executed",
            217 => ": its user does not exist",
            200..=243 => ": systemd could not set its process up",
            _ => "",
        };
        Some(format!("exit status {code}{meaning}"))
    }
}

// === impl Activity ===

impl Activity {
    /// Whether it tried to run and could not.
    pub(crate) fn is_failing(self) -> bool {
        matches!(self, Self::Failed | Self::Retrying)
    }

    /// Whether there is a process, or will be one soon.
    pub(crate) fn is_up(self) -> bool {
        matches!(self, Self::Starting | Self::Retrying | Self::Running | Self::Stopping)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Retrying => "retrying",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
        }
    }
}
