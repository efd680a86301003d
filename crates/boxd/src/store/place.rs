//! Whether a directory is fit for secrets: whose it is, who may write there, and what disk it is on.

use std::{fs, io, path::Path};

use super::OpenError;

/// Makes a directory of ours, mode 0700, durably; one that is there already must be safe.
pub(super) fn prepare(path: &Path) -> Result<(), OpenError> {
    match fs::symlink_metadata(path) {
        Ok(_) => refuse_unsafe(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(error) => Err(OpenError::io("look at the directory", path, error)),
    }
}

fn make(path: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::io("make the directory", path, source);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.exists() {
        make(parent)?;
    }
    make_private(path).map_err(failed)?;
    sync(parent).map_err(failed)
}

#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        // A strict umask may have taken our own rights too.
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(0o700)),
    }
}

/// Only the owner and the system get in, whatever the directory above it grants.
#[cfg(windows)]
fn make_private(path: &Path) -> io::Result<()> {
    match boxd_os::windows::file::make_private_directory(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

#[cfg(unix)]
fn sync(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "the other systems can fail here")]
fn sync(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Refuses a directory that belongs to somebody else or that others can write to.
#[cfg(unix)]
pub(super) fn refuse_unsafe(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path).map_err(|error| OpenError::io("look at the directory", path, error))?;
    let insecure = |why: String| Err(OpenError::Insecure { path: path.to_path_buf(), why });
    if !metadata.is_dir() {
        return insecure("it is not a directory; give another place".into());
    }
    let me = rustix::process::geteuid().as_raw();
    if metadata.uid() != me {
        let owner = metadata.uid();
        return insecure(format!(
            "it belongs to uid {owner}, but boxd runs as {me}; chown it, or give another place"
        ));
    }
    if metadata.mode() & 0o022 != 0 {
        let mode = metadata.mode() & 0o7777;
        return insecure(format!(
            "others can write to it (mode {mode:04o}); run: chmod 700 {}",
            path.display()
        ));
    }
    Ok(())
}

/// Refuses a directory that all users of the machine can write to. What boxd makes itself is closed; the default place
/// lies in the user's profile, which Windows closes.
#[cfg(windows)]
pub(super) fn refuse_unsafe(path: &Path) -> Result<(), OpenError> {
    let insecure = |why: String| Err(OpenError::Insecure { path: path.to_path_buf(), why });
    if !path.is_dir() {
        return insecure("it is not a directory; give another place".into());
    }
    let loose = super::rights::lets_a_crowd_write(path)
        .map_err(|error| OpenError::io("look at the rights of the directory", path, error))?;
    if loose {
        return insecure(format!(
            "all users of this machine can write to it; run: icacls \"{}\" /inheritance:r /grant:r \
             \"%USERNAME%:(OI)(CI)F\" \"SYSTEM:(OI)(CI)F\"",
            path.display()
        ));
    }
    Ok(())
}

/// Refuses a secret file that others can read or that belongs to somebody else.
#[cfg(unix)]
pub(super) fn refuse_readable_by_others(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata =
        fs::symlink_metadata(path).map_err(|error| OpenError::io("look at the file", path, error))?;
    if metadata.mode().trailing_zeros() >= 6 && metadata.uid() == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let why = format!(
        "it must belong to the user who runs boxd and to nobody else (mode {:04o}, uid {}); if others may \
         have read it, log in again with a new key, else run: chmod 600 {}",
        metadata.mode() & 0o7777,
        metadata.uid(),
        path.display()
    );
    Err(OpenError::Insecure { path: path.to_path_buf(), why })
}

#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "the other systems can fail here")]
pub(super) fn refuse_readable_by_others(_path: &Path) -> Result<(), OpenError> {
    Ok(())
}

/// Refuses file systems that another machine may have mounted too.
pub(super) fn refuse_network(path: &Path) -> Result<(), OpenError> {
    let kind = network_kind(path).map_err(|error| OpenError::io("look at the file system", path, error))?;
    match kind {
        Some(kind) => Err(OpenError::NetworkFileSystem { path: path.to_path_buf(), kind }),
        None => Ok(()),
    }
}

/// File systems that several machines can mount at once, by the magic numbers of statfs(2).
///
/// FUSE and 9P are not among them: they also carry the disks of containers and virtual machines.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NETWORK: [(u32, &str); 13] = [
    (0x6969, "nfs"),
    (0x517B, "smb"),
    (0xFE53_4D42, "smb2"),
    (0xFF53_4D42, "cifs"),
    (0x5346_414F, "afs"),
    (0x6B41_4653, "afs"),
    (0x7375_7245, "coda"),
    (0x00C3_6400, "ceph"),
    (0x0BD0_0BD0, "lustre"),
    (0x0116_1970, "gfs2"),
    (0x7461_636F, "ocfs2"),
    (0x4750_4653, "gpfs"),
    (0x1983_0326, "beegfs"),
];

#[cfg(any(target_os = "linux", target_os = "android"))]
fn network_kind(path: &Path) -> io::Result<Option<&'static str>> {
    // The field's type differs between architectures; the magic is its lower 32 bits.
    let magic = i128::from(rustix::fs::statfs(path)?.f_type) & 0xFFFF_FFFF;
    Ok(kind_of(u32::try_from(magic).unwrap_or_default()))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn kind_of(magic: u32) -> Option<&'static str> {
    NETWORK.iter().find(|(network, _)| *network == magic).map(|(_, kind)| *kind)
}

/// macOS and the BSDs tell themselves whether a file system is local.
#[cfg(target_vendor = "apple")]
fn network_kind(path: &Path) -> io::Result<Option<&'static str>> {
    /// `MNT_LOCAL` of `<sys/mount.h>`.
    const LOCAL: u32 = 0x1000;
    Ok((rustix::fs::statfs(path)?.f_flags & LOCAL == 0).then_some("not local"))
}

/// Elsewhere only a path that names a server shows it.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
#[expect(clippy::unnecessary_wraps, reason = "the other systems can fail here")]
fn network_kind(path: &Path) -> io::Result<Option<&'static str>> {
    use std::path::{Component, Prefix};
    let server = matches!(path.components().next(), Some(Component::Prefix(prefix))
        if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)));
    Ok(server.then_some("a network share"))
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_magic() {
        assert_eq!(kind_of(0x6969), Some("nfs"));
        assert_eq!(kind_of(0xFE53_4D42), Some("smb2"));
        assert_eq!(kind_of(0xEF53), None, "ext4");
        refuse_network(Path::new("/proc")).unwrap();
    }
}
