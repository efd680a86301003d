//! Why a command failed, for a person, for `--json` and as an exit status.

use boxd_client::{Code, Error, Problem};
use serde_json::Value;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) problem: Problem,
    /// The problem was told already, or is told by the output itself (`status`).
    pub(crate) silent: bool,
    /// Box's own answer was an error: its status, for `boxctl api` alone.
    pub(crate) answered: Option<u16>,
}

impl Failure {
    /// The command line makes no sense.
    pub(crate) fn usage(detail: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self::of(Code::BadRequest, detail, next_step)
    }

    /// Anything else of our own.
    pub(crate) fn of(code: Code, detail: impl Into<String>, next_step: impl Into<String>) -> Self {
        let problem = Problem {
            code,
            detail: detail.into(),
            account: None,
            next_step: next_step.into(),
            retry_after_seconds: None,
        };
        Self { problem, silent: false, answered: None }
    }

    /// What Box said no to, as `boxctl api` tells it: no failure of boxd's.
    pub(crate) fn at_box(status: u16, detail: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { answered: Some(status), ..Self::of(Code::Internal, detail, next_step) }
    }

    /// The problem as `--json` shows it.
    pub(crate) fn to_json(&self) -> Value {
        let mut json = boxd_json::problem(&self.problem);
        if let (Some(status), Some(members)) = (self.answered, json.as_object_mut()) {
            members.insert("title".into(), "box error".into());
            members.insert("code".into(), "box_error".into());
            members.insert("status".into(), status.into());
        }
        json
    }

    /// Only an exit status: the output has told the rest.
    pub(crate) fn told(code: Code) -> Self {
        Self { silent: true, ..Self::of(code, "", "") }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Problem(problem) => Self { problem, silent: false, answered: None },
            other => Self::of(other.code(), other.to_string(), other.next_step()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::of(
            Code::Internal,
            format!("the output could not be written: {error}"),
            "check where it goes to",
        )
    }
}
