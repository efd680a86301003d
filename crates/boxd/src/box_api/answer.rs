//! What the answers of the token endpoint have in common (RFC 6749 section 5).

use std::time::Duration;

use boxd_engine::Reply;
use serde::Deserialize;

/// Longest text of Box that is told, in characters.
const TOLD: usize = 200;

/// An OAuth error (RFC 6749 section 5.2).
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
    #[serde(default)]
    error_description: Option<String>,
}

impl Refusal {
    /// The error in an answer; none where the body is not one of Box's own.
    pub(super) fn of(reply: &Reply) -> Option<Self> {
        serde_json::from_slice(&reply.body).ok()
    }

    pub(super) fn description(&self) -> &str {
        self.error_description.as_deref().unwrap_or_default()
    }

    /// Error and description, fit for a line of text.
    pub(super) fn told(&self) -> String {
        match self.description() {
            "" => printable(&self.error, TOLD),
            description => printable(&format!("{}: {description}", self.error), TOLD),
        }
    }
}

/// A text of somebody else, made fit for a line: bounded, and without control characters.
pub(super) fn printable(text: &str, most: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
}

/// Where a body cannot be read: serde's own text could quote it.
pub(super) fn unreadable(error: &serde_json::Error) -> String {
    format!("an unreadable answer (line {}, column {})", error.line(), error.column())
}

/// The wait that was asked for, as words: ` for 7 s`, or nothing.
pub(super) fn wait(retry_after: Option<Duration>) -> String {
    retry_after.map(|wait| format!(" for {} s", wait.as_secs())).unwrap_or_default()
}
