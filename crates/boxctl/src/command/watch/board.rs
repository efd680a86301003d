//! What is known of the accounts, and what changed: pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use boxd_client::{AccountStatus, Event, EventKind};

/// Changes that are kept for showing.
const KEPT: usize = 64;

/// The accounts as they stand.
#[derive(Debug, Default)]
pub(super) struct Board {
    accounts: BTreeMap<String, AccountStatus>,
    /// Those that were told since the state of all began to be told.
    told: BTreeSet<String>,
    complete: bool,
    /// The last changes, newest first.
    changes: VecDeque<Change>,
}

/// What a person should hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// In seconds since the Unix epoch.
    pub(super) at: i64,
    pub(super) account: String,
    pub(super) what: What,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// It is there.
    Known(Box<AccountStatus>),
    /// It has a new token.
    Token(Box<AccountStatus>),
    /// Something else about it is new.
    State(Box<AccountStatus>),
    /// It is there no more.
    Gone,
}

impl Board {
    /// The accounts, by name.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &AccountStatus> {
        self.accounts.values()
    }

    /// Whether the state of all accounts is known.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The last changes, newest first.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    /// The connection broke: where the state of all was being told, it will be told from its beginning.
    pub(super) fn interrupted(&mut self) {
        self.told.clear();
    }

    /// Takes an event in; returns what is news in it.
    pub(super) fn take(&mut self, event: Event, now: i64) -> Vec<Change> {
        let changes = self.apply(event, now);
        for change in changes.iter().filter(|change| !matches!(change.what, What::Known(_))) {
            self.changes.push_front(change.clone());
        }
        self.changes.truncate(KEPT);
        changes
    }

    fn apply(&mut self, event: Event, now: i64) -> Vec<Change> {
        let (Some(account), status) = (event.account, event.status) else {
            return if event.kind == EventKind::Complete { self.end_of_present(now) } else { Vec::new() };
        };
        let at = status.as_ref().map_or(now, |status| status.as_of);
        let Some(status) = status else {
            let known = self.accounts.remove(&account).is_some();
            return known.then_some(Change { at, account, what: What::Gone }).into_iter().collect();
        };
        let before = self.accounts.insert(account.clone(), (*status).clone());
        let what = match event.kind {
            EventKind::Present => {
                self.told.insert(account.clone());
                match before {
                    None => What::Known(status),
                    Some(before) if before.generation != status.generation => What::Token(status),
                    Some(before) if differs(&before, &status) => What::State(status),
                    Some(_) => return Vec::new(),
                }
            }
            EventKind::Token => What::Token(status),
            _ => What::State(status),
        };
        vec![Change { at, account, what }]
    }

    /// Every account has been told: the others are gone.
    fn end_of_present(&mut self, now: i64) -> Vec<Change> {
        let told = std::mem::take(&mut self.told);
        self.complete = true;
        let gone: Vec<String> = self.accounts.keys().filter(|name| !told.contains(*name)).cloned().collect();
        self.accounts.retain(|name, _| told.contains(name));
        gone.into_iter().map(|account| Change { at: now, account, what: What::Gone }).collect()
    }
}

/// Whether a person would see a difference, time apart.
fn differs(before: &AccountStatus, now: &AccountStatus) -> bool {
    (before.state, before.token, &before.user, before.orphaned)
        != (now.state, now.token, &now.user, now.orphaned)
        || before.error.as_ref().map(|problem| problem.code) != now.error.as_ref().map(|problem| problem.code)
}

#[cfg(test)]
pub(super) mod tests {
    use boxd_client::{Auth, GrantState};

    use super::*;

    pub(in super::super) const NOW: i64 = 1_700_000_000;

    /// A healthy account in the middle of its token's life.
    pub(in super::super) fn healthy(name: &str) -> AccountStatus {
        AccountStatus {
            account: name.into(),
            auth: Auth::OAuth2,
            user: None,
            as_of: NOW,
            state: GrantState::Healthy,
            token: true,
            expires_in_seconds: Some(2160),
            expires_at: Some(NOW + 2160),
            box_expires_at: Some(NOW + 2460),
            life_seconds: Some(3600),
            generation: 17,
            next_refresh_at: Some(NOW + 2160),
            login_deadline: Some(NOW + 5_000_000),
            orphaned: false,
            store_bound: true,
            error: None,
            warnings: Vec::new(),
        }
    }

