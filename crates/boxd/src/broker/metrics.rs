//! What Prometheus is told of accounts: one pass over all of them, then text made piece by piece.

use std::{sync::Arc, time::Duration};

use boxd_engine::{Now, WallTime};
use boxd_proto::{GrantState, Response};

use super::{Broker, account::Account, status::grant_state, tally::OUTCOMES};
use crate::metrics::{Exposition, Kind};

/// From this size on, in bytes, a piece is sent before more is made; far below a frame.
const ENOUGH: usize = 16 * 1024;

/// Every state, in the order in which they are told.
const STATES: [GrantState; 8] = [
    GrantState::Absent,
    GrantState::Healthy,
    GrantState::Spending,
    GrantState::InDoubt,
    GrantState::Unsaved,
    GrantState::Backoff,
    GrantState::LoginRequired,
    GrantState::ActionRequired,
];

/// One account at one moment.
#[derive(Debug)]
struct Row {
    account: Arc<Account>,
    state: GrantState,
    token_ends: Option<i64>,
    login_deadline: Option<i64>,
    served: u64,
    refreshes: [u64; OUTCOMES.len()],
}

/// One family of samples with an account.
struct Family {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    samples: fn(&mut Exposition, &'static str, &Row),
}

const FAMILIES: [Family; 5] = [
    Family {
        name: "boxd_token_expiry_timestamp_seconds",
        kind: Kind::Gauge,
        help: "When the token that is handed out ends, by Box's word.",
        samples: |text, name, row| {
            if let Some(ends) = row.token_ends {
                text.sample(name, &[("account", row.name())], ends);
            }
        },
    },
    Family {
        name: "boxd_login_deadline_timestamp_seconds",
        kind: Kind::Gauge,
        help: "When the refresh token dies if it cannot be renewed, and a person is needed.",
        samples: |text, name, row| {
            if let Some(deadline) = row.login_deadline {
                text.sample(name, &[("account", row.name())], deadline);
            }
        },
    },
    Family {
        name: "boxd_account_state",
        kind: Kind::Gauge,
        help: "1 for the state that the account is in, 0 for the others.",
        samples: |text, name, row| {
            for state in STATES {
                let labels = [("account", row.name()), ("state", boxd_json::state(state))];
                text.sample(name, &labels, u8::from(state == row.state));
            }
        },
    },
    Family {
        name: "boxd_refreshes_total",
        kind: Kind::Counter,
        help: "Attempts to renew the token, by how they ended.",
        samples: |text, name, row| {
            for (outcome, count) in OUTCOMES.iter().zip(row.refreshes) {
                text.sample(name, &[("account", row.name()), ("outcome", outcome)], count);
            }
        },
    },
    Family {
        name: "boxd_tokens_served_total",
        kind: Kind::Counter,
        help: "Tokens handed out, derived ones too.",
        samples: |text, name, row| text.sample(name, &[("account", row.name())], row.served),
    },
];

// === impl Row ===

impl Row {
    fn name(&self) -> &str {
        self.account.name.as_str()
    }
}

impl Broker {
    /// Prometheus' text of these accounts, in pieces; for the owner also what concerns all clients.
    pub(super) fn metrics(
        &self,
        accounts: &[Arc<Account>],
        is_owner: bool,
    ) -> impl Iterator<Item = Response> + Send + use<> {
        let now = self.clock.now();
        let rows: Vec<Row> = accounts.iter().map(|account| self.row(account, now)).collect();
        let mut own = Exposition::default();
        own.family("boxd_accounts", Kind::Gauge, "Accounts that boxd looks after.");
        own.sample("boxd_accounts", &[], rows.len());
        if is_owner {
            self.add_what_concerns_all(&mut own);
        }
        std::iter::once(own.into_text()).chain(Pieces { rows, family: 0, row: 0 }).map(Response::Metrics)
    }

    fn add_what_concerns_all(&self, own: &mut Exposition) {
        own.family("boxd_watchers", Kind::Gauge, "Clients that watch events, in either protocol.");
        own.sample("boxd_watchers", &[], self.feed.watchers());
        let name = "boxd_audit_records_waiting_as_lost";
        own.family(
            name,
            Kind::Gauge,
            "Records that the audit log could not take, and does not account for yet.",
        );
        own.sample(name, &[], self.audit.lost());
    }

    fn row(&self, account: &Arc<Account>, now: Now) -> Row {
        let view = account.view.borrow();
        let served = view.serve(now.boot, Duration::ZERO);
        let deadline = view.login_deadline(now, self.clock.boot_id());
        Row {
            state: grant_state(view.state),
            token_ends: served.map(|served| now.wall.after(served.box_for).unix_seconds()),
            login_deadline: deadline.map(WallTime::unix_seconds),
            served: account.tally.served(),
            refreshes: account.tally.refreshes(),
            account: Arc::clone(account),
        }
    }
}

/// The families one after another, in each the accounts.
struct Pieces {
    rows: Vec<Row>,
    family: usize,
    row: usize,
}

impl Iterator for Pieces {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let family = FAMILIES.get(self.family)?;
        let mut text = Exposition::default();
        if self.row == 0 {
            text.family(family.name, family.kind, family.help);
        }
        while text.len() < ENOUGH {
            let Some(row) = self.rows.get(self.row) else {
                self.family += 1;
                self.row = 0;
                return Some(text.into_text());
            };
            (family.samples)(&mut text, family.name, row);
            self.row += 1;
        }
        Some(text.into_text())
    }
}
