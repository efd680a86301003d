//! `boxctl rename`: gives an account another name.

use crate::{command::status, daemon, failure::Failure, global::Global};

pub(super) fn run(global: &Global, old: &str, new: &str) -> Result<(), Failure> {
    let status = daemon::connect(global)?.rename(old, new)?;
    status::display(global, std::slice::from_ref(&status))
}
