//! Check `core`: whether a crash could write the daemon's memory, with every secret in it, to disk.

use super::{finding::Finding, process::Process, scene::Scene};

const NAME: &str = "core";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let process = scene.answering().and_then(|answering| Process::of(answering.info.pid));
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    vec![match process {
        Some(process) => judge(process, pattern.trim()),
        None => Finding::skipped(NAME, Process::unseen(scene)),
    }]
}

fn judge(process: Process, pattern: &str) -> Finding {
    // core(5): a limit does not hold where the core goes to a program.
    let piped = pattern.starts_with('|');
    let by_limit = process.core_limit == Some(0) && !piped;
    if process.dumpable == Some(false) {
        return Finding::ok(NAME, "boxd is not dumpable: it leaves no core file");
    }
    if by_limit {
        return Finding::ok(NAME, "boxd leaves no core file (RLIMIT_CORE is 0)");
    }
    if process.dumpable.is_none() && process.core_limit == Some(0) {
        let handler = pattern.trim_start_matches('|').split(' ').next().unwrap_or_default();
        return Finding::ok(
            NAME,
            format!("RLIMIT_CORE of boxd is 0; {handler} gets what root's programs leave"),
        );
    }
    let limit = process.core_limit.map_or_else(|| "unlimited".into(), |bytes| format!("{bytes} bytes"));
    Finding::warn(
        NAME,
        format!(
            "a crash of boxd may leave its memory in a core file (limit {limit}, core_pattern {pattern})"
        ),
        "LimitCORE=0 in its unit (systemctl edit boxd), or `ulimit -c 0` before it is started",
    )
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    fn state(dumpable: Option<bool>, core_limit: Option<u64>, pattern: &str) -> State {
        judge(Process { uid: 1000, dumpable, core_limit }, pattern).state
    }

    #[test]
    fn a_core_is_kept_from_being_written_in_two_ways() {
        assert_eq!(state(Some(false), None, "|/usr/lib/systemd/systemd-coredump %P"), State::Ok);
        assert_eq!(state(Some(true), Some(0), "core"), State::Ok);
        assert_eq!(state(Some(true), Some(0), "|/usr/share/apport/apport %p"), State::Warn);
        assert_eq!(state(Some(true), None, "core"), State::Warn);
        assert_eq!(state(None, Some(0), "|/usr/share/apport/apport %p"), State::Ok);
    }
}
