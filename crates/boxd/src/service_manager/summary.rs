//! One line for `systemctl status`: how the accounts are.

use std::collections::BTreeMap;

use boxd_proto::{Event, EventKind};

use super::notice::tell;
use crate::broker::Broker;

/// Names that are told one by one.
const MOST_NAMED: usize = 3;

/// Tells how the accounts are whenever that changes, for as long as boxd runs; returns at once without systemd.
pub(crate) async fn tell_summaries(broker: Broker) {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    let mut told = String::new();
    loop {
        let mut accounts = Accounts::default();
        let Ok(mut watch) = broker.watch(None, None) else { return };
        // It ends where boxd was too slow to listen to itself: then all of it is read anew.
        while let Some(event) = watch.next().await {
            if !accounts.note(&event) {
                continue;
            }
            let summary = accounts.summary();
            if summary != told {
                tell(&[sd_notify::NotifyState::Status(&summary)]);
                told = summary;
            }
        }
    }
}

/// Which account can hand out a token.
#[derive(Debug, Default)]
struct Accounts {
    ready: BTreeMap<String, bool>,
    is_complete: bool,
}

impl Accounts {
    /// Takes an event in; `true` once all accounts are known.
    fn note(&mut self, event: &Event) -> bool {
        match (&event.account, &event.status) {
            (Some(account), Some(status)) => {
                self.ready.insert(account.clone(), status.token);
            }
            (Some(account), None) if event.kind == EventKind::Removed => {
                self.ready.remove(account);
            }
            _ => self.is_complete |= event.kind == EventKind::Complete,
        }
        self.is_complete
    }

    fn summary(&self) -> String {
        let without: Vec<&str> =
            self.ready.iter().filter(|(_, ready)| !**ready).map(|(name, _)| name.as_str()).collect();
        match (self.ready.len(), without.as_slice()) {
            (0, _) => "no account yet: boxctl login, or boxctl import".into(),
            (1, []) => "1 account, with a token at hand".into(),
            (all, []) => format!("{all} accounts, each with a token at hand"),
            (all, without) => {
                let more = if without.len() > MOST_NAMED { ", ..." } else { "" };
                let named = without.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
                format!(
                    "{} of {all} accounts without a token ({named}{more}): see boxctl status",
                    without.len()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(ready: &[(&str, bool)]) -> Accounts {
        Accounts {
            ready: ready.iter().map(|(name, ready)| ((*name).to_owned(), *ready)).collect(),
            is_complete: true,
        }
    }

    #[test]
    fn names_those_that_need_something() {
        assert_eq!(accounts(&[]).summary(), "no account yet: boxctl login, or boxctl import");
        assert_eq!(accounts(&[("a", true)]).summary(), "1 account, with a token at hand");
        assert_eq!(accounts(&[("a", true), ("b", true)]).summary(), "2 accounts, each with a token at hand");
        let many = [("a", false), ("b", true), ("c", false), ("d", false), ("e", false)];
        assert_eq!(
            accounts(&many).summary(),
            "4 of 5 accounts without a token (a, c, d, ...): see boxctl status"
        );
    }

    #[test]
    fn says_nothing_before_all_are_known() {
        let mut accounts = Accounts::default();
        let event = |kind, account: Option<&str>| Event {
            id: None,
            kind,
            account: account.map(str::to_owned),
            status: None,
            detail: None,
        };
        assert!(!accounts.note(&event(EventKind::Present, Some("a"))));
        assert!(accounts.note(&event(EventKind::Complete, None)));
        accounts.ready.insert("a".into(), true);
        assert!(accounts.note(&event(EventKind::Removed, Some("a"))));
        assert_eq!(accounts.ready.len(), 0);
    }
}
