//! What the kernel tells of the process at the other end of a local socket, beyond its user.

use interprocess::local_socket::tokio::Stream;

use crate::access::Unit;

/// What is found out of a process for the audit log. Evidence only: it may become another program at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Process {
    /// When it was started, in clock ticks since boot.
    pub(crate) started: Option<u64>,
    /// Its executable.
    pub(crate) program: Option<String>,
    /// Its unit.
    pub(crate) unit: Option<Unit>,
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    #[cfg(unix)]
    use interprocess::local_socket::traits::StreamCommon as _;

    use super::{Process, Stream, Unit};

    /// Its groups, as far as the system counts them all (`xucred` holds 16).
    #[cfg(unix)]
    pub(crate) fn groups(stream: &Stream) -> Option<Vec<u32>> {
        let credentials = stream.peer_creds().ok()?;
        let whole = credentials.groups().filter(|_| !credentials.groups_truncated())?;
        let mut groups = whole.to_vec();
        groups.extend(credentials.egid());
        Some(groups)
    }

    /// Windows has none that are meant by this.
    #[cfg(windows)]
    pub(crate) fn groups(_stream: &Stream) -> Option<Vec<u32>> {
        None
    }

    /// There is no systemd.
    pub(crate) fn unit(_stream: &Stream, _pid: u32) -> Option<Unit> {
        None
    }

    /// There is no /proc.
    pub(crate) fn process(_pid: u32) -> Process {
        Process::default()
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs,
        io::{self, Read as _},
        os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
    };

    use interprocess::local_socket::traits::StreamCommon as _;
    use rustix::{
        event::{PollFd, PollFlags, Timespec},
        process::{Pid, PidfdFlags},
    };

    use super::{Process, Stream, Unit};

    /// More groups than these a process can't have (`NGROUPS_MAX`, limits.h).
    const MOST_GROUPS: usize = 65_536;

    /// All of its groups when it connected: the primary one and the supplementary ones (`SO_PEERGROUPS`, since
    /// Linux 4.13). `None` where the kernel does not tell.
    pub(crate) fn groups(stream: &Stream) -> Option<Vec<u32>> {
        let mut groups = supplementary(socket(stream)).ok()?;
        groups.push(stream.peer_creds().ok()?.egid()?);
        Some(groups)
    }

    /// Its systemd unit, made sure to be that of the process that connected. `None` where that can't be told.
    ///
    /// A number of a process can come to mean another one, so the process is held by a descriptor, and must still live
    /// once its group is read. Before Linux 6.5 (no `SO_PEERPIDFD`) the descriptor is opened by number, right after
    /// the connection is taken: who could get the very number of a unit's process in between would be taken for it.
    pub(crate) fn unit(stream: &Stream, pid: u32) -> Option<Unit> {
        let held = match process_of(socket(stream)) {
            Ok(held) => held,
            Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => {
                let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
                rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()?
            }
            Err(_) => return None,
        };
        let unit = unit_of(pid)?;
        lives(&held).then_some(unit)
    }

    /// What /proc tells now.
    pub(crate) fn process(pid: u32) -> Process {
        // Of another user's process its name alone can be read, which it gives itself: in brackets, as ps(1) has it.
        let named = || read(pid, "comm").map(|name| format!("[{}]", name.trim_end()));
        let program = fs::read_link(format!("/proc/{pid}/exe"));
        Process {
            started: read(pid, "stat").as_deref().and_then(started),
            program: program.ok().map(|path| path.to_string_lossy().into_owned()).or_else(named),
            unit: unit_of(pid),
        }
    }

    /// A file of a process, by one read: this is in the way of a new client's first token. What is too long for that
    /// is unknown.
    fn read(pid: u32, name: &str) -> Option<String> {
        let mut text = vec![0; 8 * 1024];
        let length = fs::File::open(format!("/proc/{pid}/{name}")).ok()?.read(&mut text).ok()?;
        if length == text.len() {
            return None;
        }
        text.truncate(length);
        // Only a process's own name can be anything but text.
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    fn unit_of(pid: u32) -> Option<Unit> {
        Unit::of_cgroups(&read(pid, "cgroup")?)
    }

    /// Field 22 of `proc_pid_stat(5)`. The second one is a name in parentheses, with any character in it.
    fn started(stat: &str) -> Option<u64> {
        stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
    }

    /// Its descriptor is readable once it has ended (`pidfd_open(2)`).
    fn lives(held: &OwnedFd) -> bool {
        let mut watched = [PollFd::new(held, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut watched, Some(&at_once)) == Ok(0)
    }

    fn socket(stream: &Stream) -> BorrowedFd<'_> {
        use std::os::fd::AsFd as _;
        match stream {
            Stream::UdSocket(stream) => stream.as_fd(),
        }
    }

    fn supplementary(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
        let mut groups = vec![0_u32; 64];
        loop {
            match option(socket, libc::SO_PEERGROUPS, &mut groups) {
                Ok(bytes) => {
                    groups.truncate(bytes / size_of::<u32>());
                    return Ok(groups);
                }
                // There are more.
                Err(error) if error.raw_os_error() == Some(libc::ERANGE) && groups.len() < MOST_GROUPS => {
                    groups.resize(groups.len() * 4, 0);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn process_of(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        let mut number = [-1_i32];
        let length = option(socket, libc::SO_PEERPIDFD, &mut number)?;
        let [number] = number;
        if length != size_of::<i32>() || number < 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        #[expect(unsafe_code, reason = "the kernel gives descriptors as numbers")]
        // SAFETY: the kernel has just made this descriptor for us (SO_PEERPIDFD, unix(7)), and nobody else knows it.
        let held = unsafe { OwnedFd::from_raw_fd(number) };
        Ok(held)
    }

    /// A number that the kernel may write: any bytes are one.
    trait Number: Copy {}
    impl Number for u32 {}
    impl Number for i32 {}

    /// Reads an option of a socket; returns how many bytes it has.
    fn option<N: Number>(socket: BorrowedFd<'_>, name: libc::c_int, values: &mut [N]) -> io::Result<usize> {
        let too_many = |_| io::Error::from(io::ErrorKind::InvalidInput);
        let mut length = libc::socklen_t::try_from(size_of_val(values)).map_err(too_many)?;
        #[expect(unsafe_code, reason = "rustix has no call for these options")]
        // SAFETY: the descriptor is open as long as it is borrowed; `values` is writable for `length` bytes, which the
        // kernel does not exceed, and every pattern of bits is a valid `N`.
        let result = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                name,
                values.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        usize::try_from(length).map_err(too_many)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_with_parentheses_does_not_shift_the_fields() {
            let fields: Vec<String> = (3..=52).map(|field: u32| field.to_string()).collect();
            assert_eq!(started(&format!("7 (a) b (c)) {}", fields.join(" "))), Some(22));
            assert_eq!(started("7 (a"), None);
        }

        #[test]
        fn this_process_is_known() {
            let process = process(std::process::id());
            assert_eq!(process.program, std::env::current_exe().unwrap().to_str().map(str::to_owned));
            assert!(process.started.is_some());
            assert_eq!(super::process(u32::MAX), Process::default());
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{groups, process, unit};
#[cfg(target_os = "linux")]
pub(crate) use linux::{groups, process, unit};
