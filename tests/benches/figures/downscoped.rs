//! A downscoped token from the cache against the account's own: whole processes, and on one connection.

use std::{
    process::{Command, Stdio},
    time::Instant,
};

use boxd_client::{ScopedTokenRequest, TokenRequest};
use boxd_tests::Sandbox;

use crate::{median, programs::Programs, report};

/// Runs of each program, in turn.
const RUNS: usize = 400;
/// Requests on one connection, in turn.
const REQUESTS: usize = 20_000;
const SCOPE: &str = "item_download";
const RESOURCE: &str = "folder:123";

pub(crate) fn measure(programs: &Programs) {
    let sandbox = Sandbox::start(&[]);
    let daemon = programs.with_grant(&sandbox);
    let scoped = ScopedTokenRequest {
        scope: vec![SCOPE.to_owned()],
        resource: Some(RESOURCE.to_owned()),
        ..ScopedTokenRequest::default()
    };
    let plain = TokenRequest::default();
    let mut client = daemon.client();
    // Into the cache.
    client.scoped_token(&scoped).expect("a downscoped token");

    let boxctl = |arguments: &[&str]| {
        let mut command = Command::new(&programs.boxctl);
        command.arg("token").args(arguments).env("BOXD_SOCKET", daemon.socket()).stdout(Stdio::null());
        seconds(|| assert!(command.status().expect("boxctl runs").success(), "boxctl failed"))
    };
    let (mut narrow, mut own, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mine = boxctl(&["--scope", SCOPE, "--resource", RESOURCE]);
        let floor = boxctl(&[]);
        ratios.push(mine / floor);
        narrow.push(mine);
        own.push(floor);
    }
    let ratio = median(narrow) / median(own);
    report("boxctl token --scope, cached / boxctl token, median", &format!("{ratio:.2}"), "<= 1.05");
    report("  the same, median of the ratios pair by pair", &format!("{:.2}", median(ratios)), "");

    let (mut narrow, mut own) = (Vec::new(), Vec::new());
    for _ in 0..REQUESTS {
        narrow.push(seconds(|| drop(client.scoped_token(&scoped).expect("a downscoped token"))));
        own.push(seconds(|| drop(client.token(&plain).expect("a token"))));
    }
    let (narrow, own) = (median(narrow), median(own));
    report("  one request on a kept connection, the same ratio", &format!("{:.2}", narrow / own), "");
}

fn seconds(run: impl FnOnce()) -> f64 {
    let began = Instant::now();
    run();
    began.elapsed().as_secs_f64()
}
