//! What clients are told where boxd itself does not pass a call or its answer on.

use boxd_proto::{Code, Problem};

use super::{body::Broken, headers::TooMany, progress::LONGEST_STANDSTILL, slots::Full, target::BadTarget};
use crate::{account_name::AccountName, peer::Peer};

/// The config does not allow it.
pub(crate) fn off() -> Problem {
    problem(
        Code::Denied,
        None,
        "calls to Box's API are not passed through".into(),
        "set `enabled = true` in the section [api] of the config file (`boxctl paths config`), then: boxctl reload",
    )
}

pub(super) fn as_another_user(account: &AccountName, peer: &Peer) -> Problem {
    problem(
        Code::Denied,
        Some(account),
        format!("{peer} may not make calls as other Box users"),
        "leave the header As-User out, or ask who runs boxd",
    )
}

pub(super) fn full(full: Full) -> Problem {
    let next_step = "try again in a second, or make fewer calls at once";
    let mut problem = problem(Code::Unavailable, None, full.to_string(), next_step);
    problem.retry_after_seconds = Some(1);
    problem
}

pub(crate) fn bad_target(error: BadTarget) -> Problem {
    let next_step = "name a path of Box's API, such as /2.0/users/me (uploads: /api/2.0/files/content)";
    problem(Code::BadRequest, None, error.to_string(), next_step)
}

pub(super) fn bad_method() -> Problem {
    problem(
        Code::MethodNotAllowed,
        None,
        "the method is not passed through".into(),
        "use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS",
    )
}

pub(super) fn too_many_headers(error: TooMany) -> Problem {
    problem(Code::BadRequest, None, format!("the call has {error}"), "send fewer")
}

pub(super) fn bad_header() -> Problem {
    let detail = "a header's name or value cannot be one (RFC 9110 section 5.5)".to_owned();
    problem(Code::BadRequest, None, detail, "send it as NAME: VALUE, without line breaks")
}

/// Nothing of the call has reached Box.
pub(super) fn unreachable(account: &AccountName, reason: &str) -> Problem {
    unavailable(account, format!("Box cannot be reached: {reason}"))
}

/// Something is wrong with the way to Box that a person must put right.
pub(super) fn unprepared(account: &AccountName, reason: String) -> Problem {
    problem(Code::ActionRequired, Some(account), reason, "put it right, then: boxctl reload")
}

/// It left, and no answer came.
pub(super) fn lost(account: &AccountName, reason: &str, may_repeat: bool) -> Problem {
    if may_repeat {
        return unavailable(account, format!("no answer from Box: {reason}"));
    }
    problem(
        Code::Internal,
        Some(account),
        format!("no answer from Box: {reason}; whether it did what was asked is not known"),
        "look at Box whether it was done, before you repeat the call",
    )
}

pub(super) fn standstill() -> String {
    format!("nothing moved for {} s", LONGEST_STANDSTILL.as_secs())
}

/// An answer that is none, or that cannot be passed on.
pub(super) fn unfit(account: &AccountName, what: String) -> Problem {
    let next_step = "try again later; if it stays so, ask Box's API without boxd";
    problem(Code::Internal, Some(account), what, next_step)
}

/// The answer has begun, but its rest will not come.
pub(super) fn broken(broken: &Broken) -> Problem {
    problem(Code::Internal, None, broken.to_string(), "what came of it is not whole: try again")
}

fn unavailable(account: &AccountName, detail: String) -> Problem {
    let mut problem =
        problem(Code::Unavailable, Some(account), detail, "check the network and the proxy, then try again");
    problem.retry_after_seconds = Some(1);
    problem
}

fn problem(code: Code, account: Option<&AccountName>, detail: String, next_step: &str) -> Problem {
    Problem {
        code,
        detail,
        account: account.map(|name| name.as_str().to_owned()),
        next_step: next_step.to_owned(),
        retry_after_seconds: None,
    }
}
