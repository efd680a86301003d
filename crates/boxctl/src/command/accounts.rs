//! `boxctl accounts`: lists the names.

use crate::{daemon, failure::Failure, global::Global, output::print, terminal::tame};

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let names = daemon::connect_any(global)?.accounts()?;
    if global.json {
        return print(&(boxd_json::line(&serde_json::json!({ "schema": 1, "accounts": names })) + "\n"));
    }
    print(&names.iter().map(|name| tame(name) + "\n").collect::<String>())
}
