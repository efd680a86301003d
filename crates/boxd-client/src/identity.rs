//! Whether the process behind a socket may be told a secret.

use std::path::Path;

/// Whether a server of this uid is trusted at this socket: it is ourselves, root, or the owner of a directory
/// that nobody else can write, so that nobody else can have put the socket there.
pub(crate) fn is_trusted(server: u32, socket: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    if server == 0 || server == rustix::process::geteuid().as_raw() {
        return true;
    }
    let Some(directory) = socket.parent() else { return false };
    std::fs::symlink_metadata(directory)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == server && meta.mode() & WRITABLE_BY_OTHERS == 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn only_ourselves_root_and_the_owner_of_a_closed_directory() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("boxd.sock");
        let me = std::fs::metadata(dir.path()).unwrap().uid();
        assert!(is_trusted(me, &socket));
        assert!(is_trusted(0, &socket));
        assert!(!is_trusted(me + 4711, &socket));
    }

    #[test]
    fn a_foreign_owner_is_trusted_only_in_a_directory_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("boxd.sock");
        let foreign = 54321;
        if std::os::unix::fs::chown(dir.path(), Some(foreign), None).is_err() {
            // Only root can make a directory somebody else's.
            return;
        }
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(is_trusted(foreign, &socket));
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o775)).unwrap();
        assert!(!is_trusted(foreign, &socket));
    }
}
