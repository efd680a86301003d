//! Counts repeats within a window of time, and bounds what one user can write in it.

use std::collections::HashMap;

use boxd_proto::{AuditOutcome, AuditRecord};

/// Different records of one window; with more the window ends early.
const MOST: usize = 4096;
/// Different records of one user other than the owner in one window. What is beyond is told by user, socket and outcome
/// alone, with the account of tokens that were handed out: who asks in ever new ways cannot push the records of others
/// out of the log.
const MOST_OF_STRANGER: u32 = 64;

/// What was seen in the present window.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// By what makes records the same.
    seen: HashMap<AuditRecord, Repeats>,
    of_strangers: HashMap<u32, u32>,
}

/// Repeats that are not written yet.
#[derive(Debug, Default)]
struct Repeats {
    count: u64,
    first: i64,
    last: i64,
    /// The first of them is on the disk, or will be before anybody is told so.
    is_secured: bool,
}

impl Window {
    /// Whether nothing was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Whether there is no room for more.
    pub(super) fn is_full(&self) -> bool {
        self.seen.len() >= MOST
    }

    /// The record, if it is new and so to be written now; else it is counted.
    pub(super) fn admit(&mut self, record: AuditRecord, trusted: bool) -> Option<AuditRecord> {
        if self.counted(&record) {
            return None;
        }
        let record = if trusted || self.has_share(record.uid) { record } else { vague(record) };
        if self.counted(&record) {
            return None;
        }
        self.seen.insert(key(&record), Repeats::default());
        Some(record)
    }

    /// The same for a record that must be on the disk: also one that is a repeat of what may not be there.
    pub(super) fn admit_secure(&mut self, record: AuditRecord, trusted: bool) -> Option<AuditRecord> {
        let record = if self.seen.contains_key(&key(&record)) || trusted || self.has_share(record.uid) {
            record
        } else {
            vague(record)
        };
        let repeats = self.seen.entry(key(&record)).or_default();
        if repeats.is_secured {
            self.counted(&record);
            return None;
        }
        repeats.is_secured = true;
        Some(record)
    }

    /// What was to be on the disk could not be written.
    pub(super) fn forget_secured(&mut self) {
        self.seen.values_mut().for_each(|repeats| repeats.is_secured = false);
    }

    /// Ends the window: the repeats that it holds.
    pub(super) fn end(&mut self) -> Vec<AuditRecord> {
        self.of_strangers.clear();
        let seen = std::mem::take(&mut self.seen).into_iter();
        let repeated = seen.filter(|(_, repeats)| repeats.count > 0);
        let mut records: Vec<AuditRecord> = repeated
            .map(|(record, Repeats { count, first, last, .. })| AuditRecord {
                time: first,
                until: last,
                count,
                ..record
            })
            .collect();
        records.sort_by_key(|record| record.until);
        records
    }

    /// Counts a record, if it was seen before.
    fn counted(&mut self, record: &AuditRecord) -> bool {
        let Some(repeats) = self.seen.get_mut(&key(record)) else { return false };
        if repeats.count == 0 {
            repeats.first = record.time;
        }
        repeats.last = record.until;
        repeats.count = repeats.count.saturating_add(record.count);
        true
    }

    fn has_share(&mut self, uid: u32) -> bool {
        let used = self.of_strangers.entry(uid).or_default();
        *used = used.saturating_add(1);
        *used <= MOST_OF_STRANGER
    }
}

/// A record as all of its repeats have it.
fn key(record: &AuditRecord) -> AuditRecord {
    AuditRecord { time: 0, until: 0, count: 0, ..record.clone() }
}

/// What remains of a record of whom there are too many.
fn vague(record: AuditRecord) -> AuditRecord {
    let account = record.account.filter(|_| record.outcome == AuditOutcome::Handed);
    AuditRecord {
        account,
        generation: None,
        scope: Vec::new(),
        resource: None,
        user: None,
        pid: None,
        started: None,
        program: None,
        unit: None,
        ..record
    }
}
