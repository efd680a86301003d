//! Ten thousand accounts: how soon a daemon serves them, what a status costs, and how their renewals are spread.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use boxd_client::{AccountStatus, Client, TokenRequest};
use boxd_tests::Sandbox;

use crate::{
    median,
    programs::{Programs, Running, import},
    report,
};

/// Accounts; `BOXD_BENCH_ACCOUNTS` says otherwise.
const ACCOUNTS: usize = 2_000;
/// Columns of the histogram.
const BUCKETS: usize = 10;

pub(crate) fn measure(programs: &Programs) {
    let wanted =
        std::env::var("BOXD_BENCH_ACCOUNTS").ok().and_then(|text| text.parse().ok()).unwrap_or(ACCOUNTS);
    let sandbox = Sandbox::start(&["--grants", &wanted.to_string(), "--access-ttl", "60m"]);
    let daemon = programs.with_grant(&sandbox);
    fill(&daemon, &sandbox);
    // Nobody asked for their first tokens, so all are due at this start.
    let daemon = programs.start(daemon.stop());
    let mut client = daemon.client();
    while client.status(None).expect("a status").iter().any(|account| !account.token) {
        std::thread::sleep(Duration::from_millis(100));
    }
    spread(&mut client, wanted);
    start(programs, daemon, wanted);
}

fn fill(daemon: &Running, sandbox: &Sandbox) {
    let mut client = daemon.client();
    let tokens = sandbox.line["refresh_tokens"].as_array().expect("tokens");
    for (index, token) in tokens.iter().enumerate().skip(1) {
        let token = token.as_str().expect("a token");
        client.import(import(sandbox, &format!("account-{index}"), token, false)).expect("an import");
    }
}

fn start(programs: &Programs, daemon: Running, wanted: usize) {
    let home = daemon.stop();
    let begun = Instant::now();
    let daemon = programs.start(home);
    let mut client = daemon.client();
    let request = TokenRequest { account: Some(format!("account-{}", wanted - 1)), ..Default::default() };
    client.token(&request).expect("a token");
    let took = begun.elapsed();
    report(&format!("start to the first token ({wanted} accounts)"), &format!("{took:.2?}"), "<= 2 s");
    let mut samples = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        client.status(None).expect("a status");
        samples.push(begun.elapsed().as_secs_f64());
    }
    report(
        &format!("status of all over the socket ({wanted} accounts)"),
        &format!("{:.0} ms", 1000.0 * median(samples)),
        "<= 100 ms",
    );
    whole_status(programs, &daemon, wanted);
}

fn whole_status(programs: &Programs, daemon: &Running, wanted: usize) {
    let begun = Instant::now();
    let status = Command::new(&programs.boxctl)
        .args(["status", "--json"])
        .env("BOXD_SOCKET", daemon.socket())
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("boxctl starts").success());
    report(&format!("boxctl status --json ({wanted} accounts)"), &format!("{:.0?}", begun.elapsed()), "");
}

/// All were renewed at one start; when each is renewed next.
fn spread(client: &mut Client, wanted: usize) {
    let accounts = client.status(None).expect("a status");
    let mut due: Vec<i64> = accounts.iter().filter_map(|one: &AccountStatus| one.next_refresh_at).collect();
    due.sort_unstable();
    let (Some(first), Some(last)) = (due.first().copied(), due.last().copied()) else { return };
    let width = (last - first).max(1);
    let mut buckets = [0_usize; BUCKETS];
    for date in &due {
        let bucket = usize::try_from((date - first) * 10 / (width + 1)).unwrap_or(0);
        buckets[bucket.min(BUCKETS - 1)] += 1;
    }
    let fullest = buckets.iter().max().copied().unwrap_or(0);
    let span = Duration::from_secs(u64::try_from(width).unwrap_or(0));
    report(
        &format!("next renewals of {wanted}: over {span:?}, fullest tenth / mean"),
        &format!("{} %", fullest * BUCKETS * 100 / due.len().max(1)),
        "",
    );
    report("  by tenths", &format!("{buckets:?}"), "");
}
