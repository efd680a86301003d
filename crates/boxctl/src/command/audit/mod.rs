//! `boxctl audit`: who was given which token.

mod rows;
mod table;

use std::{collections::HashMap, time::Duration};

use boxd_client::{AuditOutcome, AuditQuery, AuditRecord, AuditWay};
use clap::Args;

use crate::{
    daemon, duration,
    failure::Failure,
    global::Global,
    output::print,
    terminal::{Terminal, tame},
};

/// What to show.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Only of this account
    #[arg(value_name = "ACCOUNT")]
    name: Option<String>,
    /// Not older than this, e.g. 15m, 1h, 2d [default: all that is kept]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    since: Option<Duration>,
    /// Only the token of this number
    #[arg(long, value_name = "NUMBER")]
    generation: Option<u64>,
    /// The last token of each program instead: which of them hold which generation
    #[arg(long)]
    holders: bool,
}

pub(super) fn run(global: &Global, options: &Options) -> Result<(), Failure> {
    let mut client = daemon::connect(global)?;
    let query = AuditQuery {
        account: global.account_or(options.name.as_deref()),
        since_seconds: options.since.map(|since| since.as_secs()),
        generation: options.generation,
    };
    let mut rows = rows::Rows::default();
    client.audit(query, |record| {
        if !options.holders || is_held(&record) {
            rows.add(record);
        }
    })?;
    let records = if options.holders { rows.last_of_each_program() } else { rows.by_date() };
    if global.json {
        let records: Vec<_> = records.iter().map(boxd_json::audit_record).collect();
        let json = serde_json::json!({ "schema": boxd_json::SCHEMA, "records": records });
        return print(&(boxd_json::line(&json) + "\n"));
    }
    // Where an account is gone its tokens are no longer current.
    let current: HashMap<String, u64> = if options.holders {
        let accounts = client.status(None)?.into_iter();
        accounts.filter(|status| status.token).map(|status| (status.account, status.generation)).collect()
    } else {
        HashMap::new()
    };
    print(&table::render(&records, &current, Terminal::of_stdout()))
}

/// Whether the program has the token: one that was lent to a call never left the daemon.
fn is_held(record: &AuditRecord) -> bool {
    record.outcome == AuditOutcome::Handed && record.way != AuditWay::Api
}

/// Who it was, for a person.
fn program(record: &AuditRecord) -> String {
    let program = record.program.as_deref().map_or_else(|| "?".to_owned(), tame);
    match &record.unit {
        Some(unit) => format!("{program} ({})", tame(unit)),
        None => program,
    }
}
