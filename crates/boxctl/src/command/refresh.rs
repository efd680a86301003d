//! `boxctl refresh`: renews now and waits for the outcome.

use crate::{args::Global, command::status, daemon, failure::Failure};

pub(super) fn run(global: &Global, account: Option<&str>) -> Result<(), Failure> {
    let status = daemon::connect(global)?.refresh(global.account_or(account).as_deref(), None)?;
    status::show(global, std::slice::from_ref(&status))
}
