//! Check `ptrace`: whether other programs of the same user can read the daemon's memory.

use super::{finding::Finding, process::Process, scene::Scene};

const NAME: &str = "ptrace";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let process = scene.answering().and_then(|answering| Process::of(answering.info.pid));
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok();
    vec![match process {
        Some(process) => judge(process, scope.and_then(|scope| scope.trim().parse().ok())),
        None => Finding::skipped(NAME, Process::unseen(scene)),
    }]
}

/// `scope` is that of Yama (Linux: Documentation/admin-guide/LSM/Yama.rst), `None` where there is no Yama.
fn judge(process: Process, scope: Option<u8>) -> Finding {
    if process.dumpable == Some(false) {
        return Finding::ok(NAME, "boxd is not dumpable: only root can read its memory");
    }
    if process.uid == 0 {
        return Finding::ok(NAME, "boxd runs as root: only root can read its memory");
    }
    match scope {
        Some(scope) if scope >= 1 => Finding::ok(
            NAME,
            format!("kernel.yama.ptrace_scope is {scope}: your other programs cannot trace boxd"),
        ),
        scope => {
            let told = scope
                .map_or_else(|| "there is no Yama".into(), |_| "kernel.yama.ptrace_scope is 0".to_owned());
            Finding::warn(
                NAME,
                format!("{told}: every program of the same user can read boxd's memory"),
                "sudo sysctl -w kernel.yama.ptrace_scope=1, and the same line in /etc/sysctl.d; or use the system service",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    fn state(uid: u32, dumpable: Option<bool>, scope: Option<u8>) -> State {
        judge(Process { uid, dumpable, core_limit: None }, scope).state
    }

    #[test]
    fn either_the_process_or_the_kernel_forbids_it() {
        assert_eq!(state(1000, Some(false), Some(0)), State::Ok);
        assert_eq!(state(1000, Some(true), Some(1)), State::Ok);
        assert_eq!(state(1000, Some(true), Some(0)), State::Warn);
        assert_eq!(state(1000, Some(true), None), State::Warn);
        assert_eq!(state(0, None, None), State::Ok);
    }
}
