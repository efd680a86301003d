//! Sockets that somebody else listens on for us, so that clients may come before boxd does (`sd_listen_fds(3)`).

use std::{
    ffi::{OsStr, OsString},
    io,
    os::{fd::OwnedFd, unix::ffi::OsStringExt as _},
    path::{Path, PathBuf},
};

use rustix::net::{SocketAddrUnix, getsockname};

use super::invalid;
use crate::platform;

/// Descriptors that systemd passes begin here (`SD_LISTEN_FDS_START`).
const FIRST: i32 = 3;
/// More are a mistake.
const MOST: i32 = 64;

/// A socket of the service manager.
#[derive(Debug)]
pub struct Inherited {
    pub(crate) fd: OwnedFd,
    /// Where clients find it; `None` for one without a path.
    pub(crate) path: Option<PathBuf>,
    /// What the manager calls it (`FileDescriptorName=`).
    pub(crate) name: String,
}

/// What was handed over cannot be served on.
#[derive(Debug, thiserror::Error)]
pub enum Misfit {
    /// The variables are not what systemd passes.
    #[error(
        "the service manager's sockets cannot be taken over: {0}; check the .socket unit, or Sockets in the plist"
    )]
    Variables(#[source] io::Error),
    /// Somebody asked for another place.
    #[error(
        "--socket or BOXD_SOCKET says {}, but the service manager listens on {}: leave it out, or name that place as \
         ListenStream= in the .socket unit",
        asked.display(), inherited
    )]
    Elsewhere {
        /// The place that was asked for.
        asked: PathBuf,
        /// Those that were handed over.
        inherited: String,
    },
}

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

/// Where a socket is bound; whether it can be served on is the listener's to find out.
pub(crate) fn path_of(fd: &OwnedFd) -> Option<PathBuf> {
    let address = SocketAddrUnix::try_from(getsockname(fd).ok()?).ok()?;
    let path = address.path()?.to_bytes().to_vec();
    Some(PathBuf::from(OsString::from_vec(path)))
}

/// The rule where both a flag and the service manager name a place: they must agree. With several sockets the flag
/// chooses the one that boxd says it is at; without a flag that is the first one named `boxd`, else the first.
pub(crate) fn main_place(inherited: &[Inherited], asked: Option<&Path>) -> Result<Option<PathBuf>, Misfit> {
    let Some(asked) = asked else {
        let main = inherited.iter().find(|one| one.name == "boxd").or(inherited.first());
        return Ok(main.and_then(|main| main.path.clone()));
    };
    if inherited.is_empty() || inherited.iter().any(|one| one.is_at(asked)) {
        return Ok(Some(asked.to_owned()));
    }
    let places = inherited.iter().map(|one| match &one.path {
        Some(path) => path.display().to_string(),
        None => "a socket without a path".to_owned(),
    });
    Err(Misfit::Elsewhere { asked: asked.to_owned(), inherited: places.collect::<Vec<_>>().join(" and ") })
}

impl Inherited {
    /// By its very file too, which may be reached by a symbolic link.
    fn is_at(&self, asked: &Path) -> bool {
        let Some(path) = &self.path else { return false };
        path == asked || matches!((path.canonicalize(), asked.canonicalize()), (Ok(a), Ok(b)) if a == b)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn inherited(path: &Path, name: &str) -> Inherited {
        let fd = OwnedFd::from(UnixListener::bind(path).unwrap());
        Inherited { path: path_of(&fd), fd, name: name.to_owned() }
    }

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

    #[test]
    fn a_place_that_was_asked_for_must_be_among_those_handed_over() {
        let directory = tempfile::tempdir().unwrap();
        let (first, second) = (directory.path().join("first"), directory.path().join("second"));
        let both = [inherited(&first, "extra"), inherited(&second, "boxd")];
        assert_eq!(main_place(&both, None).unwrap(), Some(second));
        assert_eq!(main_place(&both, Some(&first)).unwrap(), Some(first.clone()));
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&first, &link).unwrap();
        assert_eq!(main_place(&both, Some(&link)).unwrap(), Some(link));
        let elsewhere = main_place(&both, Some(Path::new("/run/x"))).unwrap_err().to_string();
        assert!(elsewhere.contains("/run/x") && elsewhere.contains("second"), "{elsewhere}");
        // Nothing was handed over: a flag is all there is.
        assert_eq!(main_place(&[], None).unwrap(), None);
        assert_eq!(main_place(&[], Some(&first)).unwrap(), Some(first));
    }
}
