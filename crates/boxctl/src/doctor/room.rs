//! Check `room`: whether a renewed login can be saved.

use std::path::Path;

use super::{finding::Finding, scene::Scene};

const NAME: &str = "room";

/// Below this many bytes a few renewals may not fit.
const SCARCE: u64 = 4 * 1024 * 1024;
/// Below this many it is time to look.
const LITTLE: u64 = 64 * 1024 * 1024;

/// What a file system has left.
#[derive(Clone, Copy, Debug)]
struct Room {
    bytes: u64,
    /// Files that can still be made; `None` where there is no such limit.
    files: Option<u64>,
    read_only: bool,
}

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let Some(directory) = &scene.state_dir else {
        return vec![Finding::skipped(NAME, "the state directory is not known")];
    };
    match room_of(directory) {
        Some(room) => vec![judge(directory, room)],
        None => vec![Finding::skipped(NAME, format!("{} cannot be looked at", directory.display()))],
    }
}

#[cfg(unix)]
fn room_of(directory: &Path) -> Option<Room> {
    let stat = rustix::fs::statvfs(directory).ok()?;
    Some(Room {
        bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
        files: (stat.f_files > 0).then_some(stat.f_favail),
        read_only: stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
    })
}

#[cfg(windows)]
fn room_of(directory: &Path) -> Option<Room> {
    let bytes = boxd_os::windows::file::room(directory).ok()?;
    Some(Room { bytes, files: None, read_only: false })
}

fn judge(directory: &Path, room: Room) -> Finding {
    let shown = directory.display();
    if room.read_only {
        let remedy = "mount it for writing: a renewed login that cannot be saved is not used";
        return Finding::fail(NAME, format!("{shown} is on a file system that is read-only"), remedy);
    }
    let mib = room.bytes / (1024 * 1024);
    let left = match room.files {
        Some(files) => format!("{mib} MiB and {files} files are left for {shown}"),
        None => format!("{mib} MiB are left for {shown}"),
    };
    let remedy = "make room there: boxd renews nothing that it could not save";
    match room.bytes {
        bytes if bytes < SCARCE || room.files.is_some_and(|files| files < 8) => {
            Finding::fail(NAME, left, remedy)
        }
        bytes if bytes < LITTLE => Finding::warn(NAME, left, remedy),
        _ => Finding::ok(NAME, left),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    #[test]
    fn room_runs_out_in_bytes_in_files_or_at_once() {
        let state = |bytes, files, read_only| judge(Path::new("/s"), Room { bytes, files, read_only }).state;
        assert_eq!(state(1 << 30, None, false), State::Ok);
        assert_eq!(state(1 << 30, Some(3), false), State::Fail);
        assert_eq!(state(32 << 20, Some(1000), false), State::Warn);
        assert_eq!(state(1 << 20, Some(1000), false), State::Fail);
        assert_eq!(state(1 << 30, Some(1000), true), State::Fail);
    }
}
