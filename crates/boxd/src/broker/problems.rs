//! What clients are told when something is wrong: one place maps troubles to codes and next steps.

use std::time::Duration;

use boxd_engine::{Refusal, Trouble, trouble::Remedy};
use boxd_proto::{Code, Problem};

use crate::{
    account_name::{AccountName, InvalidAccountName},
    box_api::code::CodeError,
};

/// The problem that a trouble of `account` is to a client.
pub(super) fn of_trouble(account: &AccountName, trouble: &Trouble) -> Problem {
    let code = match trouble.remedy() {
        Remedy::Wait => Code::Unavailable,
        Remedy::Login => Code::LoginRequired,
        Remedy::Act => Code::ActionRequired,
    };
    problem(code, account, trouble.to_string(), next_step(account, trouble))
}

/// The problem that a refusal is to a client.
pub(super) fn of_refusal(account: &AccountName, refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::Trouble(trouble) => of_trouble(account, trouble),
        Refusal::MinTtlUnattainable { attainable } => problem(
            Code::MinTtlUnattainable,
            account,
            "no token lives that long".into(),
            format!("ask for at most {} seconds", attainable.as_secs()),
        ),
        Refusal::Unavailable { retry_after, trouble } => {
            let detail = match trouble {
                Some(trouble) => format!("no valid token now: {trouble}"),
                None => {
                    "the token was renewed on demand not long ago, and is not renewed again so soon".into()
                }
            };
            unavailable(account, detail, *retry_after)
        }
    }
}

/// There is no valid token now, and trying again later may help.
pub(super) fn unavailable(account: &AccountName, detail: String, retry_after: Duration) -> Problem {
    let seconds = u32::try_from(retry_after.as_secs()).unwrap_or(u32::MAX).max(1);
    let mut problem = problem(
        Code::Unavailable,
        account,
        detail,
        format!("try again in {seconds} seconds; boxd goes on trying"),
    );
    problem.retry_after_seconds = Some(seconds);
    problem
}

/// The code of a login could not be exchanged for a grant.
pub(super) fn of_code(account: &AccountName, error: &CodeError) -> Problem {
    let code = match error {
        CodeError::InvalidCode(_) => Code::LoginRequired,
        CodeError::InvalidClient(_)
        | CodeError::PasswordReset
        | CodeError::TermsOfService
        | CodeError::Refused(_) => Code::ActionRequired,
        CodeError::Throttled { .. }
        | CodeError::Unreachable(_)
        | CodeError::Lost(_)
        | CodeError::Unexpected(_) => Code::Unavailable,
    };
    problem(code, account, error.to_string(), format!("boxctl login {account}"))
}

/// The application of an account that the config lets mint was logged out.
pub(super) fn logged_out_app(account: &AccountName) -> Problem {
    problem(
        Code::LoginRequired,
        account,
        "the account was logged out".into(),
        format!("begin again: boxctl refresh {account}; or take [accounts.{account}] out of the config"),
    )
}

/// There is no such account.
pub(super) fn unknown_account(name: &str, known: &[AccountName]) -> Problem {
    let names: Vec<&str> = known.iter().map(AccountName::as_str).collect();
    let detail = if names.is_empty() {
        "there are no accounts yet".to_owned()
    } else {
        format!("there is no account `{}`", name.escape_debug())
    };
    let next_step = if names.is_empty() {
        "log in with `boxctl login`, or bring a grant along with `boxctl import`".to_owned()
    } else {
        format!("the accounts are: {}", names.join(", "))
    };
    Problem {
        code: Code::UnknownAccount,
        detail,
        account: Some(name.chars().take(64).collect()),
        next_step,
        retry_after_seconds: None,
    }
}

/// The refresh token of an import is not good.
pub(super) fn spent_import(account: &AccountName, described: &str) -> Problem {
    problem(
        Code::LoginRequired,
        account,
        format!(
            "Box refused the refresh token of the import ({described}): it was spent already, revoked, or mistyped; \
             nothing of the account was changed"
        ),
        format!("import a fresh one, or log in: boxctl login {account}"),
    )
}

