//! stderr that never holds boxd up: what its reader does not take is left out, and counted.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for a reader that was quick enough so far, in milliseconds.
const PATIENCE_MILLIS: i64 = 50;
/// What a pipe takes in one go once it takes anything (`PIPE_BUF`, pipe(7)).
const PIECE: usize = 4096;

/// The lines that were left out since the last one that was not.
#[derive(Clone, Debug, Default)]
pub(super) struct Stderr {
    left_out: Arc<AtomicU64>,
}

/// For one line.
#[derive(Debug)]
pub(super) struct Line {
    left_out: Arc<AtomicU64>,
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { left_out: Arc::clone(&self.left_out) }
    }
}

impl Write for Line {
    /// Never fails: nobody could be told.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let before = self.left_out.load(Ordering::Relaxed);
        if !takes_more(if before == 0 { PATIENCE_MILLIS } else { 0 }) {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return Ok(line.len());
        }
        if before > 0 {
            self.left_out.fetch_sub(before, Ordering::Relaxed);
            let told = format!("{before} lines of the log are missing here: nobody read them\n");
            io::stderr().write_all(told.as_bytes()).ok();
        }
        for piece in line.chunks(PIECE) {
            if !takes_more(PATIENCE_MILLIS) || io::stderr().write_all(piece).is_err() {
                break;
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether stderr takes a piece without making anybody wait.
#[cfg(unix)]
fn takes_more(patience_millis: i64) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stderr = io::stderr();
    let mut polled = [PollFd::new(&stderr, PollFlags::OUT)];
    let patience = Timespec { tv_sec: 0, tv_nsec: patience_millis.saturating_mul(1_000_000) };
    // What cannot be asked, such as a file, does not wait.
    poll(&mut polled, Some(&patience)) != Ok(0)
}

#[cfg(windows)]
fn takes_more(_patience_millis: i64) -> bool {
    true
}
