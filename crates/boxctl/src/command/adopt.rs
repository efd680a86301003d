//! `boxctl adopt`: takes over the grant of a store that came from another machine.

use crate::{command::status, daemon, failure::Failure, global::Global};

pub(super) fn run(global: &Global, account: &str) -> Result<(), Failure> {
    let status = daemon::connect(global)?.adopt(account)?;
    status::display(global, std::slice::from_ref(&status))
}
