//! Changes of state that the service manager waits for (`sd_notify(3)`).

use sd_notify::NotifyState;

/// Clients are served, with the configuration as it is.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// SIGHUP has come; [`ready`] follows.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        // systemd 253 and newer tell by it to which signal this is the answer.
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// No more clients are taken.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Tells the service manager, where there is one.
pub(super) fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}
