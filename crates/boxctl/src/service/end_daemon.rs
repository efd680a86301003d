//! Ends the daemon by a word of ours, for a service manager that can only end it without asking.

use std::{thread::sleep, time::Duration};

use boxd_client::{Client, Info};

use super::{observe::serving, site::Site};

/// A renewal in flight has 30 s, clients 5 s.
#[cfg(windows)]
const AT_MOST: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(50);
const ATTEMPTS: u32 = 1200;

/// Returns once it has ended, or where there is none that listens to this.
pub(super) fn end_daemon(site: &Site) {
    let Some(info) = serving(site) else { return };
    let Some(socket) = site.socket.clone() else { return };
    let watched = Watched::new(&info);
    // One of an earlier version does not know the word.
    let is_ending = Client::connect_to(socket).is_ok_and(|mut client| client.shutdown().is_ok());
    if is_ending {
        watched.wait(site);
    }
}

/// The daemon, to see when it has ended.
#[derive(Debug)]
struct Watched {
    #[cfg(windows)]
    process: Option<boxd_os::windows::Process>,
    pid: u32,
}

impl Watched {
    fn new(info: &Info) -> Self {
        Self {
            #[cfg(windows)]
            process: boxd_os::windows::Process::of(info.pid).ok(),
            pid: info.pid,
        }
    }

    fn wait(self, site: &Site) {
        #[cfg(windows)]
        if let Some(process) = self.process {
            // It may well be saving something for longer than it answers.
            process.ends_within(AT_MOST).ok();
            return;
        }
        for _ in 0..ATTEMPTS {
            if serving(site).is_none_or(|info| info.pid != self.pid) {
                return;
            }
            sleep(PAUSE);
        }
    }
}