    pub(in super::super) fn event(kind: EventKind, status: AccountStatus) -> Event {
        let account = Some(status.account.clone());
        Event { id: None, kind, account, status: Some(Box::new(status)), detail: None }
    }

    pub(in super::super) fn bare(kind: EventKind, account: Option<&str>) -> Event {
        Event { id: None, kind, account: account.map(str::to_owned), status: None, detail: None }
    }

    fn names(board: &Board) -> Vec<&str> {
        board.accounts().map(|status| status.account.as_str()).collect()
    }

    #[test]
    fn the_present_state_is_known_and_then_changes_are_news() {
        let mut board = Board::default();
        let known = board.take(event(EventKind::Present, healthy("work")), NOW);
        assert!(matches!(known[0].what, What::Known(_)));
        assert!(!board.is_complete());
        assert_eq!(board.take(bare(EventKind::Complete, None), NOW), []);
        assert!(board.is_complete());
        let next = AccountStatus { generation: 18, as_of: NOW + 9, ..healthy("work") };
        let news = board.take(event(EventKind::Token, next.clone()), NOW + 10);
        assert_eq!(news, [Change { at: NOW + 9, account: "work".into(), what: What::Token(Box::new(next)) }]);
        assert!(board.changes().eq(&news), "what was known from the beginning is no change");
    }

    #[test]
    fn what_is_told_again_is_no_news_and_what_is_not_is_gone() {
        let mut board = Board::default();
        for name in ["a", "b", "c", "d"] {
            board.take(event(EventKind::Present, healthy(name)), NOW);
        }
        board.take(bare(EventKind::Complete, None), NOW);
        // The daemon restarted.
        assert_eq!(board.take(event(EventKind::Present, healthy("a")), NOW), []);
        let renewed = AccountStatus { generation: 18, ..healthy("b") };
        let news = board.take(event(EventKind::Present, renewed), NOW);
        assert!(matches!(news[0].what, What::Token(_)), "{news:?}");
        let troubled = AccountStatus { state: GrantState::Backoff, ..healthy("c") };
        let news = board.take(event(EventKind::Present, troubled), NOW);
        assert!(matches!(news[0].what, What::State(_)), "{news:?}");
        let news = board.take(bare(EventKind::Complete, None), NOW + 1);
        assert_eq!(news, [Change { at: NOW + 1, account: "d".into(), what: What::Gone }]);
        assert_eq!(names(&board), ["a", "b", "c"]);
    }

    #[test]
    fn a_telling_that_broke_off_counts_for_nothing() {
        let mut board = Board::default();
        board.take(event(EventKind::Present, healthy("a")), NOW);
        board.interrupted();
        board.take(event(EventKind::Present, healthy("b")), NOW);
        board.take(bare(EventKind::Complete, None), NOW);
        assert_eq!(names(&board), ["b"]);
    }

    #[test]
    fn a_removal_is_news_once() {
        let mut board = Board::default();
        board.take(event(EventKind::Present, healthy("a")), NOW);
        assert_eq!(board.take(bare(EventKind::Removed, Some("a")), NOW).len(), 1);
        assert_eq!(board.take(bare(EventKind::Removed, Some("a")), NOW), []);
        assert_eq!(board.take(bare(EventKind::Dropped, None), NOW), []);
    }

    #[test]
    fn changes_are_bounded() {
        let mut board = Board::default();
        for generation in 0..1000 {
            board.take(event(EventKind::Token, AccountStatus { generation, ..healthy("a") }), NOW);
        }
        assert_eq!(board.changes().count(), KEPT);
        let newest = board.changes().next().map(|change| change.what.clone());
        assert!(matches!(newest, Some(What::Token(status)) if status.generation == 999));
    }
}