/// A piece of a body, where no call is open that it could belong to.
pub(super) fn body_without_call() -> Problem {
    Problem {
        code: Code::BadRequest,
        detail: "a piece of a body came without its call".into(),
        account: None,
        next_step: "use a client of this daemon's version".into(),
        retry_after_seconds: None,
    }
}

/// The configuration leads to another endpoint than the one that issued the account's token.
pub(super) fn led_elsewhere(account: &AccountName, bound: &str, configured: &str) -> Problem {
    let detail =
        format!("the token was issued by {bound}, but the config leads to {configured}: it is not sent");
    problem(Code::ActionRequired, account, detail, "put token_url back, then: boxctl reload".into())
}

/// So many names stand in an answer.
const SHOWN: usize = 8;

/// Several accounts, none of them named and none the default.
pub(super) fn ambiguous(known: &[AccountName]) -> Problem {
    let names: Vec<&str> = known.iter().map(AccountName::as_str).take(SHOWN).collect();
    let more = if known.len() > SHOWN { " …" } else { "" };
    Problem {
        code: Code::BadRequest,
        detail: "several accounts exist, and none is the default".into(),
        account: None,
        next_step: format!(
            "name one of {}{more}: with -a NAME, over HTTP as account (for a call to Box's API as Boxd-Account); or set \
             default_account in the config file",
            names.join(", ")
        ),
        retry_after_seconds: None,
    }
}

/// A name that cannot be one.
pub(super) fn invalid_name(error: &InvalidAccountName) -> Problem {
    Problem {
        code: Code::BadRequest,
        detail: error.to_string(),
        account: None,
        next_step: "choose another name".into(),
        retry_after_seconds: None,
    }
}

/// Any problem of an account.
pub(super) fn problem(code: Code, account: &AccountName, detail: String, next_step: String) -> Problem {
    Problem { code, detail, account: Some(account.as_str().to_owned()), next_step, retry_after_seconds: None }
}

/// The command that a person runs next because of a trouble.
pub(super) fn command(account: &AccountName, trouble: &Trouble) -> String {
    match trouble {
        Trouble::Absent
        | Trouble::Taken(_)
        | Trouble::Lapsed(_)
        | Trouble::LostForGood(_)
        | Trouble::Damaged(_)
        | Trouble::AccessOnly => format!("boxctl login {account}"),
        Trouble::AccessOnlyEnded => format!("boxctl import -a {account} --from token --replace"),
        Trouble::Unprepared(_)
        | Trouble::InvalidClient(_)
        | Trouble::AuthDiffers { .. }
        | Trouble::BindingDiffers { .. }
        | Trouble::Orphaned => "boxctl reload".into(),
        Trouble::UnauthorizedClient(_)
        | Trouble::PasswordReset
        | Trouble::TermsOfService
        | Trouble::Refused(_)
        | Trouble::AppRefused(_) => format!("boxctl refresh {account}"),
        Trouble::ForeignMachine => format!("boxctl adopt {account}"),
        Trouble::NotProved(_) | Trouble::NotSaved(_) => "boxctl paths state".into(),
        Trouble::Locked(_) => "boxctl key".into(),
        Trouble::Unreachable(_)
        | Trouble::AnswerLost(_)
        | Trouble::Throttled
        | Trouble::ArrivedExpired
        | Trouble::Busy => format!("boxctl status {account}"),
    }
}

