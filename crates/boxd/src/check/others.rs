//! What others than the owner get, and whether it goes on record.

use super::{Report, found};
use crate::{config::Config, store::Inspection};

/// The access rules, and the audit log where it is not as usual.
pub(super) fn describe(config: &Config, store: &Inspection, report: &mut Report) {
    for rule in config.access() {
        report.line("access", rule);
        let is_missing = |name: &&crate::account_name::AccountName| {
            !config.accounts().contains_key(*name) && found(store, name).is_none()
        };
        for name in rule.accounts.iter().filter(is_missing) {
            report.remark(format!("there is no account {name} yet"));
        }
    }
    let audit = config.audit();
    if !audit.enabled {
        report.line("audit", "who is given which token is not recorded");
    } else if audit.required {
        report.line("audit", "no token leaves before its record is on the disk");
    }
}
