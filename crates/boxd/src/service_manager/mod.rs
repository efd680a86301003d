//! What a service manager hands over at the start, and what it is told: systemd's protocol (`sd_notify(3)`,
//! `sd_listen_fds(3)`). Where none started boxd, nothing here does anything.

#[cfg(windows)]
mod absent;
#[cfg(unix)]
mod activation;
#[cfg(target_os = "macos")]
mod launchd;
#[cfg(unix)]
mod notice;
mod status;
mod watchdog;

use std::time::Duration;

#[cfg(windows)]
use self::absent as activation;
#[cfg(windows)]
use self::absent::Notices;
pub(crate) use self::activation::main_place;
#[cfg(unix)]
pub(crate) use self::activation::path_of;
#[cfg(unix)]
use self::notice::Notices;
pub use self::{
    activation::{Inherited, Misfit},
    watchdog::Loops,
};
use crate::broker::Broker;
#[cfg(unix)]
use crate::platform;

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
    #[cfg(windows)]
    pub fn take() -> Self {
        Self { manager: ServiceManager::default(), sockets: Ok(Vec::new()) }
    }

    /// Takes everything over. To be called once, before there is a second thread.
    #[cfg(unix)]
    pub fn take() -> Self {
        #[cfg(not(target_os = "macos"))]
        let sockets = activation::take();
        #[cfg(target_os = "macos")]
        let sockets = match launchd::take() {
            Ok(sockets) if sockets.is_empty() => activation::take(),
            taken => taken,
        };
        let notices = Notices::to(platform::take_variable("NOTIFY_SOCKET"));
        let usec = platform::take_variable("WATCHDOG_USEC");
        let pid = platform::take_variable("WATCHDOG_PID");
        let watchdog = watchdog::period(usec, pid, std::process::id());
        Self { manager: ServiceManager { notices, watchdog }, sockets }
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

#[cfg(unix)]
fn invalid(text: impl Into<String>) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidInput, text.into())
}
