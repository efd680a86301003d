//! Asks a program of the system, for a bounded time.

use std::{
    io::Read as _,
    process::{Command, Stdio},
    time::Duration,
};

/// One that takes longer does not tell anything.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(10);

/// What it prints; `None` where it is not there, fails or hangs. Its answer must fit into a pipe (64 KiB).
pub(super) fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut waited = Duration::ZERO;
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.success(),
            Ok(None) if waited < PATIENCE => {
                std::thread::sleep(STEP);
                waited += STEP;
            }
            Ok(None) | Err(_) => {
                // It is not asked again; that it cannot be ended changes nothing.
                drop(child.kill());
                drop(child.wait());
                return None;
            }
        }
    };
    let mut text = String::new();
    child.stdout.take()?.read_to_string(&mut text).ok()?;
    ended.then_some(text)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_or_nothing() {
        assert_eq!(ask("echo", &["a b"]).as_deref(), Some("a b\n"));
        assert_eq!(ask("false", &[]), None);
        assert_eq!(ask("/nonexistent/program", &[]), None);
    }
}
