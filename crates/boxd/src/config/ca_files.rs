//! The certificate files that the config names, and whether they can be used.

use std::path::PathBuf;

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
        for CaFileKey { at, path } in &self.ca_files {
            box_api::certificates_in(path)
                .map_err(|error| ConfigError::Invalid { at: at.clone(), reason: error.to_string() })?;
        }
        Ok(())
    }
}
