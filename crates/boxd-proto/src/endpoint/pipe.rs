//! The names of boxd's pipes on Windows.

use std::path::{Path, PathBuf, absolute};

use boxd_os::windows::Sid;

use super::EndpointError;

/// Where the pipes of this machine are.
const PIPES: &str = r"\\.\pipe\";

/// The pipe of this user's daemon. Each user has another, so that nobody can take the name from somebody else by chance;
/// who takes it on purpose is found out by both ends.
pub(super) fn own_pipe() -> Option<PathBuf> {
    Some(PathBuf::from(format!("{PIPES}boxd-{}", Sid::of_this_process().ok()?)))
}

/// The pipe of a daemon of this user that has a state directory of its own: a pipe cannot be in a directory, so its name
/// has a digest of the directory's.
pub(super) fn of_state_dir(dir: &Path) -> PathBuf {
    let dir = absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let name = dir.to_string_lossy().to_lowercase().replace('/', r"\");
    let user = own_pipe().unwrap_or_else(|| PathBuf::from(format!("{PIPES}boxd")));
    PathBuf::from(format!("{}-{:016x}", user.display(), fnv1a(name.trim_end_matches('\\').as_bytes())))
}

/// Anything else could be a file, or a pipe of another machine.
pub(super) fn refuse_other_than_pipes(path: &Path) -> Result<(), EndpointError> {
    let name = path.to_string_lossy().to_lowercase().replace('/', r"\");
    match name.strip_prefix(PIPES) {
        Some(rest) if !rest.is_empty() => Ok(()),
        _ => Err(EndpointError::NotAPipe { path: path.display().to_string() }),
    }
}

/// FNV-1a of 64 bits (RFC 9923): the same in every build.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directory_has_one_pipe_however_it_is_written() {
        let pipe = of_state_dir(Path::new(r"C:\Users\Ann\Boxd"));
        assert!(pipe.to_string_lossy().starts_with(r"\\.\pipe\boxd-S-1-5-"), "{pipe:?}");
        assert_eq!(pipe, of_state_dir(Path::new(r"c:/users/ann/boxd/")));
        assert_ne!(pipe, of_state_dir(Path::new(r"C:\Users\Ann\other")));
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c, "the value of the RFC");
    }

    #[test]
    fn files_and_other_machines_are_refused() {
        for path in [r"C:\boxd.sock", r"\\server\pipe\boxd", r"\\.\pipe\", "boxd", r"\\.\C:"] {
            assert!(refuse_other_than_pipes(Path::new(path)).is_err(), "{path}");
        }
        for path in [r"\\.\pipe\x", r"\\.\PIPE\boxd-work", "//./pipe/boxd"] {
            assert!(refuse_other_than_pipes(Path::new(path)).is_ok(), "{path}");
        }
    }
}
