//! `boxctl status`: each account as it stands, for people and for scripts.

use boxd_client::{AccountStatus, Code, GrantState};

use crate::{
    daemon,
    duration::roughly,
    failure::Failure,
    global::Global,
    output::print,
    terminal::{Terminal, Tone, tame},
};

/// Cells of the bar for the life that is left.
pub(super) const BAR: usize = 12;

pub(super) fn run(global: &Global, account: Option<&str>) -> Result<(), Failure> {
    let accounts = daemon::connect_any(global)?.status(global.account_or(account).as_deref())?;
    show(global, &accounts)
}

/// Prints accounts; fails, without a further word, where one of them cannot hand out a token.
pub(super) fn show(global: &Global, accounts: &[AccountStatus]) -> Result<(), Failure> {
    display(global, accounts)?;
    match worst(accounts) {
        Some(code) => Err(Failure::told(code)),
        None => Ok(()),
    }
}

/// Prints accounts as they stand after something was done to them.
pub(super) fn display(global: &Global, accounts: &[AccountStatus]) -> Result<(), Failure> {
    if global.json {
        print(&(boxd_json::line(&boxd_json::status(accounts)) + "\n"))
    } else {
        print(&render(accounts, Terminal::of_stdout()))
    }
}

/// The code that `token` would give for the account that is worst off.
fn worst(accounts: &[AccountStatus]) -> Option<Code> {
    let code = |status: &AccountStatus| match &status.error {
        Some(problem) => problem.code,
        None if status.state == GrantState::Absent => Code::LoginRequired,
        None => Code::Unavailable,
    };
    // What needs a person is worse than what passes.
    let gravity = |code: &Code| match code {
        Code::LoginRequired | Code::ActionRequired => 2,
        Code::Unavailable => 1,
        _ => 0,
    };
    accounts.iter().filter(|status| !status.token).map(code).max_by_key(gravity)
}

/// All accounts, aligned.
fn render(accounts: &[AccountStatus], terminal: Terminal) -> String {
    if accounts.is_empty() {
        return "no accounts yet\n  next: boxctl login, or boxctl import\n".into();
    }
    let width = accounts.iter().map(|status| tame(&status.account).chars().count()).max().unwrap_or(0);
    let mut text: Vec<String> = accounts.iter().map(|status| render_one(status, width, terminal)).collect();
    text.extend(remarks(accounts).into_iter().map(|remark| terminal.paint(Tone::Faint, &remark) + "\n"));
    text.concat()
}

fn render_one(status: &AccountStatus, width: usize, terminal: Terminal) -> String {
    let name = tame(&status.account);
    let indent = " ".repeat(width + 2);
    let padding = " ".repeat(width - name.chars().count());
    let (mark, tone, word) = mood(status.state);
    let state = terminal.paint(tone, &format!("{mark} {word:<13}"));
    let mut lines = vec![format!(
        "{}{padding}  {state}  {}",
        terminal.paint(Tone::Strong, &name),
        life(status, terminal)
    )];
    let facts = facts(status);
    if !facts.is_empty() {
        lines.push(format!("{indent}{}", terminal.paint(Tone::Faint, &facts.join(" · "))));
    }
    if let Some(problem) = &status.error {
        lines.push(format!("{indent}{}", terminal.paint(Tone::Bad, &tame(&problem.detail))));
        lines.push(format!("{indent}next: {}", tame(&problem.next_step)));
    }
    lines.join("\n") + "\n"
}

/// How a state looks.
pub(super) fn mood(state: GrantState) -> (char, Tone, &'static str) {
    match state {
        GrantState::Healthy => ('●', Tone::Good, "healthy"),
        GrantState::Spending => ('◌', Tone::Good, "renewing"),
        GrantState::InDoubt => ('◌', Tone::Busy, "in doubt"),
        GrantState::Unsaved => ('◌', Tone::Busy, "unsaved"),
        GrantState::Backoff => ('◌', Tone::Busy, "trying again"),
        GrantState::Absent => ('○', Tone::Faint, "no grant"),
        GrantState::LoginRequired => ('✖', Tone::Bad, "needs a login"),
        GrantState::ActionRequired => ('✖', Tone::Bad, "needs you"),
        other => ('○', Tone::Faint, other.as_str()),
    }
}

/// The life that is left in the token, as a bar and in words.
fn life(status: &AccountStatus, terminal: Terminal) -> String {
    let Some((left, [(tone, full), (faint, rest)])) = left(status) else {
        return match next(status) {
            Some(next) => format!("no valid token   {next}"),
            None => "no valid token".into(),
        };
    };
    let bar = terminal.paint(tone, &full) + &terminal.paint(faint, &rest);
    let words = format!("{} left", roughly(left));
    match next(status) {
        Some(next) => format!("{bar}  {words:<12}  {next}"),
        None => format!("{bar}  {words}"),
    }
}

