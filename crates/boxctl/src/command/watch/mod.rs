//! `boxctl watch`: what happens to the accounts, as it happens.

#[cfg_attr(all(windows, not(test)), expect(dead_code, reason = "only a screen asks for all that is known"))]
mod board;
mod ear;
mod lines;
#[cfg(unix)]
mod live;
#[cfg(unix)]
mod row;
mod runner;
#[cfg(unix)]
mod screen;
mod words;

use boxd_client::Watch;

use crate::{args, daemon, failure::Failure, global::Global};

use self::ear::Ear;

pub(super) fn run(global: &Global, options: &args::Watch) -> Result<(), Failure> {
    let socket = daemon::socket(global, true)?;
    let watch = Watch::connect_to(&socket, global.account_or(options.name.as_deref()).as_deref())?;
    if let Some(line) = &options.run {
        return lines::run_for_each(Ear::new(watch), line, &socket, global.json);
    }
    if global.json {
        return lines::print_json(Ear::new(watch));
    }
    #[cfg(unix)]
    if live::is_possible() {
        return live::run(Ear::new(watch));
    }
    lines::print(Ear::new(watch))
}

/// The present, in seconds since the Unix epoch: the clock by which the daemon, on the same machine, dates events.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
