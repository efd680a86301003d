//! `boxctl refresh`: renews now and waits for the outcome.

use crate::{command::status, daemon, failure::Failure, global::Global};

pub(super) fn run(global: &Global, account: Option<&str>) -> Result<(), Failure> {
    let status = daemon::connect(global)?.refresh(global.account_or(account).as_deref(), None)?;
    status::show(global, std::slice::from_ref(&status))
}
