//! Frames as a person sees them.

use boxd_client::{Code, EventKind, Problem};

use super::{
    super::board::tests::{NOW, bare, event, healthy},
    *,
};

const PLAIN: Terminal = Terminal { colours: false };

fn board(accounts: impl IntoIterator<Item = AccountStatus>) -> Board {
    let mut board = Board::default();
    for status in accounts {
        board.take(event(EventKind::Present, status), NOW);
    }
    board.take(bare(EventKind::Complete, None), NOW);
    board
}

fn view(board: &Board, columns: usize, rows: usize) -> View<'_> {
    View { board, now: NOW, away: None, columns, rows, terminal: PLAIN, hint: "q quits" }
}

fn shown(view: &View<'_>) -> String {
    let frame = frame(view);
    assert!(frame.len() <= view.rows, "{frame:?}");
    for line in &frame {
        assert!(line.chars().count() <= view.columns, "{} cells: {line}", line.chars().count());
    }
    frame.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn needy(name: &str) -> AccountStatus {
    AccountStatus {
        state: GrantState::LoginRequired,
        token: false,
        box_expires_at: None,
        next_refresh_at: None,
        error: Some(Problem {
            code: Code::LoginRequired,
            detail: "Box refused the refresh token\u{1b}[2J".into(),
            account: None,
            next_step: format!("boxctl login {name}"),
            retry_after_seconds: None,
        }),
        ..healthy(name)
    }
}

#[test]
fn a_wide_screen() {
    let mut board = board([healthy("bot"), needy("home"), healthy("work")]);
    let renewed = AccountStatus { generation: 18, box_expires_at: Some(NOW + 3600), ..healthy("work") };
    board.take(event(EventKind::Token, AccountStatus { as_of: NOW - 12, ..renewed }), NOW);
    assert_eq!(
        shown(&view(&board, 128, 24)),
        "\
boxd  3 accounts  1 needs you                                                                                            q quits

home  ✖ needs a login  no valid token                                                                 generation 17
      Box refused the refresh token\u{FFFD}[2J
      next: boxctl login home
bot   ● healthy        ▰▰▰▰▰▰▰▰▱▱▱▱  41 min left      renews in 36 min    no login before 2024-01-11  generation 17
work  ● healthy        ▰▰▰▰▰▰▰▰▰▰▰▰  1 h left         renews in 36 min    no login before 2024-01-11  generation 18

Last
12 s ago        work  new token, generation 18, 1 h left, renews in 36 min
"
    );
}

#[test]
fn a_narrow_screen_leaves_out_what_matters_least() {
    let board = board([healthy("work")]);
    assert_eq!(
        shown(&view(&board, 60, 10)),
        "boxd  1 account  each has a token                    q quits\n\
         \n\
         work  ● healthy        41 min left      renews in 36 min\n"
    );
    assert_eq!(shown(&view(&board, 20, 10)), "boxd  1 account\n\nwork  ● healthy\n");
}

#[test]
fn of_many_accounts_those_that_matter_come_first_and_the_rest_is_counted() {
    let troubled = AccountStatus { state: GrantState::Backoff, ..healthy("m-troubled") };
    let waiting = AccountStatus { token: false, ..healthy("x-waiting") };
    let due = AccountStatus { login_deadline: Some(NOW + 86_400), ..healthy("y-due") };
    let many = (0..126).map(|number| healthy(&format!("a-{number:03}")));
    let board = board(many.chain([troubled, waiting, due, needy("z-needy")]));
    let shown = shown(&view(&board, 80, 12));
    let firsts: Vec<&str> = shown.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(
        firsts,
        [
            "boxd",
            "z-needy",
            "Box",
            "next:",
            "x-waiting",
            "m-troubled",
            "y-due",
            "a-000",
            "a-001",
            "a-002",
            "…"
        ]
    );
    assert!(shown.ends_with("… and 123 more\n"), "{shown}");
}

#[test]
fn those_that_need_a_person_are_counted_where_they_do_not_fit() {
    let board = board((0..50).map(|number| needy(&format!("a-{number:02}"))));
    assert!(shown(&view(&board, 80, 12)).ends_with("… and 47 more, 47 of them need you\n"));
}

#[test]
fn any_size_is_kept_to() {
    let mut board = board((0..9).map(|number| if number < 4 { needy("n") } else { healthy("h") }));
    board.take(event(EventKind::Token, healthy("h")), NOW);
    let away = Away { since: NOW - 60, reason: "it cannot be reached".into() };
    for columns in 0..100 {
        for rows in 0..30 {
            shown(&View { away: Some(&away), ..view(&board, columns, rows) });
        }
    }
}

#[test]
fn time_passes_also_where_nothing_is_heard() {
    let board = board([healthy("work")]);
    let later = |seconds| shown(&View { now: NOW + seconds, ..view(&board, 80, 10) });
    assert!(later(20 * 60).contains("▰▰▰▰▱▱▱▱▱▱▱▱  21 min left      renews in 16 min"), "{}", later(20 * 60));
    assert!(later(2400).contains("60 s left        renews now"), "{}", later(2400));
    assert!(later(2460).contains("1 without a token"), "{}", later(2460));
    assert!(later(2460).contains("no valid token"), "{}", later(2460));
}

#[test]
fn a_daemon_that_is_away_is_named_above_the_last_known_state() {
    let board = board([healthy("work")]);
    let away = Away { since: NOW - 180, reason: "boxd cannot be reached\nat /x".into() };
    let shown = shown(&View { away: Some(&away), ..view(&board, 100, 10) });
    assert!(
        shown
            .contains("\nboxd has been away for 3 min: boxd cannot be reached\u{FFFD}at /x (trying again)\n")
    );
    assert!(shown.contains("\nwork  ● healthy"), "{shown}");
}

#[test]
fn before_anything_is_known_and_where_there_is_nothing() {
    assert_eq!(shown(&view(&Board::default(), 40, 5)), "boxd  listening …                q quits\n\n");
    let nothing = shown(&view(&board([]), 80, 5));
    assert!(nothing.starts_with("boxd  0 accounts  next: boxctl login, or boxctl import"), "{nothing}");
}

#[test]
fn colours_only_where_wanted() {
    let board = board([needy("home")]);
    let painted = frame(&View { terminal: Terminal { colours: true }, ..view(&board, 80, 10) }).concat();
    assert!(painted.contains("\u{1b}[31m✖ needs a login"), "{painted:?}");
    assert!(!shown(&view(&board, 80, 10)).contains('\u{1b}'));
}
