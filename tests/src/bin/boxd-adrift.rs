//! boxd, but for its clock: it sleeps and is set as the lines on standard input say. For tests; never shipped.
//!
//! `sleep SECONDS`: the machine sleeps for so long. `step SECONDS`: its wall clock is set, forwards or (negative) back.
//! The same words as arguments count from the start on; there `boot N` makes it another boot of the machine.

use std::{process::ExitCode, sync::Arc, thread, time::Duration};

use boxd::{
    clock::Clock,
    drift::Drift,
    run::{self, Options},
};
use boxd_engine::BootId;

#[expect(clippy::print_stderr, reason = "the last word of a process that cannot log it")]
fn main() -> ExitCode {
    let drift = Arc::new(Drift::default());
    let mut boot_id = None;
    for argument in std::env::args().skip(1) {
        match argument.strip_prefix("boot ").map(str::parse) {
            Some(Ok(boot)) => boot_id = Some(BootId([boot; 16])),
            _ if obey(&drift, &argument) => {}
            _ => return ExitCode::from(run::USAGE),
        }
    }
    let listener = Arc::clone(&drift);
    let clock = Clock::adrift(drift, boot_id);
    thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            obey(&listener, &line);
        }
    });
    let place = |name: &str| std::env::var_os(name).map(Into::into);
    let options = Options {
        config: place("BOXD_CONFIG"),
        state_dir: place("BOXD_STATE_DIR"),
        socket: place("BOXD_SOCKET"),
        allow_network_fs: false,
    };
    let filter = std::env::var("BOXD_LOG").unwrap_or_else(|_| "info".into());
    let started = boxd::logging::start(&filter, None).map_err(|error| error.to_string());
    match started.and_then(|()| run::serve_by(&options, clock).map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("boxd-adrift: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the order was understood.
fn obey(drift: &Drift, order: &str) -> bool {
    match order.split_once(' ').map(|(verb, seconds)| (verb, seconds.parse::<i64>())) {
        Some(("sleep", Ok(seconds))) => drift.sleep(Duration::from_secs(seconds.unsigned_abs())),
        Some(("step", Ok(seconds))) => drift.step(seconds.saturating_mul(1000)),
        _ => return false,
    }
    true
}
