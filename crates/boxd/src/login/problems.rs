//! How a login fails, as its client is told.

use std::{io, time::Duration};

use boxd_proto::{Code, Problem};

use crate::account_name::AccountName;

/// The person said no, or Box did for them.
pub(super) fn denied(account: &AccountName) -> Problem {
    login_required(account, "access was denied in the browser".into())
}

/// Box sent the browser back with another error (RFC 6749 section 4.1.2.1).
pub(super) fn refused_by_box(account: &AccountName, error: &str, description: Option<&str>) -> Problem {
    let detail = match description {
        Some(description) => format!("Box did not log the person in: {error} ({description})"),
        None => format!("Box did not log the person in: {error}"),
    };
    problem(
        Code::ActionRequired,
        account,
        detail,
        format!("check the app in Box's developer console, then: boxctl login {account}"),
    )
}

/// Nobody consented in time.
pub(super) fn expired(account: &AccountName, lifetime: Duration) -> Problem {
    login_required(account, format!("nobody consented within {} seconds", lifetime.as_secs()))
}

/// A newer login took its place.
pub(super) fn replaced(account: &AccountName) -> Problem {
    login_required(account, "a newer login of this account took its place".into())
}

/// Its client ended it, or went away.
pub(super) fn cancelled(account: &AccountName) -> Problem {
    login_required(account, "the login was cancelled".into())
}

/// The daemon ends.
pub(super) fn shutting_down(account: &AccountName) -> Problem {
    problem(
        Code::Unavailable,
        account,
        "boxd ends, and the login with it".into(),
        format!("once boxd runs again: boxctl login {account}"),
    )
}

/// A login of this account is being completed.
pub(super) fn busy(account: &AccountName) -> Problem {
    let detail = "a login of this account is being completed at this moment".into();
    let mut problem = problem(Code::Unavailable, account, detail, "try again in a moment".into());
    problem.retry_after_seconds = Some(5);
    problem
}

/// More logins than anybody can look after.
pub(super) fn too_many(account: &AccountName, most: usize) -> Problem {
    let detail = format!("{most} logins wait already");
    let mut problem =
        problem(Code::Unavailable, account, detail, "finish one of them, or end it with Ctrl-C".into());
    problem.retry_after_seconds = Some(60);
    problem
}

/// The listener cannot listen.
pub(super) fn not_listening(account: &AccountName, fixed: Option<u16>, error: &io::Error) -> Problem {
    let (at, next_step) = match fixed {
        Some(port) => (
            format!("port {port} of the loopback address"),
            "end what uses that port, or choose another one with --port PORT".to_owned(),
        ),
        None => ("the loopback address".to_owned(), "check this machine's loopback interface".to_owned()),
    };
    problem(Code::BadRequest, account, format!("boxd cannot listen on {at}: {error}"), next_step)
}

/// The system gives no random numbers, or a task of ours died.
pub(super) fn internal(account: &AccountName, detail: String) -> Problem {
    problem(Code::Internal, account, detail, "see boxd's log".into())
}

/// There is no login of this id any more.
pub(super) fn no_such_login() -> Problem {
    Problem {
        code: Code::BadRequest,
        detail: "there is no such login, or it has ended".into(),
        account: None,
        next_step: "begin a new one: boxctl login".into(),
        retry_after_seconds: None,
    }
}

/// It cannot be cancelled or finished: it is past that.
pub(super) fn consented_already(account: &AccountName) -> Problem {
    problem(
        Code::BadRequest,
        account,
        "somebody consented to this login already".into(),
        "wait for its outcome".into(),
    )
}

/// What a person pasted does not belong to the login.
pub(super) fn foreign(account: &AccountName, detail: &str) -> Problem {
    problem(
        Code::BadRequest,
        account,
        detail.to_owned(),
        "copy the whole address that the browser was sent to after you consented, or the code in it".into(),
    )
}

fn login_required(account: &AccountName, detail: String) -> Problem {
    problem(Code::LoginRequired, account, detail, format!("boxctl login {account}"))
}

fn problem(code: Code, account: &AccountName, detail: String, next_step: String) -> Problem {
    Problem { code, detail, account: Some(account.as_str().to_owned()), next_step, retry_after_seconds: None }
}
