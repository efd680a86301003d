//! A secret that the config refers to: whether it can be read.

use super::Report;
use crate::config::{EffectiveSecret, Kept, SecretError};

/// What came of reading a secret.
pub(super) enum Read<S> {
    Secret(S),
    Unreadable,
    Unknown,
}

/// Reads a secret and says where it is, never what it is.
pub(super) fn read<S: Kept + Clone>(what: &str, secret: &EffectiveSecret<S>, report: &mut Report) -> Read<S> {
    let origin = match secret {
        EffectiveSecret::Source(source) => source.to_string(),
        EffectiveSecret::Stored(_) => "the sealed store".to_owned(),
        EffectiveSecret::Unknown => return Read::Unknown,
    };
    match secret.clone().read() {
        Ok(Some(secret)) => {
            report.line(what, format!("from {origin}: read"));
            Read::Secret(secret)
        }
        Ok(None) => Read::Unknown,
        // A service may have what this shell has not.
        Err(error @ SecretError::NotSet(_)) => {
            report.line(what, format!("from {origin}: cannot be seen from here, {error}"));
            Read::Unreadable
        }
        Err(error) => {
            report.line(what, format!("from {origin}: cannot be read"));
            report.fault(format!("{what}: {error}"));
            Read::Unreadable
        }
    }
}
