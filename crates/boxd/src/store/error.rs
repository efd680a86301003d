//! Why the store cannot be opened, each with the next step.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the store cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another daemon holds the state directory.
    #[error(
        "another boxd{} already uses the state directory {}: stop it, or give this one another --state-dir",
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), .path.display()
    )]
    Locked {
        /// The state directory.
        path: PathBuf,
        /// Who holds it, where that is known.
        pid: Option<u32>,
    },
    /// Others could read or change what is in it.
    #[error("{} is not safe for secrets: {why}", .path.display())]
    Insecure {
        /// File or directory.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// Locks and syncs are not to be relied on there.
    #[error(
        "{} is on a network file system ({kind}), where a second machine could spend the same grant: use a \
         local --state-dir, or allow it with --allow-network-fs", .path.display()
    )]
    NetworkFileSystem {
        /// The state directory.
        path: PathBuf,
        /// Name of the file system.
        kind: &'static str,
    },
    /// There are sealed grants, but no key.
    #[error(
        "the sealing key ({key}) is missing, but there are sealed grants in {}: put the key back, or move \
         that directory away and log in again", .accounts.display()
    )]
    KeyMissing {
        /// Where it was looked for.
        key: String,
        /// Where the grants are.
        accounts: PathBuf,
    },
    /// There is a key, but it cannot be used.
    #[error("the sealing key ({place}) cannot be used: {why}; put the right one back")]
    KeyUnusable {
        /// Its place.
        place: String,
        /// Why.
        why: String,
    },
    /// Every grant is sealed with another key.
    #[error(
        "the grants in {} were sealed with another key than {key}: put the right key back, or move that \
         directory away and log in again", .accounts.display()
    )]
    OtherKey {
        /// The key in use.
        key: String,
        /// Where the grants are.
        accounts: PathBuf,
    },
    /// A key is to come from where none can be had.
    #[error("there is no sealing key in the {source_name} that [store] in the config asks for: {why}")]
    NoSource {
        /// Name of the source.
        source_name: &'static str,
        /// Why, and the next step.
        why: String,
    },
    /// The note that names the keys cannot be used.
    #[error("the note of the sealing keys {} cannot be used: {why}", .path.display())]
    Register {
        /// Its place.
        path: PathBuf,
        /// Why, and the next step.
        why: String,
    },
    /// A newer boxd has written here.
    #[error(
        "boxd {writer} has written the grant of the account {account} in format {version}, but this boxd ({}) reads up \
         to format {}: start that version or a newer one; nothing was touched",
        env!("CARGO_PKG_VERSION"), super::format::VERSION
    )]
    NewerFormat {
        /// Whose grant.
        account: String,
        /// Format version of its file.
        version: u8,
        /// Version of the boxd that wrote it.
        writer: String,
    },
    /// The system refused something.
    #[error("cannot {action} ({}): {source}{}", .path.display(), remedy(.source))]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl OpenError {
    /// Another daemon is at work here: `boxd` exits with status 73.
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }

    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_path_buf(), source }
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => {
            "; give another --state-dir, or, where a service's sandbox forbids it, allow that place: \
             ReadWritePaths= in `systemctl edit boxd.service`, for your own service with --user"
        }
        _ => "",
    }
}
