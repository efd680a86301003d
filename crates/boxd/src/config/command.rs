//! Runs a command for its output: without a shell, without input, and not for ever.

use std::{
    io::{self, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

use crate::group::Group;

/// Most output that is read, in bytes: more is no secret.
const OUTPUT_LIMIT: u64 = 64 * 1024;
/// Most of the end of its standard error that is kept, in bytes.
const KEPT_COMPLAINT: usize = 2048;
/// Most of that which is told, in characters.
const TOLD_COMPLAINT: usize = 300;

/// The end of what a command wrote to its standard error so far.
#[derive(Clone, Default)]
struct Complaint(Arc<Mutex<Vec<u8>>>);

struct Outcome {
    status: io::Result<ExitStatus>,
    output: io::Result<Zeroizing<Vec<u8>>>,
}

/// Standard output of a command that succeeds before the deadline, or why there is none.
pub(super) fn output(words: &[String], deadline: Duration) -> Result<Zeroizing<Vec<u8>>, String> {
    let (program, arguments) = words.split_first().ok_or("no command is given")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // So that its children end with it.
    Group::prepare(&mut command);
    let child = command.spawn().map_err(|error| format!("cannot be run: {error}"))?;

    let group = Group::of(&child);
    let complaint = Complaint::default();
    let (sender, receiver) = mpsc::channel();
    let heard = complaint.clone();
    let reading = thread::Builder::new().spawn(move || {
        // Nobody listens once the deadline has passed.
        sender.send(outcome(child, heard)).ok();
    });
    if let Err(error) = reading {
        group.end();
        return Err(format!("its output cannot be read: {error}"));
    }
    let Ok(outcome) = receiver.recv_timeout(deadline) else {
        group.end();
        return Err(format!("no answer within {} s{}", deadline.as_secs_f32(), complaint.told()));
    };
    match (outcome.status, outcome.output) {
        (Ok(status), Ok(output)) if status.success() => match output.len() {
            0 => Err(format!("it printed nothing{}", complaint.told())),
            length if u64::try_from(length).is_ok_and(|length| length <= OUTPUT_LIMIT) => Ok(output),
            _ => Err("more than 64 KiB of output".to_owned()),
        },
        (Ok(status), Ok(_)) => Err(format!("{status}{}", complaint.told())),
        (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
    }
}

/// Reads both outputs to their end, and waits.
fn outcome(mut child: Child, complaint: Complaint) -> Outcome {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let listener = thread::Builder::new().spawn(move || stderr.map(|stream| complaint.listen(stream)));
    let output = stdout.map_or_else(|| Ok(Zeroizing::default()), bounded);
    let status = child.wait();
    // A listener that panicked aborts the process.
    if let Ok(listener) = listener {
        listener.join().ok();
    }
    Outcome { status, output }
}

/// All of a stream is read, so that its writer is never held up, but only so much is kept.
fn bounded(mut stream: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut kept = Zeroizing::new(Vec::with_capacity(4096));
    stream.by_ref().take(OUTPUT_LIMIT + 1).read_to_end(&mut kept)?;
    io::copy(&mut stream, &mut io::sink())?;
    Ok(kept)
}

impl Complaint {
    /// Reads a stream to its end and keeps the last of it.
    fn listen(&self, mut stream: impl Read) {
        let mut piece = [0; 1024];
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(piece.get(..length).unwrap_or_default());
            let surplus = kept.len().saturating_sub(KEPT_COMPLAINT);
            kept.drain(..surplus);
        }
    }

    /// Its end as one short line for people: nothing in it can move a cursor or turn text around.
    fn told(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        as_one_line(&kept)
    }
}

/// The end of an output as one short line after a colon; nothing where there was none.
pub(crate) fn as_one_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let surplus = text.trim().chars().count().saturating_sub(TOLD_COMPLAINT);
    let line: String =
        text.trim().chars().skip(surplus).map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
    if line.trim().is_empty() { String::new() } else { format!(": {}", line.trim()) }
}

/// Control characters, and those that change the direction or the lines of a text (Unicode `Bidi_Control`, Zl, Zp).
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
