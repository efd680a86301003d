//! The one task that writes the log. It sleeps without a timer while there is nothing to write.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use boxd_proto::{AuditOutcome, AuditRecord, AuditWay};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};

use super::{Message, Secure, Settings, file::LogFile, line, merging::Window};

/// How long records are gathered before they are written together.
const GATHER: Duration = Duration::from_millis(100);
/// How long repeats are counted before they are written.
const WINDOW: Duration = Duration::from_mins(1);
/// Messages that are taken in one go.
const IN_ONE_GO: usize = 1024;

/// What is about to be written.
#[derive(Debug, Default)]
struct Batch {
    lines: String,
    records: u64,
    secure: Vec<oneshot::Sender<bool>>,
    flushed: Vec<oneshot::Sender<()>>,
    /// The date of its last record.
    last: i64,
}

/// The task.
#[derive(Debug)]
pub(super) struct Writer {
    /// Away while a thread writes it.
    file: Option<LogFile>,
    settings: watch::Receiver<Settings>,
    window: Window,
    window_ends: Option<Instant>,
    lost: Arc<AtomicU64>,
    is_failing: bool,
}

impl Batch {
    fn push(&mut self, record: &AuditRecord) {
        self.lines += &line::of(record);
        self.records = self.records.saturating_add(record.count);
        self.last = record.until;
    }
}

impl Writer {
    pub(super) fn new(directory: &Path, settings: watch::Receiver<Settings>, lost: Arc<AtomicU64>) -> Self {
        let file = Some(LogFile::new(directory, *settings.borrow()));
        Self { file, settings, window: Window::default(), window_ends: None, lost, is_failing: false }
    }

    /// Writes until nobody can send any more.
    pub(super) async fn run(
        mut self,
        mut messages: mpsc::Receiver<Message>,
        mut secure: mpsc::Receiver<Secure>,
    ) {
        let (mut taken, mut secured) = (Vec::new(), Vec::new());
        loop {
            let mut batch = Batch::default();
            let alive = tokio::select! {
                biased;
                count = secure.recv_many(&mut secured, IN_ONE_GO) => count > 0,
                count = messages.recv_many(&mut taken, IN_ONE_GO) => count > 0,
                () = due(self.window_ends) => true,
            };
            // Who never stops asking for tokens must not keep the rest waiting.
            while taken.len() < IN_ONE_GO
                && let Ok(message) = messages.try_recv()
            {
                taken.push(message);
            }
            self.secure(&mut secured, &mut batch);
            let mut urgent = self.take(&mut taken, &mut batch) || !batch.secure.is_empty();
            let deadline = Instant::now() + GATHER;
            while alive && !urgent && !batch.lines.is_empty() {
                tokio::select! {
                    biased;
                    () = sleep_until(deadline) => break,
                    count = secure.recv_many(&mut secured, IN_ONE_GO) => {
                        self.secure(&mut secured, &mut batch);
                        urgent = count == 0 || !batch.secure.is_empty();
                    }
                    count = messages.recv_many(&mut taken, IN_ONE_GO) => {
                        urgent = count == 0 || self.take(&mut taken, &mut batch);
                    }
                }
            }
            let window_ends = !alive
                || !batch.flushed.is_empty()
                || self.window.is_full()
                || self.window_ends.is_some_and(|end| end <= Instant::now());
            if window_ends {
                self.window.end().iter().for_each(|record| batch.push(record));
            }
            self.window_ends = match (self.window.is_empty(), self.window_ends) {
                (true, _) => None,
                (false, Some(end)) if !window_ends => Some(end),
                (false, _) => Some(Instant::now() + WINDOW),
            };
            self.write(batch).await;
            if !alive {
                return;
            }
        }
    }

    /// Takes into the batch what must be on the disk before somebody goes on. A repeat of what is there, or will be with
    /// this batch, is only counted: otherwise who asks without end pushes the records of others out of the log.
    fn secure(&mut self, secured: &mut Vec<Secure>, batch: &mut Batch) {
        for Secure { record, trusted, written } in secured.drain(..) {
            if let Some(record) = self.window.admit_secure(record, trusted) {
                batch.push(&record);
            }
            batch.secure.push(written);
        }
    }

    /// Takes messages into the batch; whether somebody waits for it.
    fn take(&mut self, taken: &mut Vec<Message>, batch: &mut Batch) -> bool {
        let is_enabled = self.settings.borrow().enabled;
        for message in taken.drain(..) {
            match message {
                Message::Note { record, trusted } if is_enabled => {
                    if let Some(record) = self.window.admit(*record, trusted) {
                        batch.push(&record);
                    }
                }
                Message::Note { .. } => {}
                Message::Flush(done) => batch.flushed.push(done),
            }
        }
        !batch.flushed.is_empty()
    }

    async fn write(&mut self, mut batch: Batch) {
        if batch.lines.is_empty() {
            return end(batch, true);
        }
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            batch.lines += &line::of(&of_lost(lost, batch.last));
        }
        let Some(mut file) = self.file.take() else { return end(batch, false) };
        file.settings = *self.settings.borrow();
        let (lines, durable) = (std::mem::take(&mut batch.lines), !batch.secure.is_empty());
        let writing = tokio::task::spawn_blocking(move || {
            let written = file.append(lines.as_bytes(), durable);
            (file, written)
        });
        // It can only fail to join by a panic, which ends the process.
        let Ok((file, written)) = writing.await else { return end(batch, false) };
        self.file = Some(file);
        if written.is_err() {
            self.window.forget_secured();
            self.lost.fetch_add(lost.saturating_add(batch.records), Ordering::Relaxed);
        }
        let is_written = written.is_ok();
        self.tell(written);
        end(batch, is_written);
    }

    /// Says so once when the log begins to fail, and when it works again.
    fn tell(&mut self, written: io::Result<()>) {
        match written {
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                tracing::error!(%error, "the audit log cannot be written; check the room and modes of the state directory");
            }
            Ok(()) if self.is_failing => {
                self.is_failing = false;
                tracing::info!("the audit log is written again");
            }
            _ => {}
        }
    }
}

/// Tells those who wait.
fn end(batch: Batch, written: bool) {
    for waiting in batch.secure {
        if waiting.send(written).is_err() {
            tracing::debug!("a client went away before its record was written");
        }
    }
    for waiting in batch.flushed {
        if waiting.send(()).is_err() {
            tracing::debug!("a client went away before the audit log was written");
        }
    }
}

/// Resolves at the end of the window; never where there is none.
async fn due(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// That records are missing before here.
fn of_lost(count: u64, time: i64) -> AuditRecord {
    AuditRecord {
        time,
        until: time,
        count,
        outcome: AuditOutcome::Lost,
        way: AuditWay::Native,
        account: None,
        generation: None,
        scope: Vec::new(),
        resource: None,
        user: None,
        uid: crate::peer::owner(),
        pid: None,
        started: None,
        program: None,
        unit: None,
        socket: None,
    }
}
