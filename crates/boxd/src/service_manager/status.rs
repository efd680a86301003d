//! One line for `systemctl status`: how the accounts are.

use std::time::Duration;

use super::Notices;
use crate::broker::Broker;

/// What happens to accounts within this time is told together.
const GATHERED: Duration = Duration::from_secs(2);

/// Tells how the accounts are whenever that changes; returns at once where nobody hears it.
pub(super) async fn keep_telling(notices: &Notices, broker: &Broker) {
    if !notices.are_heard() {
        return;
    }
    let mut told = String::new();
    loop {
        let changed = broker.changed();
        let summary = broker.summary().await;
        if summary != told {
            notices.tell(&format!("STATUS={summary}")).await;
            told = summary;
        }
        changed.await;
        tokio::time::sleep(GATHERED).await;
    }
}
