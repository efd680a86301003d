//! What can be wrong with a configuration; every error names the place.

use std::{fmt, io, path::PathBuf};

use super::exposure::Exposure;
use crate::account_name::AccountName;

/// A key in a config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The key with the tables around it, such as `accounts.work.client_id`.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: `{}`", self.file.display(), self.line, self.key)
    }
}

/// Why a configuration is refused (exit code 78, `EX_CONFIG` of sysexits.h). It never quotes a value that
/// may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read; a default file that does not exist is no error.
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Others can read a secret in it, or could take over what boxd keeps by writing it.
    #[error("{}: {exposure}; {}", file.display(), exposure.remedy(file))]
    Exposed {
        /// The file.
        file: PathBuf,
        /// What others can do.
        exposure: Exposure,
    },
    /// No TOML.
    #[error("{}:{line}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The parser's reason.
        reason: String,
    },
    /// A key that boxd does not know.
    #[error("{at}: unknown key{}", nearest.as_ref().map(|key| format!("; did you mean `{key}`?")).unwrap_or_default())]
    UnknownKey {
        /// Where.
        at: Place,
        /// The most similar key that is known here.
        nearest: Option<String>,
    },
    /// A key or value that only other versions of boxd know.
    #[error("{at}: {what} is not supported by this version of boxd")]
    NotSupported {
        /// Where.
        at: Place,
        /// The key or value.
        what: String,
    },
    /// A value of another type.
    #[error("{at}: expected {expected}, found {found}")]
    WrongType {
        /// Where.
        at: Place,
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A value that makes no sense.
    #[error("{at}: {reason}")]
    Invalid {
        /// Where.
        at: Place,
        /// Why.
        reason: String,
    },
    /// The endpoint settings that an account brought along make no sense.
    #[error("account {account}: its stored endpoint settings are unusable: {reason}")]
    Registration {
        /// The account.
        account: AccountName,
        /// Why.
        reason: String,
    },
}
