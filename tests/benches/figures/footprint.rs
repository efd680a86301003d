//! Memory after many renewals, memory of many accounts, and wake-ups of an idle daemon.

use std::{thread, time::Duration};

use boxd_tests::Sandbox;
use tempfile::TempDir;

use crate::{
    programs::{Programs, import},
    report,
};

/// Renewals over TLS before memory is read.
const RENEWALS: usize = 100;
/// Accounts; `BOXD_BENCH_ACCOUNTS` says otherwise.
const ACCOUNTS: usize = 2_000;

pub(crate) fn measure(programs: &Programs) {
    after_renewals(programs);
    of_accounts(programs);
}

fn after_renewals(programs: &Programs) {
    let directory = TempDir::new().expect("a directory");
    let ca_file = directory.path().join("ca.pem");
    let sandbox = Sandbox::start(&["--tls", "--ca-out", &ca_file.display().to_string()]);
    let daemon = programs.with_grant(&sandbox);
    for _ in 0..RENEWALS {
        daemon.client().refresh(None, None).expect("a renewal");
    }
    // Threads of the store end a moment after their last work.
    thread::sleep(Duration::from_secs(4));
    report("RssAnon after 100 renewals over TLS", &format!("{} KiB", daemon.kib("RssAnon")), "<= 3 MB");
    report("RSS after 100 renewals over TLS", &format!("{} KiB", daemon.kib("VmRSS")), "<= 11 MB");
    let before = daemon.wakeups();
    thread::sleep(Duration::from_secs(10));
    report("wake-ups in 10 s of idling", &(daemon.wakeups() - before).to_string(), "0");
}

fn of_accounts(programs: &Programs) {
    let wanted =
        std::env::var("BOXD_BENCH_ACCOUNTS").ok().and_then(|text| text.parse().ok()).unwrap_or(ACCOUNTS);
    let sandbox = Sandbox::start(&["--grants", &wanted.to_string()]);
    let daemon = programs.with_grant(&sandbox);
    let mut client = daemon.client();
    for (index, token) in
        sandbox.line["refresh_tokens"].as_array().expect("tokens").iter().enumerate().skip(1)
    {
        let token = token.as_str().expect("a token");
        client.import(import(&sandbox, &format!("account-{index}"), token, true)).expect("an import");
    }
    drop(client);
    // Memory of a daemon that reads them all at its start, against one with a single account.
    let many = programs.start(daemon.stop());
    many.client()
        .token(&boxd_client::TokenRequest { account: Some("account-1".into()), ..Default::default() })
        .expect("a token");
    thread::sleep(Duration::from_secs(4));
    let single = programs.with_grant(&Sandbox::start(&[]));
    thread::sleep(Duration::from_secs(4));
    let difference = many.kib("RssAnon").saturating_sub(single.kib("RssAnon")) * 1024;
    let each = difference / u64::try_from(wanted).expect("a number");
    report(
        &format!("RssAnon of each further account ({wanted} accounts)"),
        &format!("{each} B"),
        "<= 4096 B",
    );
}
