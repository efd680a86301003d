//! Runs a command for its output: without a shell, without input, and not for ever.

use std::{
    io::{self, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

/// Most output that is read, in bytes: more is no secret.
const OUTPUT_LIMIT: u64 = 64 * 1024;
/// Most of its standard error that is told, in characters.
const COMPLAINT_LIMIT: usize = 300;

struct Outcome {
    status: io::Result<ExitStatus>,
    output: io::Result<Zeroizing<Vec<u8>>>,
    complaint: Vec<u8>,
}

/// Standard output of a command that succeeds before the deadline, or why there is none.
pub(super) fn output(words: &[String], deadline: Duration) -> Result<Zeroizing<Vec<u8>>, String> {
    let (program, arguments) = words.split_first().ok_or("no command is given")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that its children end with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.spawn().map_err(|error| format!("cannot be run: {error}"))?;

    let id = child.id();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Nobody listens once the deadline has passed.
        sender.send(outcome(child)).ok();
    });
    let Ok(outcome) = receiver.recv_timeout(deadline) else {
        end_group(id);
        return Err(format!("no answer within {} s", deadline.as_secs_f32()));
    };
    match (outcome.status, outcome.output) {
        (Ok(status), Ok(output)) if status.success() => {
            let length = u64::try_from(output.len()).unwrap_or(u64::MAX);
            if length > OUTPUT_LIMIT { Err("more than 64 KiB of output".to_owned()) } else { Ok(output) }
        }
        (Ok(status), Ok(_)) => Err(format!("{status}{}", printable(&outcome.complaint))),
        (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
    }
}

/// Reads both outputs to their end, and waits.
fn outcome(mut child: Child) -> Outcome {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let complaint = thread::spawn(move || {
        let bytes = stderr.map(bounded);
        bytes.and_then(Result::ok).map(|bytes| bytes.to_vec()).unwrap_or_default()
    });
    let output = stdout.map_or_else(|| Ok(Zeroizing::default()), bounded);
    Outcome { status: child.wait(), output, complaint: complaint.join().unwrap_or_default() }
}

/// All of a stream is read, so that its writer is never held up, but only so much is kept.
fn bounded(mut stream: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut kept = Zeroizing::new(Vec::with_capacity(4096));
    stream.by_ref().take(OUTPUT_LIMIT + 1).read_to_end(&mut kept)?;
    io::copy(&mut stream, &mut io::sink())?;
    Ok(kept)
}

/// The end of a complaint as one short line.
fn printable(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let surplus = text.trim().chars().count().saturating_sub(COMPLAINT_LIMIT);
    let line: String = line.skip(surplus).collect();
    if line.is_empty() { line } else { format!(": {line}") }
}

#[cfg(unix)]
fn end_group(id: u32) {
    let group = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may just have ended by itself.
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
    }
}

/// Elsewhere a process that hangs is left to its user.
#[cfg(not(unix))]
fn end_group(_id: u32) {}
