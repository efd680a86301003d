//! What a service manager hands over at the start, and what it is told: systemd's protocol (`sd_notify(3)`,
//! `sd_listen_fds(3)`). Where none started boxd, nothing here does anything.

#[cfg(windows)]
mod absent;
#[cfg(unix)]
mod inherited;
#[cfg(target_vendor = "apple")]
mod launchd;
#[cfg(unix)]
mod notice;
mod status;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod systemd;
mod watchdog;

use std::time::Duration;

#[cfg(windows)]
pub(crate) use self::absent::main_place;
#[cfg(windows)]
use self::absent::{self as notice, Notices, take};
#[cfg(windows)]
pub use self::absent::{Inherited, Misfit};
#[cfg(unix)]
pub use self::inherited::{Inherited, Misfit};
#[cfg(unix)]
pub(crate) use self::inherited::{main_place, path_of};
#[cfg(target_vendor = "apple")]
use self::launchd::take;
#[cfg(unix)]
use self::notice::Notices;
#[cfg(all(unix, not(target_vendor = "apple")))]
use self::systemd::take;
pub use self::watchdog::Loops;
use crate::broker::Broker;

/// How long a stop may take beyond what the unit says, if that is less: a renewal in flight has 30 s, clients 5 s.
const STOP_AT_MOST: Duration = Duration::from_secs(40);

/// The manager that started this process.
#[derive(Debug, Default)]
pub struct ServiceManager {
    notices: Notices,
    /// It ends a daemon that does not ping for this long (`WatchdogSec=`).
    watchdog: Option<Duration>,
}

/// What the manager says by variables; they are for this process, not for the programs that it runs.
#[derive(Debug)]
pub struct Handover {
    /// To be told how things go.
    pub manager: ServiceManager,
    /// Sockets that it listens on for us.
    pub sockets: Result<Vec<Inherited>, Misfit>,
}

impl Handover {
    /// Takes everything over. To be called once, before there is a second thread.
    pub fn take() -> Self {
        let manager = ServiceManager { notices: Notices::of_this_process(), watchdog: notice::watchdog() };
        Self { manager, sockets: take() }
    }
}

impl ServiceManager {
    /// Clients are served, by the configuration as it is.
    pub async fn ready(&self) {
        self.notices.tell("READY=1").await;
    }

    /// The configuration is being read anew; [`Self::ready`] follows.
    pub async fn reloading(&self) {
        self.notices.tell_of_reload().await;
    }

    /// No more clients are taken.
    pub async fn stopping(&self) {
        let extend = STOP_AT_MOST.as_micros();
        self.notices.tell(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={extend}\nSTATUS=stopping")).await;
    }

    /// Tells how the accounts are, and that boxd makes progress, for as long as it is polled.
    pub async fn keep_informed(&self, broker: &Broker, loops: Loops) {
        tokio::join!(status::keep_telling(&self.notices, broker), async {
            if let Some(period) = self.watchdog {
                watchdog::keep_pinging(&self.notices, period, loops).await;
            }
        });
    }
}
