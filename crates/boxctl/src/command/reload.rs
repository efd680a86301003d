//! `boxctl reload`: has boxd read its configuration anew.

use crate::{daemon, failure::Failure, global::Global, output::print};

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    daemon::connect(global)?.reload()?;
    if global.json {
        return print(&(boxd_json::line(&serde_json::json!({ "schema": 1, "reloaded": true })) + "\n"));
    }
    print("the configuration was read anew\n")
}
