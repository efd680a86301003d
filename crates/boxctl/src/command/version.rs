//! `boxctl --version`: both versions, the daemon's where one answers.

use crate::{daemon, failure::Failure, global::Global, output::print, terminal::tame};

pub(crate) fn run(global: &Global) -> Result<(), Failure> {
    let own = env!("CARGO_PKG_VERSION");
    let daemon =
        daemon::connect_any(global).and_then(|mut client| client.info()).ok().map(|info| info.version);
    if global.json {
        return print(&(boxd_json::line(&serde_json::json!({ "boxctl": own, "boxd": daemon })) + "\n"));
    }
    match daemon {
        Some(daemon) => print(&format!("boxctl {own} (boxd {} is running)\n", tame(&daemon))),
        None => print(&format!("boxctl {own}\n")),
    }
}
