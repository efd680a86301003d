//! Whole processes: `boxctl token` against the smallest client, and a daemon's start to its first token.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use boxd_client::TokenRequest;
use boxd_tests::Sandbox;

use crate::{median, programs::Programs, report};

/// Runs of each program, in turn.
const RUNS: usize = 400;
/// Starts of the daemon.
const STARTS: usize = 20;

pub(crate) fn measure(programs: &Programs) {
    let sandbox = Sandbox::start(&[]);
    let mut daemon = programs.with_grant(&sandbox);
    let socket = daemon.socket();
    let (mut ours, mut floor, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let token = millis(Command::new(&programs.boxctl).arg("token").env("BOXD_SOCKET", &socket));
        let least = millis(Command::new(&programs.round_trip).arg(&socket));
        ratios.push(token / least);
        ours.push(token);
        floor.push(least);
    }
    let (ours, floor) = (median(ours), median(floor));
    report(
        "boxctl token / smallest client, whole process, median",
        &format!("{:.2}", ours / floor),
        "<= 1.25",
    );
    report("  the same, median of the ratios pair by pair", &format!("{:.2}", median(ratios)), "");
    report("  boxctl token, median", &format!("{ours:.2} ms"), "");

    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let home = daemon.stop();
        let began = Instant::now();
        daemon = programs.start(home);
        daemon.client().token(&TokenRequest::default()).expect("a token");
        starts.push(began.elapsed().as_secs_f64() * 1e3);
    }
    report(
        "start of boxd to its first token from disk, median",
        &format!("{:.1} ms", median(starts)),
        "<= 15 ms",
    );
    report("size of boxctl", &size(&programs.boxctl), "<= 1.2 MB");
    report("size of boxd", &size(&programs.boxd), "");
}

fn size(program: &Path) -> String {
    let bytes = fs::metadata(program).expect("the program").len();
    format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000)
}

fn millis(command: &mut Command) -> f64 {
    let began = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("the program runs");
    assert!(status.success(), "{command:?} failed");
    began.elapsed().as_secs_f64() * 1e3
}
