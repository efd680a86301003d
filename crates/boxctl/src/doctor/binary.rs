//! Check `program`: whether the service starts a program that is there, and no other than the one that runs.

use std::path::{Path, PathBuf};

use super::{finding::Finding, scene::Scene, unit};

const NAME: &str = "program";

/// What follows the path of a program that was replaced while it ran (`proc_pid_exe(5)`).
const DELETED: &str = " (deleted)";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let named = unit::show("boxd.service", scene.system).and_then(|unit| unit.program);
    // A hardened daemon does not even tell its own user which program it is.
    let running = scene
        .answering()
        .and_then(|answering| std::fs::read_link(format!("/proc/{}/exe", answering.info.pid)).ok());
    let there = named.as_deref().is_none_or(Path::is_file);
    vec![judge(named, running, there, scene.system)]
}

fn judge(named: Option<PathBuf>, running: Option<PathBuf>, there: bool, system: bool) -> Finding {
    let option = if system { " --system" } else { "" };
    if let Some(named) = named.as_ref().filter(|_named| !there) {
        let evidence = format!("the unit starts {}, which is not there", named.display());
        return Finding::fail(NAME, evidence, format!("install boxd, then: boxctl service install{option}"));
    }
    let replaced = running.as_ref().is_some_and(|running| running.to_string_lossy().ends_with(DELETED));
    if replaced {
        let evidence = "boxd was replaced on disk since it started: the old program still runs";
        return Finding::warn(NAME, evidence, format!("boxctl service restart{option}, or start boxd anew"));
    }
    match (named, running) {
        (Some(named), Some(running)) if resolved(&named) != resolved(&running) => Finding::warn(
            NAME,
            format!("{} runs, but the unit starts {}", running.display(), named.display()),
            format!(
                "boxctl service install{option}, or end the one that runs and: boxctl service start{option}"
            ),
        ),
        (Some(program), _) | (None, Some(program)) => Finding::ok(NAME, program.display().to_string()),
        (None, None) => Finding::skipped(NAME, "neither a unit nor a running boxd tells which program it is"),
    }
}

/// Without links: `/bin` is one to `/usr/bin` on many systems.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_error| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    fn state(named: Option<&str>, running: Option<&str>, there: bool) -> State {
        judge(named.map(Into::into), running.map(Into::into), there, false).state
    }

    #[test]
    fn programs_are_compared() {
        assert_eq!(state(Some("/x/boxd"), Some("/x/boxd"), true), State::Ok);
        assert_eq!(state(None, Some("/x/boxd"), true), State::Ok);
        assert_eq!(state(Some("/x/boxd"), None, true), State::Ok);
        assert_eq!(state(None, None, true), State::Skipped);
        assert_eq!(state(Some("/x/boxd"), Some("/y/boxd"), true), State::Warn);
        assert_eq!(state(Some("/x/boxd"), Some("/x/boxd (deleted)"), true), State::Warn);
        assert_eq!(state(Some("/x/boxd"), None, false), State::Fail);
    }
}
