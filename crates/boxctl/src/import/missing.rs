//! What is said where a tool's credentials are not where it usually keeps them.

use std::path::Path;

use crate::failure::Failure;

/// Nothing is there.
pub(super) fn missing(what: &str, places: &[impl AsRef<Path>], next_step: &str) -> Failure {
    let places: Vec<_> = places.iter().map(|place| place.as_ref().display().to_string()).collect();
    Failure::usage(format!("there is no {what}; looked for: {}", places.join(", ")), next_step)
}
