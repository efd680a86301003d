//! Messages to the service manager, one datagram each (`sd_notify(3)`, "Notification protocol").

use std::{ffi::OsString, io, os::unix::net, time::Duration};

use tokio::{net::UnixDatagram, time::timeout};

use crate::{clock::monotonic_micros, platform::take_variable};

/// A manager that takes no messages for so long does without this one: clients come first.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where messages go, if anywhere.
#[derive(Debug, Default)]
pub(super) struct Notices(Option<OsString>);

/// After how long without a ping the manager ends this process (`WatchdogSec=`); `None` where it does not watch it.
pub(super) fn watchdog() -> Option<Duration> {
    period(take_variable("WATCHDOG_USEC"), take_variable("WATCHDOG_PID"), std::process::id())
}

fn period(usec: Option<OsString>, pid: Option<OsString>, own: u32) -> Option<Duration> {
    let number = |value: OsString| value.to_str()?.parse::<u64>().ok();
    let watched = pid.is_none_or(|pid| number(pid) == Some(u64::from(own)));
    usec.filter(|_| watched).and_then(number).filter(|usec| *usec > 0).map(Duration::from_micros)
}

impl Notices {
    /// To whom the environment says.
    pub(super) fn of_this_process() -> Self {
        Self::to(take_variable("NOTIFY_SOCKET"))
    }

    /// To the socket that the variable names.
    fn to(address: Option<OsString>) -> Self {
        Self(address.filter(|address| !address.is_empty()))
    }

    /// Whether anybody hears them.
    pub(super) fn are_heard(&self) -> bool {
        self.0.is_some()
    }

    /// A reload begins (`Type=notify-reload`: when, by the manager's clock).
    pub(super) async fn tell_of_reload(&self) {
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_micros())).await;
    }

    /// Sends one, of lines `NAME=value`.
    pub(super) async fn tell(&self, message: &str) {
        let Some(address) = &self.0 else { return };
        let told = async { connect(address)?.send(message.as_bytes()).await };
        match timeout(PATIENCE, told).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, message, "the service manager could not be told"),
            Err(_elapsed) => tracing::warn!(message, "the service manager did not take a message"),
        }
    }
}

/// Anew for each message: the manager may have made its socket anew as well.
fn connect(address: &OsString) -> io::Result<UnixDatagram> {
    let socket = net::UnixDatagram::unbound()?;
    match abstract_name(address) {
        Some(address) => socket.connect_addr(&address?)?,
        None => socket.connect(address)?,
    }
    socket.set_nonblocking(true)?;
    UnixDatagram::from_std(socket)
}

/// `@` stands for the NUL of Linux's abstract names (unix(7)).
#[cfg(target_os = "linux")]
fn abstract_name(address: &OsString) -> Option<io::Result<net::SocketAddr>> {
    use std::os::{linux::net::SocketAddrExt as _, unix::ffi::OsStrExt as _};
    let name = address.as_bytes().strip_prefix(b"@")?;
    Some(net::SocketAddr::from_abstract_name(name))
}

#[cfg(not(target_os = "linux"))]
fn abstract_name(_address: &OsString) -> Option<io::Result<net::SocketAddr>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_is_one_datagram() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = net::UnixDatagram::bind(&path).unwrap();
        Notices::to(Some(path.into())).tell("A=1\nB=2").await;
        let mut buffer = [0; 64];
        let length = manager.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"A=1\nB=2");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_address_may_be_abstract() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("boxd-test-notify-{}", std::process::id());
        let manager =
            net::UnixDatagram::bind_addr(&net::SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Notices::to(Some(format!("@{name}").into())).tell("READY=1").await;
        let mut buffer = [0; 64];
        assert_eq!(manager.recv(&mut buffer).unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn a_manager_that_hears_nothing_holds_nobody_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let _deaf = net::UnixDatagram::bind(&path).unwrap();
        let filler = net::UnixDatagram::unbound().unwrap();
        filler.set_nonblocking(true).unwrap();
        while filler.send_to(b"x", &path).is_ok() {}
        timeout(PATIENCE * 2, Notices::to(Some(path.into())).tell("WATCHDOG=1")).await.unwrap();
        // Nor does one that is gone.
        Notices::to(Some("/nonexistent/notify".into())).tell("WATCHDOG=1").await;
    }
    #[test]
    fn a_period_counts_only_for_the_process_that_it_names() {
        let value = |text: &str| Some(OsString::from(text));
        assert_eq!(period(value("120000000"), value("7"), 7), Some(Duration::from_mins(2)));
        assert_eq!(period(value("120000000"), None, 7), Some(Duration::from_mins(2)));
        for (usec, pid) in
            [(value("120000000"), value("8")), (value("0"), None), (value("x"), None), (None, None)]
        {
            assert_eq!(period(usec, pid, 7), None);
        }
    }
}
