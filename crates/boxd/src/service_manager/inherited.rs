//! Sockets that somebody else listens on for us, so that clients may come before boxd does.

use std::{
    ffi::OsString,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStringExt as _},
    path::{Path, PathBuf},
};

use rustix::net::{SocketAddrUnix, getsockname};

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
    /// What should say which they are is not as it must be.
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
