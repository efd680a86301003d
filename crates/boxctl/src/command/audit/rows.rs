//! Records made few: one row for all processes of a program that did the same.

use std::collections::{BTreeMap, HashMap};

use boxd_client::AuditRecord;

/// Rows by what they have in common.
#[derive(Debug, Default)]
pub(super) struct Rows(HashMap<AuditRecord, Seen>);

#[derive(Debug)]
struct Seen {
    first: i64,
    last: i64,
    count: u64,
    pid: Option<u32>,
    started: Option<u64>,
}

impl Rows {
    /// Adds a record.
    pub(super) fn add(&mut self, record: AuditRecord) {
        let AuditRecord { time, until, count, pid, started, .. } = record;
        let key = AuditRecord { time: 0, until: 0, count: 0, pid: None, started: None, ..record };
        let row = self.0.entry(key).or_insert(Seen { first: time, last: until, count: 0, pid, started });
        row.first = row.first.min(time);
        row.count = row.count.saturating_add(count);
        if until >= row.last {
            (row.last, row.pid, row.started) = (until, pid, started);
        }
    }

    /// All of them, the newest last. Process and start are those of the last time.
    pub(super) fn by_date(self) -> Vec<AuditRecord> {
        let mut records: Vec<AuditRecord> = self.0.into_iter().map(joined).collect();
        records.sort_by(|one, other| {
            (one.until, &one.account, one.generation).cmp(&(other.until, &other.account, other.generation))
        });
        records
    }

    /// The last token that each program got of each account, by account.
    pub(super) fn last_of_each_program(self) -> Vec<AuditRecord> {
        let mut last: BTreeMap<_, AuditRecord> = BTreeMap::new();
        for record in self.by_date() {
            let who = (record.uid, record.program.clone(), record.unit.clone(), record.socket.clone());
            let what = (record.account.clone(), record.user.clone(), record.scope.clone());
            last.insert((what, record.resource.clone(), who), record);
        }
        last.into_values().collect()
    }
}

fn joined((record, seen): (AuditRecord, Seen)) -> AuditRecord {
    let Seen { first, last, count, pid, started } = seen;
    AuditRecord { time: first, until: last, count, pid, started, ..record }
}
