//! Check `account`: accounts in trouble, and what each needs.

use boxd_client::{AccountStatus, GrantState};

use super::{finding::Finding, scene::Scene};
use crate::{duration::roughly, import::shell_word};

const NAME: &str = "account";

/// An unused refresh token's last days, in seconds: time to look why nobody renews it.
const LAST_DAYS: i64 = 14 * 24 * 3600;

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    match scene.answering().map(|answering| &answering.accounts) {
        None => vec![Finding::skipped(NAME, "only a running boxd tells")],
        Some(Err(error)) => vec![Finding::fail(NAME, error.to_string(), error.next_step())],
        Some(Ok(accounts)) if accounts.is_empty() => {
            vec![Finding::warn(NAME, "there is none yet", "boxctl login, or boxctl import")]
        }
        Some(Ok(accounts)) => judge(accounts),
    }
}

fn judge(accounts: &[AccountStatus]) -> Vec<Finding> {
    let mut found: Vec<Finding> = accounts.iter().filter_map(trouble).collect();
    let well = accounts.len() - found.len();
    if well > 0 {
        let names: Vec<&str> = accounts
            .iter()
            .filter(|account| trouble(account).is_none())
            .map(|account| account.account.as_str())
            .take(8)
            .collect();
        let more =
            if well > names.len() { format!(" and {} more", well - names.len()) } else { String::new() };
        found.push(Finding::ok(NAME, format!("in order: {}{more}", names.join(", "))));
    }
    found
}

fn trouble(account: &AccountStatus) -> Option<Finding> {
    let name = &account.account;
    let word = shell_word(name);
    if account.state == GrantState::Absent {
        let evidence = format!("{name} stands in the config, but holds no login");
        return Some(Finding::warn(NAME, evidence, format!("boxctl login {word}")));
    }
    if let Some(problem) = &account.error {
        let evidence = format!("{name}: {}", problem.detail);
        let needs_person = matches!(account.state, GrantState::LoginRequired | GrantState::ActionRequired);
        let bad = needs_person || !account.token;
        let finding = if bad { Finding::fail } else { Finding::warn };
        return Some(finding(NAME, evidence, problem.next_step.clone()));
    }
    if account.orphaned {
        let evidence = format!("{name} is no longer in the config: it is served until its token ends");
        return Some(Finding::warn(NAME, evidence, format!("put it back, or: boxctl logout {word}")));
    }
    let left = account.login_deadline? - account.as_of;
    (left < LAST_DAYS).then(|| {
        let evidence = format!("{name} was not renewed for long: its login ends in {}", roughly(left.max(0)));
        Finding::warn(NAME, evidence, format!("boxctl refresh {word}, or boxctl login {word}"))
    })
}

#[cfg(test)]
mod tests {
    use boxd_client::{Auth, Code, Problem};

    use super::{super::finding::State, *};

    fn healthy(name: &str) -> AccountStatus {
        AccountStatus {
            account: name.into(),
            auth: Auth::OAuth2,
            user: None,
            as_of: 1_000_000_000,
            state: GrantState::Healthy,
            token: true,
            expires_in_seconds: Some(60),
            expires_at: Some(60),
            box_expires_at: Some(60),
            life_seconds: Some(3600),
            generation: 1,
            next_refresh_at: None,
            login_deadline: Some(1_000_000_000 + 50 * 24 * 3600),
            orphaned: false,
            store_bound: true,
            error: None,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn those_in_order_share_a_line() {
        let found = judge(&[healthy("a"), healthy("b")]);
        assert_eq!(found, [Finding::ok(NAME, "in order: a, b")]);
    }

    #[test]
    fn trouble_comes_with_its_next_step() {
        let problem = Problem {
            code: Code::LoginRequired,
            detail: "Box refused it".into(),
            account: None,
            next_step: "boxctl login a".into(),
            retry_after_seconds: None,
        };
        let dead =
            AccountStatus { state: GrantState::LoginRequired, error: Some(problem.clone()), ..healthy("a") };
        let waits = AccountStatus { state: GrantState::Backoff, error: Some(problem), ..healthy("b") };
        let found = judge(&[dead, waits]);
        assert_eq!(found[0].state, State::Fail);
        assert_eq!(found[0].remedy.as_deref(), Some("boxctl login a"));
        assert_eq!(found[1].state, State::Warn, "it still has a token");
    }

    #[test]
    fn what_will_be_trouble_is_told_before() {
        let late = AccountStatus { login_deadline: Some(1_000_000_000 + 3 * 24 * 3600), ..healthy("a") };
        let absent = AccountStatus { state: GrantState::Absent, token: false, ..healthy("b") };
        let orphan = AccountStatus { orphaned: true, ..healthy("c") };
        let states: Vec<State> = judge(&[late, absent, orphan]).iter().map(|found| found.state).collect();
        assert_eq!(states, [State::Warn; 3]);
    }
}
