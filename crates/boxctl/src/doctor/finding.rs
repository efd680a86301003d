//! What a check found.

/// How it stands, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Not looked at: it does not apply here, or there is no way to know.
    Skipped,
    /// In order.
    Ok,
    /// It works, but a person should know.
    Warn,
    /// It does not work, or is not safe.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The stable name of the check.
    pub(super) check: &'static str,
    /// How it stands.
    pub(super) state: State,
    /// What was seen.
    pub(super) evidence: String,
    /// What to do about it: a command, or where to look.
    pub(super) remedy: Option<String>,
}

impl State {
    /// The stable name that scripts see.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

impl Finding {
    pub(super) fn ok(check: &'static str, evidence: impl Into<String>) -> Self {
        Self { check, state: State::Ok, evidence: evidence.into(), remedy: None }
    }

    pub(super) fn warn(check: &'static str, evidence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Warn, evidence: evidence.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn fail(check: &'static str, evidence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Fail, evidence: evidence.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn skipped(check: &'static str, reason: impl Into<String>) -> Self {
        Self { check, state: State::Skipped, evidence: reason.into(), remedy: None }
    }
}
