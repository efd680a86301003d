//! Check `disk`: whether the state directory is on a file system of this machine alone.

use std::path::Path;

use super::{finding::Finding, scene::Scene};

const NAME: &str = "disk";

/// File systems that several machines can mount at once, by their names in `/proc/self/mountinfo`.
const SHARED: [&str; 14] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "coda",
    "ceph",
    "lustre",
    "gfs2",
    "ocfs2",
    "gpfs",
    "beegfs",
    "fuse.sshfs",
];

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let directory = scene.state_dir.as_ref().and_then(|directory| directory.canonicalize().ok());
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok();
    let kind = directory.as_ref().zip(mounts).and_then(|(directory, mounts)| kind_at(directory, &mounts));
    match (directory, kind) {
        (Some(directory), Some(kind)) => vec![judge(&directory, &kind)],
        _ => vec![Finding::skipped(NAME, "the file system of the state directory cannot be told")],
    }
}

fn judge(directory: &Path, kind: &str) -> Finding {
    if SHARED.contains(&kind) {
        return Finding::fail(
            NAME,
            format!(
                "{} is on a network file system ({kind}): a second machine could spend the same login",
                directory.display()
            ),
            "move it to a local disk: stop boxd, move the directory, and name it with --state-dir or BOXD_STATE_DIR",
        );
    }
    Finding::ok(NAME, format!("the state directory is on {kind}, a file system of this machine"))
}

/// The kind of the file system that a path is on (`proc_pid_mountinfo(5)`): of the longest mount point above it, and
/// of several there the last.
fn kind_at(path: &Path, mounts: &str) -> Option<String> {
    let above = mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = unescaped(before.split(' ').nth(4)?);
        let depth = Path::new(&point).components().count();
        path.starts_with(&point).then(|| (depth, after.split(' ').next().unwrap_or_default().to_owned()))
    });
    above.max_by_key(|(depth, _kind)| *depth).map(|(_depth, kind)| kind)
}

/// Spaces, tabs, line ends and backslashes stand there as three octal digits.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(text.to_owned(), |text, (code, sign)| text.replace(code, sign))
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    const MOUNTS: &str = "\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:30 / /home rw shared:2 - nfs4 server:/home rw
31 30 8:2 / /home/my\\040disk rw - btrfs /dev/sdb rw
40 21 0:40 / /mnt rw - tmpfs a rw
41 21 0:41 / /mnt rw - xfs b rw
";

    #[test]
    fn the_nearest_mount_counts() {
        let at = |path: &str| kind_at(Path::new(path), MOUNTS).unwrap();
        assert_eq!(at("/var/lib/boxd"), "ext4");
        assert_eq!(at("/home/a/.local/state/boxd"), "nfs4");
        assert_eq!(at("/homeless"), "ext4");
        assert_eq!(at("/home/my disk/x"), "btrfs");
        assert_eq!(at("/mnt/x"), "xfs", "the last of two in one place hides the other");
        assert_eq!(kind_at(Path::new("/x"), ""), None);
    }

    #[test]
    fn a_disk_of_several_machines_is_wrong() {
        assert_eq!(judge(Path::new("/s"), "nfs4").state, State::Fail);
        assert_eq!(judge(Path::new("/s"), "ext4").state, State::Ok);
    }
}
