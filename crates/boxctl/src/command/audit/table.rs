//! The table of records, for people.

use std::collections::HashMap;

use boxd_client::{AuditOutcome, AuditRecord, AuditWay};

use super::program;
use crate::terminal::{Terminal, Tone, tame};

const HEAD: [&str; 7] = ["LAST", "ACCOUNT", "TOKEN", "PROGRAM", "WHO", "HOW", "TIMES"];

/// A longer cell stands out of its column, which is not made wider for it.
const WIDEST: usize = 60;

/// All records, aligned. `current` has the number of each account's present token, where that is of interest.
pub(super) fn render(records: &[AuditRecord], current: &HashMap<String, u64>, terminal: Terminal) -> String {
    if records.is_empty() {
        return "no such record\n".into();
    }
    let rows: Vec<[String; 7]> = records.iter().map(|record| cells(record, current)).collect();
    let mut widths = HEAD.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count().min(WIDEST));
        }
    }
    let head = line(&HEAD.map(str::to_owned), &widths);
    let mut text = terminal.paint(Tone::Faint, &head) + "\n";
    for (record, row) in records.iter().zip(&rows) {
        let line = line(row, &widths);
        let line = match record.outcome {
            AuditOutcome::Handed => line,
            _ => terminal.paint(Tone::Bad, &line),
        };
        text += &(line + "\n");
    }
    text
}

fn line(cells: &[String; 7], widths: &[usize; 7]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| {
        let padding = width.saturating_sub(cell.chars().count());
        format!("{cell}{}", " ".repeat(padding))
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn cells(record: &AuditRecord, current: &HashMap<String, u64>) -> [String; 7] {
    let last = boxd_json::date(record.until);
    if record.outcome == AuditOutcome::Lost {
        let nothing = String::new;
        let told = "records that could not be written".to_owned();
        return [last, nothing(), nothing(), told, nothing(), nothing(), record.count.to_string()];
    }
    let account = record.account.as_deref().map_or_else(|| "-".to_owned(), tame);
    [
        last,
        account,
        token(record, current),
        program(record),
        who(record),
        how(record),
        record.count.to_string(),
    ]
}

fn token(record: &AuditRecord, current: &HashMap<String, u64>) -> String {
    if record.outcome == AuditOutcome::Denied {
        return "denied".into();
    }
    let mut told = record.generation.map_or_else(|| "?".to_owned(), |number| number.to_string());
    if !record.scope.is_empty() {
        told = format!("{told} [{}]", tame(&record.scope.join(" ")));
    } else if let Some(present) = record.account.as_ref().and_then(|account| current.get(account)) {
        told += if record.generation == Some(*present) { " (current)" } else { " (older)" };
    }
    match &record.user {
        Some(user) => format!("{told} as {}", tame(user)),
        None => told,
    }
}

fn who(record: &AuditRecord) -> String {
    let by = record.socket.as_deref().map(|socket| format!(" by {}", tame(socket))).unwrap_or_default();
    match record.pid {
        Some(pid) => format!("uid {} pid {pid}{by}", record.uid),
        None => format!("uid {}{by}", record.uid),
    }
}

fn how(record: &AuditRecord) -> String {
    match record.way {
        AuditWay::Api => "lent".into(),
        other => other.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> AuditRecord {
        AuditRecord {
            time: 1_700_000_000,
            until: 1_700_000_060,
            count: 12,
            outcome: AuditOutcome::Handed,
            way: AuditWay::Http,
            account: Some("work".into()),
            generation: Some(17),
            scope: Vec::new(),
            resource: None,
            user: None,
            uid: 1000,
            pid: Some(77),
            started: None,
            program: Some("/usr/bin/rcl\u{1b}one".into()),
            unit: Some("etl.service".into()),
            socket: None,
        }
    }

    #[test]
    fn rows_are_aligned_and_tame() {
        let denied = AuditRecord { outcome: AuditOutcome::Denied, account: None, program: None, ..record() };
        let current = HashMap::from([("work".to_owned(), 17)]);
        let text = render(&[record(), denied], &current, Terminal { colours: false });
        assert_eq!(
            text,
            "LAST                  ACCOUNT  TOKEN         PROGRAM                         WHO              HOW   TIMES\n\
             2023-11-14T22:14:20Z  work     17 (current)  /usr/bin/rcl\u{fffd}one (etl.service)  uid 1000 pid 77  http  12\n\
             2023-11-14T22:14:20Z  -        denied        ? (etl.service)                 uid 1000 pid 77  http  12\n"
        );
    }

    #[test]
    fn one_long_cell_does_not_push_the_others_away() {
        let long = AuditRecord { program: Some(format!("/{}", "x".repeat(5000))), unit: None, ..record() };
        let text = render(&[long, record()], &HashMap::new(), Terminal { colours: false });
        let last = text.lines().last().unwrap();
        assert!(last.chars().count() < 200, "{last}");
    }

    #[test]
    fn a_row_stands_for_all_processes_of_a_program() {
        let mut rows = super::super::rows::Rows::default();
        rows.add(AuditRecord { until: 1_700_000_100, pid: Some(78), count: 1, ..record() });
        rows.add(record());
        rows.add(AuditRecord { generation: Some(16), until: 1_600_000_000, ..record() });
        let [older, newer] = &rows.by_date()[..] else { panic!("two tokens") };
        assert_eq!((older.generation, older.count), (Some(16), 12));
        assert_eq!((newer.count, newer.pid, newer.until), (13, Some(78), 1_700_000_100));
    }

    #[test]
    fn a_program_holds_its_last_token_only() {
        let mut rows = super::super::rows::Rows::default();
        rows.add(record());
        rows.add(AuditRecord { generation: Some(18), until: 1_700_000_200, ..record() });
        rows.add(AuditRecord { program: Some("/bin/other".into()), generation: Some(9), ..record() });
        let held: Vec<_> = rows.last_of_each_program().iter().map(|record| record.generation).collect();
        assert_eq!(held, [Some(9), Some(18)]);
    }
}