/// What a person can do about a trouble.
fn next_step(account: &AccountName, trouble: &Trouble) -> String {
    match trouble {
        Trouble::Absent => format!(
            "log in: boxctl login {account} (or bring a grant along: boxctl import -a {account} FILE)"
        ),
        Trouble::Unreachable(_) => "check the network and the proxy; boxd goes on trying".into(),
        Trouble::AnswerLost(_) => "nothing to do: boxd sends the same refresh token again".into(),
        Trouble::Throttled => "nothing to do: boxd waits as Box asked".into(),
        Trouble::NotProved(_) | Trouble::NotSaved(_) => {
            "make room and check the disk of the state directory (`boxctl paths state`); boxd goes on trying"
                .into()
        }
        Trouble::ArrivedExpired => "check this machine's clock; boxd goes on trying".into(),
        Trouble::Taken(_) | Trouble::LostForGood(_) => format!(
            "stop other programs that use this grant, then log in again: boxctl login {account} (or try the old one \
             once more: boxctl refresh {account})"
        ),
        Trouble::Lapsed(_) => {
            format!(
                "log in again: boxctl login {account} (or try the old one once more: boxctl refresh {account})"
            )
        }
        Trouble::Damaged(_) => {
            format!("restore the file from a backup, or log in again: boxctl login {account}")
        }
        Trouble::AccessOnly => format!("for one that renews itself: boxctl login {account}"),
        Trouble::AccessOnlyEnded => {
            format!("import a new token: boxctl import -a {account} --from token --replace")
        }
        Trouble::Unprepared(_) => {
            format!("put it right, then: boxctl reload (account {account})")
        }
        Trouble::InvalidClient(_) => {
            format!("correct client_id or client_secret, then: boxctl reload (account {account})")
        }
        Trouble::UnauthorizedClient(_) => {
            format!("ask a Box administrator to authorize the app, then: boxctl refresh {account}")
        }
        Trouble::PasswordReset => {
            format!("reset the Box password in a browser, then: boxctl refresh {account}")
        }
        Trouble::TermsOfService => {
            format!("accept the terms of service at box.com in a browser, then: boxctl refresh {account}")
        }
        Trouble::Refused(_) => {
            format!("check the app's settings in the Box developer console, then: boxctl refresh {account}")
        }
        Trouble::AppRefused(_) => format!(
            "check client id, secret, key and subject of the app, and whether an administrator has authorized it in \
             the Box admin console; then: boxctl refresh {account}"
        ),
        Trouble::AuthDiffers { .. } => format!(
            "put `auth` of [accounts.{account}] back, then: boxctl reload; or end what is held: boxctl logout {account}"
        ),
        Trouble::BindingDiffers { .. } => format!(
            "put client_id and token_url back, then: boxctl reload; or log in with the new app: boxctl login {account}"
        ),
        Trouble::Orphaned => {
            format!("put [accounts.{account}] back into the config file, then: boxctl reload")
        }
        Trouble::ForeignMachine => format!(
            "if the other machine no longer uses this grant: boxctl adopt {account}; else import a grant of its own"
        ),
        Trouble::Locked(lock) => lock.next_step.clone(),
        Trouble::Busy => "wait a moment and try again".into(),
    }
}

/// The account name that a client sent.
pub(super) fn parse(name: &str) -> Result<AccountName, Problem> {
    name.parse().map_err(|error| invalid_name(&error))
}

#[cfg(test)]
mod tests {
    use boxd_engine::Binding;

    use super::*;

    #[test]
    fn who_must_act_is_told_the_very_command() {
        let account: AccountName = "work".parse().unwrap();
        let binding = || Binding { client_id: "a".into(), token_origin: "b".into() };
        let why = || "why".to_owned();
        for trouble in [
            Trouble::Absent,
            Trouble::Taken(why()),
            Trouble::Lapsed(why()),
            Trouble::LostForGood(why()),
            Trouble::Damaged(why()),
            Trouble::AccessOnly,
            Trouble::AccessOnlyEnded,
            Trouble::Unprepared(why()),
            Trouble::InvalidClient(why()),
            Trouble::UnauthorizedClient(why()),
            Trouble::PasswordReset,
            Trouble::TermsOfService,
            Trouble::Refused(why()),
            Trouble::AppRefused(why()),
            Trouble::BindingDiffers { stored: binding(), configured: binding() },
            Trouble::AuthDiffers { stored_is_login: true },
            Trouble::Orphaned,
            Trouble::ForeignMachine,
            Trouble::NotProved(why()),
            Trouble::NotSaved(why()),
        ] {
            let (step, command) = (next_step(&account, &trouble), command(&account, &trouble));
            assert!(step.contains(&command), "{}: {step} lacks {command}", trouble.name());
        }
    }
}
