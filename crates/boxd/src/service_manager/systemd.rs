//! systemd: sockets that it passes by number (`sd_listen_fds(3)`).

use std::{ffi::OsStr, io};

use super::inherited::{Inherited, Misfit, path_of};
use crate::platform;

/// Descriptors that are passed begin here (`SD_LISTEN_FDS_START`).
const FIRST: i32 = 3;
/// More are a mistake.
const MOST: i32 = 64;

/// Takes over what was passed to this very process; nothing where it was passed to another.
pub(super) fn take() -> Result<Vec<Inherited>, Misfit> {
    let (pid, fds) = (platform::take_variable("LISTEN_PID"), platform::take_variable("LISTEN_FDS"));
    let names = platform::take_variable("LISTEN_FDNAMES").unwrap_or_default();
    let count = count(pid.as_deref(), fds.as_deref(), std::process::id()).map_err(Misfit::Variables)?;
    let names = names.to_string_lossy().into_owned();
    let mut names = names.split(':');
    let descriptors = platform::take_descriptors(FIRST, count).map_err(Misfit::Variables)?;
    let named = descriptors.into_iter().map(|fd| {
        let name = names.next().unwrap_or_default().to_owned();
        Inherited { path: path_of(&fd), fd, name }
    });
    Ok(named.collect())
}

fn count(pid: Option<&OsStr>, fds: Option<&OsStr>, own: u32) -> io::Result<i32> {
    let (Some(pid), Some(fds)) = (pid, fds) else { return Ok(0) };
    let pid: u32 = number(pid).ok_or_else(|| invalid("LISTEN_PID is no number"))?;
    if pid != own {
        return Ok(0);
    }
    number(fds)
        .filter(|count| (0..=MOST).contains(count))
        .ok_or_else(|| invalid(format!("LISTEN_FDS is no number up to {MOST}")))
}

fn number<N: std::str::FromStr>(text: &OsStr) -> Option<N> {
    text.to_str()?.parse().ok()
}

fn invalid(text: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_count_only_for_the_process_that_they_were_passed_to() {
        let value = |text| Some(OsStr::new(text));
        assert_eq!(count(value("7"), value("2"), 7).unwrap(), 2);
        assert_eq!(count(value("8"), value("2"), 7).unwrap(), 0);
        assert_eq!(count(None, value("2"), 7).unwrap(), 0);
        assert_eq!(count(value("7"), None, 7).unwrap(), 0);
        for (pid, fds) in [("x", "1"), ("7", "x"), ("7", "-1"), ("7", "65"), ("7", "4294967296")] {
            assert!(count(value(pid), value(fds), 7).is_err(), "{pid} {fds}");
        }
    }
}
