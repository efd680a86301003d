//! A program that ends where boxctl is killed, with all that it has started.

use std::{os::windows::io::AsHandle as _, process::Child};

use boxd_os::windows::Job;

/// Holds the program in a job; where the system gives none the program is on its own, as it is on macOS.
#[derive(Debug)]
pub(super) struct Tied(Option<Job>);

impl Tied {
    pub(super) fn of(child: &Child) -> Self {
        Self(Job::of(child.as_handle()).and_then(|job| job.bind().map(|()| job)).ok())
    }

    /// Ends the program at once, and with it what it has started: of a shim (`npm.cmd`) there is nothing else to end.
    pub(super) fn end(&self) -> bool {
        self.0.as_ref().is_some_and(|job| job.end().is_ok())
    }

    /// The program has ended by itself: what it left running goes on.
    pub(super) fn let_go(self) {
        if let Some(job) = self.0 {
            job.release().ok();
        }
    }
}
