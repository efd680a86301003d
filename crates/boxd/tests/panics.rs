//! A fault in boxd's own code ends the process at once, and tells no data.
#![cfg(unix)]
#![expect(clippy::expect_used, reason = "a helper of a test fails by panicking")]

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{Command, Stdio},
};

/// Set in the process that is to fail, to what its panic says.
const ROLE: &str = "BOXD_TEST_PANICS";
const SIGABRT: i32 = 6;

/// Runs this test's own program as a boxd that panics in a task of the runtime; its signal, and what it said.
fn end_of(role: &str) -> (Option<i32>, String) {
    let this = std::env::current_exe().expect("a test has a program");
    let output = Command::new(this)
        .args(["--exact", "the_process_that_fails", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env("RUST_BACKTRACE", "full")
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    (output.status.signal(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_process_that_fails() {
    let Ok(role) = std::env::var(ROLE) else { return };
    boxd::hardening::take_measures();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be had");
    runtime.block_on(async {
        let task = tokio::spawn(async move {
            assert!(role != "fixed", "it stands in the source");
            panic!("the token is {role}");
        });
        // A runtime alone would catch it, and go on.
        drop(task.await);
    });
}

#[test]
fn a_panic_aborts_and_tells_its_place() {
    let (signal, said) = end_of("fixed");
    assert_eq!(signal, Some(SIGABRT), "{said}");
    assert!(said.contains("tests/panics.rs:") && said.contains("it stands in the source"), "{said}");
}

#[test]
fn a_message_that_was_put_together_is_withheld_and_so_is_the_backtrace() {
    let (signal, said) = end_of("CANARY");
    assert_eq!(signal, Some(SIGABRT), "{said}");
    assert!(said.contains("tests/panics.rs:") && said.contains("withheld"), "{said}");
    assert!(!said.contains("CANARY") && !said.contains("backtrace:"), "{said}");
}