/// The life that is left in the token, in seconds, and the two parts of its bar; `None` where there is none.
pub(super) fn left(status: &AccountStatus) -> Option<(i64, [(Tone, String); 2])> {
    let (end, life) = (status.box_expires_at.filter(|_| status.token)?, status.life_seconds?);
    let left = (end - status.as_of).max(0);
    let life = i64::from(life.max(1));
    let cells = i64::try_from(BAR).unwrap_or(0);
    let full = usize::try_from((left.min(life) * cells + life / 2) / life).unwrap_or(0).min(BAR);
    let tone = if full * 4 > BAR { Tone::Good } else { Tone::Busy };
    Some((left, [(tone, "▰".repeat(full)), (Tone::Faint, "▱".repeat(BAR - full))]))
}

/// When the next renewal comes, in relative time.
pub(super) fn next(status: &AccountStatus) -> Option<String> {
    if status.state == GrantState::Spending {
        return Some("renewing now".into());
    }
    let next = status.next_refresh_at? - status.as_of;
    let what = if status.state == GrantState::Healthy { "renews" } else { "tries again" };
    Some(if next <= 0 { format!("{what} now") } else { format!("{what} in {}", roughly(next)) })
}

fn facts(status: &AccountStatus) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(user) = &status.user {
        facts.push(format!("{} <{}>", tame(&user.name), tame(&user.login)));
    }
    if status.generation > 0 {
        facts.push(format!("generation {}", status.generation));
    }
    facts.extend(deadline(status).map(|day| format!("needs you: not before {day}")));
    if status.orphaned {
        facts.push("no longer in the config: served until its token ends".into());
    }
    facts
}

/// The day before which no person is needed.
pub(super) fn deadline(status: &AccountStatus) -> Option<String> {
    let needed = status.error.as_ref().is_some_and(|problem| problem.code == Code::LoginRequired);
    let date = boxd_json::date(status.login_deadline.filter(|_| !needed)?);
    date.split('T').next().map(str::to_owned)
}

/// What is worth knowing though nothing is wrong; the same for all accounts of a store, so said once.
fn remarks(accounts: &[AccountStatus]) -> Vec<String> {
    let mut remarks: Vec<String> = Vec::new();
    for remark in accounts.iter().flat_map(|status| &status.warnings).map(|remark| tame(remark)) {
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use boxd_client::{Auth, Problem, User};

    use super::*;

    const PLAIN: Terminal = Terminal { colours: false };

    fn healthy() -> AccountStatus {
        AccountStatus {
            account: "work".into(),
            auth: Auth::OAuth2,
            user: Some(User { id: "1".into(), login: "ada@example.com".into(), name: "Ada".into() }),
            as_of: 1_700_000_000,
            state: GrantState::Healthy,
            token: true,
            expires_in_seconds: Some(2160),
            expires_at: Some(1_700_002_160),
            box_expires_at: Some(1_700_002_460),
            life_seconds: Some(3600),
            generation: 17,
            next_refresh_at: Some(1_700_002_160),
            login_deadline: Some(1_705_000_000),
            orphaned: false,
            store_bound: true,
            error: None,
            warnings: vec!["a remark".into()],
        }
    }

    fn dead() -> AccountStatus {
        AccountStatus {
            account: "an-old-one".into(),
            user: None,
            state: GrantState::LoginRequired,
            token: false,
            expires_in_seconds: None,
            expires_at: None,
            box_expires_at: None,
            next_refresh_at: None,
            error: Some(Problem {
                code: Code::LoginRequired,
                detail: "refused\u{1b}[2J".into(),
                account: None,
                next_step: "boxctl import".into(),
                retry_after_seconds: None,
            }),
            ..healthy()
        }
    }

    #[test]
    fn a_healthy_account_on_two_lines() {
        assert_eq!(
            render(&[healthy()], PLAIN),
            "work  ● healthy        ▰▰▰▰▰▰▰▰▱▱▱▱  41 min left   renews in 36 min\n\
             \u{20}     Ada <ada@example.com> · generation 17 · needs you: not before 2024-01-11\n\
             a remark\n"
        );
    }

    #[test]
    fn names_are_aligned_and_errors_tamed() {
        let text = render(&[healthy(), dead()], PLAIN);
        assert!(text.contains("work        ● healthy"), "{text}");
        assert!(text.contains("an-old-one  ✖ needs a login"), "{text}");
        assert!(text.contains("refused\u{FFFD}[2J"), "{text}");
        assert!(text.contains("            next: boxctl import"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(text.matches("a remark").count(), 1, "{text}");
    }

    #[test]
    fn colours_only_where_wanted() {
        assert!(render(&[healthy()], Terminal { colours: true }).contains("\u{1b}[32m"));
    }

    #[test]
    fn the_worst_account_decides() {
        assert_eq!(worst(&[healthy()]), None);
        assert_eq!(worst(&[healthy(), dead()]), Some(Code::LoginRequired));
        let waiting = AccountStatus { token: false, ..healthy() };
        assert_eq!(worst(std::slice::from_ref(&waiting)), Some(Code::Unavailable));
        assert_eq!(worst(&[dead(), waiting]), Some(Code::LoginRequired));
    }
}
