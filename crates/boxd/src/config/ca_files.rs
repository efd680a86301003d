//! The certificate files that the config names, and whether they can be used.

use std::path::{Path, PathBuf};

use super::{Config, ConfigError, error::Place};
use crate::box_api;

/// A `ca_file` key.
#[derive(Clone, Debug)]
pub(super) struct CaFileKey {
    pub(super) at: Place,
    pub(super) path: PathBuf,
}

impl Config {
    /// Whether every `ca_file` holds certificates. [`Config::load`] does not look: a daemon that starts while a
    /// disk is missing still serves the tokens that it has. It reads files.
    ///
    /// # Errors
    /// For the first one that does not, with its place and the next step.
    pub fn check_ca_files(&self) -> Result<(), ConfigError> {
        self.unusable_ca_files().next().map_or(Ok(()), Err)
    }

    /// What is wrong with each `ca_file` that cannot be used.
    pub(crate) fn unusable_ca_files(&self) -> impl Iterator<Item = ConfigError> + '_ {
        self.ca_files.iter().filter_map(|CaFileKey { at, path }| {
            let error = box_api::certificates_in(path).err()?;
            Some(ConfigError::Invalid { at: at.clone(), reason: error.to_string() })
        })
    }

    /// Whether a `ca_file` key of this config names the file; else it came with a stored account.
    pub(crate) fn names_ca_file(&self, path: &Path) -> bool {
        self.ca_files.iter().any(|key| key.path == path)
    }
}
