//! Finds records in the files of the log.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

use boxd_proto::{AuditOutcome, AuditQuery, AuditRecord};
use tokio::sync::mpsc;

use super::{file, line};

/// A line that is longer is none of ours.
const LONGEST_LINE: u64 = 64 * 1024;

/// Sends what is wanted, the oldest first, until nobody takes it any more. Blocking.
pub(super) fn read(
    directory: &Path,
    query: &AuditQuery,
    earliest: Option<i64>,
    found: &mpsc::Sender<AuditRecord>,
) {
    for file in file::all(directory) {
        let mut reader = BufReader::new(file);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            // Half a line, left by a crash, is passed over.
            let Some(record) = std::str::from_utf8(&bytes).ok().and_then(line::record) else { continue };
            if is_wanted(&record, query, earliest) && found.blocking_send(record).is_err() {
                return;
            }
        }
    }
}

fn is_wanted(record: &AuditRecord, query: &AuditQuery, earliest: Option<i64>) -> bool {
    let is = |wanted: &str| record.account.as_deref() == Some(wanted);
    // What is missing may be just what is looked for.
    let is_lost = record.outcome == AuditOutcome::Lost;
    let is_of = query.account.as_deref().is_none_or(is)
        && query.generation.is_none_or(|generation| record.generation == Some(generation));
    (is_lost || is_of) && earliest.is_none_or(|earliest| record.until >= earliest)
}
