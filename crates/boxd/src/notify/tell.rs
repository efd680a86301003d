//! The two ways an event takes: the log, and the command.

use std::time::Duration;

use super::{
    event::{Event, Urgency},
    hook, journal,
};
use crate::config::Hook;

/// Pauses before a failed command is run again.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];

/// The journal's catalogue of our messages (`MESSAGE_ID`, systemd.journal-fields(7)): never changed, only added to.
fn message_id(kind: &str) -> &'static str {
    match kind {
        "login_required" => "7cbed8f76c8942ef832cbc26342eabfa",
        "action_required" => "7d7cbbff572140a494f285b9053efb9b",
        "unsaved" => "4ee8ca6813c543d7a6b2db76f29e23b1",
        "deadline" => "37f27e177006493eb6a97591771f41b7",
        _ => "12ec83737fcd4d7bb7d1f22ca923bf4a",
    }
}

/// Into the journal with its fields where stderr is the journal's, else as a line of the log.
pub(super) fn aloud(event: &Event) {
    let line = match event.urgency {
        Urgency::Low => event.message.clone(),
        Urgency::Normal | Urgency::Critical => format!("{}; next: {}", event.message, event.next_step),
    };
    let account = event.account.as_ref().map_or("", |account| account.as_str());
    let state = event.state.map_or("", boxd_json::state);
    // Levels of syslog: err, warning, notice.
    let priority = match event.urgency {
        Urgency::Critical => "3",
        Urgency::Normal => "4",
        Urgency::Low => "5",
    };
    let in_journal = journal::send(&[
        ("MESSAGE", &line),
        ("MESSAGE_ID", message_id(event.kind)),
        ("PRIORITY", priority),
        ("SYSLOG_IDENTIFIER", "boxd"),
        ("BOXD_EVENT", event.kind),
        ("BOXD_ACCOUNT", account),
        ("BOXD_STATE", state),
        ("BOXD_NEXT_STEP", &event.next_step),
    ]);
    if in_journal {
        return;
    }
    match event.urgency {
        Urgency::Critical => tracing::error!("{line}"),
        Urgency::Normal => tracing::warn!("{line}"),
        Urgency::Low => tracing::info!("{line}"),
    }
}

/// To the command of `[notify]`, up to three times.
pub(super) async fn through(hook: &Hook, event: &Event) -> Result<(), String> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let Err(error) = once(hook, event).await else { return Ok(()) };
        let error = format!("[notify] command {}: {error}", hook.program.display());
        let Some(pause) = pauses.next() else {
            tracing::error!(%error, event = event.id, "nobody was notified");
            return Err(error);
        };
        tracing::warn!(%error, event = event.id, "nobody was notified; trying again");
        tokio::time::sleep(pause).await;
    }
}

async fn once(hook: &Hook, event: &Event) -> Result<(), String> {
    let (hook, input) = (hook.clone(), format!("{}\n", event.json));
    let running = tokio::task::spawn_blocking(move || {
        hook::run(&hook, hook::environment(|name| std::env::var_os(name)), &input, hook::DEADLINES)
    });
    // It can only fail to join if it panicked, which aborts the process.
    running.await.unwrap_or_else(|_| Err("boxd ends".into()))
}
