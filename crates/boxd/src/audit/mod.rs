//! The log of who was given which token: queued, merged, and written in batches by one task. Never a token.
//!
//! Handing out does not wait for the disk, unless the config says `required`. A record of a program that is new to the
//! log is written a moment later; its repeats are counted, and written once a minute. Nothing is due while nobody
//! asks.

mod file;
mod line;
mod merging;
mod query;
mod system;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use boxd_proto::{AuditQuery, AuditRecord};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

/// Records that wait to be written; those beyond are counted as lost.
const QUEUED: usize = 4096;
/// Records that somebody waits for: in a queue of their own, which those who are denied cannot fill.
const SECURED: usize = 4096;
/// How long a token waits for its record to be on the disk.
const SECURE_WITHIN: Duration = Duration::from_secs(5);

/// How the log is kept: `[audit]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether there is one.
    pub enabled: bool,
    /// No token leaves before its record is durable.
    pub required: bool,
    /// A file that would grow beyond this, in bytes, is put aside for a new one.
    pub max_size: u64,
    /// How many files there are at most, with the one that is written.
    pub keep: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, required: false, max_size: 5 << 20, keep: 5 }
    }
}

/// The log. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Audit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    directory: PathBuf,
    queue: mpsc::Sender<Message>,
    secure: mpsc::Sender<Secure>,
    settings: watch::Sender<Settings>,
    enabled: AtomicBool,
    required: AtomicBool,
    lost: Arc<AtomicU64>,
}

/// For the task that writes.
#[derive(Debug)]
enum Message {
    Note {
        record: Box<AuditRecord>,
        /// It is the owner's, who could write the log as well: no bound on its share.
        trusted: bool,
    },
    /// Everything that came before is to be written.
    Flush(oneshot::Sender<()>),
}

/// A record that is to be durable, and then to be told of: `false` where it could not be written.
#[derive(Debug)]
struct Secure {
    record: AuditRecord,
    trusted: bool,
    written: oneshot::Sender<bool>,
}

/// No record could be made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written, and the config says that no token leaves without a record")]
pub struct Unrecorded;

impl Audit {
    /// Begins to keep the log in this directory. Must be called within a tokio runtime.
    pub fn start(directory: PathBuf, settings: Settings) -> Self {
        let (queue, messages) = mpsc::channel(QUEUED);
        let (secure, urgent) = mpsc::channel(SECURED);
        let (set, settings_now) = watch::channel(settings);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = writer::Writer::new(&directory, settings_now, Arc::clone(&lost));
        tokio::spawn(writer.run(messages, urgent));
        Self(Arc::new(Shared {
            directory,
            queue,
            secure,
            settings: set,
            enabled: AtomicBool::new(settings.enabled),
            required: AtomicBool::new(settings.required),
            lost,
        }))
    }

    /// Changes how the log is kept, from the next record on.
    pub fn configure(&self, settings: Settings) {
        self.0.enabled.store(settings.enabled, Ordering::Relaxed);
        self.0.required.store(settings.required, Ordering::Relaxed);
        self.0.settings.send_replace(settings);
    }

    /// Whether there is anything to record.
    pub fn is_enabled(&self) -> bool {
        self.0.enabled.load(Ordering::Relaxed)
    }

    /// Records that a token is handed out: at once where that need not be durable.
    ///
    /// # Errors
    /// Where it must be, and cannot.
    pub async fn hand_out(&self, record: AuditRecord, trusted: bool) -> Result<(), Unrecorded> {
        if !self.0.required.load(Ordering::Relaxed) {
            self.note(record, trusted);
            return Ok(());
        }
        let (written, outcome) = oneshot::channel();
        self.0.secure.try_send(Secure { record, trusted, written }).map_err(|_full| Unrecorded)?;
        match timeout(SECURE_WITHIN, outcome).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false) | Err(_)) | Err(_) => Err(Unrecorded),
        }
    }

    /// Records something that nothing waits for.
    pub fn note(&self, record: AuditRecord, trusted: bool) {
        if self.0.queue.try_send(Message::Note { record: Box::new(record), trusted }).is_err() {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many records could not be written and are not accounted for in the log yet.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Writes what is waiting, repeats too.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.0.queue.send(Message::Flush(done)).await.is_ok() {
            // It is dropped where the task has ended.
            drop(flushed.await);
        }
    }

    /// What the log holds, the oldest first; `earliest` is a date in seconds. It is read on a thread of its own, no
    /// faster than it is taken.
    pub async fn read(&self, query: AuditQuery, earliest: Option<i64>) -> mpsc::Receiver<AuditRecord> {
        self.flush().await;
        let (found, records) = mpsc::channel(64);
        let directory = self.0.directory.clone();
        tokio::task::spawn_blocking(move || query::read(&directory, &query, earliest, &found));
        records
    }
}

#[cfg(test)]
mod tests;
