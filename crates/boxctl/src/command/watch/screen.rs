//! The live screen as lines: a pure function of what is known, the time and the size.

use boxd_client::{AccountStatus, GrantState};

use super::{board::Board, ear::Away, row::Row, words};
use crate::{
    command::status::{BAR, deadline, left, mood, next},
    duration::roughly,
    terminal::{Terminal, Tone, tame},
};

/// Widest column of names; longer ones are cut.
const LONGEST_NAME: usize = 24;
/// Days before a login is needed from which on an account comes first.
const DEADLINE_NEAR: i64 = 14;
/// Lines of events at most, without their heading.
const MOST_EVENTS: usize = 8;

/// What a frame shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) board: &'a Board,
    /// In seconds since the Unix epoch.
    pub(super) now: i64,
    pub(super) away: Option<&'a Away>,
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) terminal: Terminal,
    /// How to end it.
    pub(super) hint: &'a str,
}

/// The frame: at most as many lines as the screen has.
pub(super) fn frame(view: &View<'_>) -> Vec<String> {
    let mut accounts: Vec<AccountStatus> =
        view.board.accounts().map(|status| at_present(status, view.now)).collect();
    // Sorting is stable: within one concern they stay in the order of their names, so that nothing jumps about.
    accounts.sort_by_key(|status| concern(status, view.now));
    let mut lines = vec![header(view, &accounts)];
    lines.extend(view.away.map(|away| absence(view, away)));
    lines.push(String::new());
    let events = events(view, accounts.len());
    lines.extend(table(view, &accounts, view.rows.saturating_sub(lines.len() + events.len())));
    lines.extend(events);
    lines.truncate(view.rows);
    lines
}

/// An account as it is by now, though nothing was heard of it since.
fn at_present(status: &AccountStatus, now: i64) -> AccountStatus {
    let as_of = status.as_of.max(now);
    let alive = status.box_expires_at.is_none_or(|end| end > as_of);
    AccountStatus { as_of, token: status.token && alive, ..status.clone() }
}

/// How much an account concerns a person; 0 most.
fn concern(status: &AccountStatus, now: i64) -> u8 {
    match status.state {
        GrantState::LoginRequired | GrantState::ActionRequired => 0,
        _ if !status.token => 1,
        GrantState::Backoff | GrantState::InDoubt | GrantState::Unsaved => 2,
        _ if status.login_deadline.is_some_and(|end| end - now < DEADLINE_NEAR * 86_400) => 3,
        _ => 4,
    }
}

fn header(view: &View<'_>, accounts: &[AccountStatus]) -> String {
    let row = Row::new(view.columns, view.terminal).put(Tone::Strong, "boxd");
    let row = if view.board.is_complete() {
        let row = row.gap().put(None, &count(accounts.len(), "account"));
        let needy = accounts.iter().filter(|status| concern(status, view.now) == 0).count();
        let tokenless = accounts.iter().filter(|status| !status.token).count();
        match (needy, tokenless) {
            (0, 0) if accounts.is_empty() => row.put_if_it_fits(None, "next: boxctl login, or boxctl import"),
            (0, 0) => row.put_if_it_fits(Tone::Good, "each has a token"),
            (0, some) => row.put_if_it_fits(Tone::Busy, &format!("{some} without a token")),
            (some, _) => {
                row.put_if_it_fits(Tone::Bad, &format!("{some} need{} you", if some == 1 { "s" } else { "" }))
            }
        }
    } else {
        row.put(Tone::Faint, "  listening …")
    };
    row.right(Tone::Faint, view.hint).finish()
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn absence(view: &View<'_>, away: &Away) -> String {
    let time = roughly(view.now - away.since);
    let text = format!("boxd has been away for {time}: {} (trying again)", tame(&away.reason));
    Row::new(view.columns, view.terminal).put(Tone::Bad, &text).finish()
}

/// The accounts, as many as fit into so many lines, those that matter first.
fn table(view: &View<'_>, accounts: &[AccountStatus], room: usize) -> Vec<String> {
    let names = accounts.iter().map(|status| status.account.chars().count());
    let width = names.max().unwrap_or(0).min(LONGEST_NAME);
    let mut lines = Vec::new();
    for (place, status) in accounts.iter().enumerate() {
        let entry = entry(view, status, width);
        let is_last = place + 1 == accounts.len();
        if lines.len() + entry.len() + usize::from(!is_last) > room {
            let rest = accounts.get(place..).unwrap_or_default();
            lines.extend((room > lines.len()).then(|| remainder(view, rest)));
            break;
        }
        lines.extend(entry);
    }
    lines
}

/// One account: a line, and what is wrong with it on more.
fn entry(view: &View<'_>, status: &AccountStatus, width: usize) -> Vec<String> {
    let (mark, tone, word) = mood(status.state);
    let mut row = Row::new(view.columns, view.terminal)
        .column(Tone::Strong, &tame(&status.account), width)
        .gap()
        .column(tone, &format!("{mark} {word}"), 15);
    let with_bar = row.room() > 40;
    row = match left(status) {
        Some((seconds, [(tone, full), (faint, rest)])) => {
            if with_bar {
                row = row.gap().put(tone, &full).put(faint, &rest);
            }
            row.gap().column(None, &format!("{} left", roughly(seconds)), 15)
        }
        None => row.gap().column(None, "no valid token", if with_bar { BAR + 2 + 15 } else { 15 }),
    };
    let generation = format!("generation {}", status.generation);
    let no_login = deadline(status).map(|day| format!("no login before {day}"));
    for (cells, text) in [(18, next(status)), (26, no_login), (0, Some(generation))] {
        let text = text.unwrap_or_default();
        row = row.put_if_it_fits(Tone::Faint, &format!("{text:<cells$}"));
    }
    let mut lines = vec![row.finish()];
    if let Some(problem) = &status.error {
        let under = || Row::new(view.columns, view.terminal).column(None, "", width + 2);
        lines.push(under().put(Tone::Bad, &tame(&problem.detail)).finish());
        lines.push(under().put(None, &format!("next: {}", tame(&problem.next_step))).finish());
    }
    lines
}

/// Those for which there is no room.
fn remainder(view: &View<'_>, accounts: &[AccountStatus]) -> String {
    let row = Row::new(view.columns, view.terminal);
    let row = row.put(Tone::Faint, &format!("… and {} more", accounts.len()));
    match accounts.iter().filter(|status| concern(status, view.now) == 0).count() {
        0 => row,
        needy => row.put(Tone::Bad, &format!(", {needy} of them need you")),
    }
    .finish()
}

/// The last changes under a heading, newest first; fewer where the accounts need the room.
fn events(view: &View<'_>, accounts: usize) -> Vec<String> {
    let spare = view.rows.saturating_sub(accounts + 5).max(view.rows / 4);
    let most = spare.saturating_sub(2).min(MOST_EVENTS);
    let changes: Vec<_> = view.board.changes().take(most).collect();
    if changes.is_empty() {
        return Vec::new();
    }
    let row = || Row::new(view.columns, view.terminal);
    let names = changes.iter().map(|change| change.account.chars().count());
    let width = names.max().unwrap_or(0).min(LONGEST_NAME);
    let told = changes.into_iter().map(|change| {
        let (tone, text) = words::of_change(change);
        let ago = format!("{} ago", roughly(view.now - change.at));
        let row = row().column(Tone::Faint, &ago, 14).gap();
        row.column(None, &tame(&change.account), width).gap().put(tone, &text).finish()
    });
    let heading = row().put(Tone::Strong, "Last").finish();
    [String::new(), heading].into_iter().chain(told).collect()
}

#[cfg(test)]
mod tests;
