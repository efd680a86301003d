//! What the system tells of the daemon's process.

use super::scene::Scene;

/// A process, as `/proc` shows it to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// Its effective user id.
    pub(super) uid: u32,
    /// Whether it leaves core dumps and lets itself be traced; `None` where that cannot be seen: root's processes
    /// look the same either way.
    pub(super) dumpable: Option<bool>,
    /// `RLIMIT_CORE` in bytes; `None`: unlimited.
    pub(super) core_limit: Option<u64>,
}

impl Process {
    /// The process of this number; `None` where the system does not tell.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).ok();
        let uid = effective_uid(&read("status")?)?;
        // proc(5): what belongs to a process that is not dumpable belongs to root here.
        let owner = owner_of(&format!("/proc/{pid}/environ"))?;
        Some(Self {
            uid,
            dumpable: (uid != 0).then_some(owner == uid),
            core_limit: core_limit(&read("limits")?)?,
        })
    }

    /// Why there is none.
    pub(super) fn unseen(scene: &Scene) -> &'static str {
        match scene.answering() {
            Some(_) => "this system does not show it",
            None => "no boxd runs here that could be looked at",
        }
    }
}

#[cfg(unix)]
fn owner_of(file: &str) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(file).ok().map(|meta| meta.uid())
}

#[cfg(not(unix))]
fn owner_of(_file: &str) -> Option<u32> {
    None
}

/// The second of the four numbers after `Uid:`.
fn effective_uid(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The soft limit; the inner `None` is no limit.
#[expect(clippy::option_option, reason = "not told, told that there is none, and a number")]
fn core_limit(limits: &str) -> Option<Option<u64>> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(None),
        number => Some(Some(number.parse().ok()?)),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_proc_are_read() {
        assert_eq!(effective_uid("Name:\tboxd\nUid:\t1000\t1001\t1000\t1000\n"), Some(1001));
        let limits =
            |soft: &str| format!("Limit  Soft  Hard  Units\nMax core file size  {soft}  unlimited  bytes\n");
        assert_eq!(core_limit(&limits("0")), Some(Some(0)));
        assert_eq!(core_limit(&limits("unlimited")), Some(None));
        assert_eq!(core_limit("nothing"), None);
    }

    #[test]
    fn this_very_process() {
        let this = Process::of(std::process::id()).unwrap();
        assert_eq!(this.uid, rustix::process::geteuid().as_raw());
        assert_eq!(Process::of(u32::MAX), None);
    }
}
