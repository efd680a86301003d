//! Whether others can put something else in the place of a file: whose it is, its mode, and every directory above.

use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::import::shell_word;

/// A file or directory as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) path: PathBuf,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Permission bits with set-id and sticky.
    pub(super) mode: u32,
}

/// Who may have what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Whose it must be, besides root.
    pub(super) owner: u32,
    /// Rights that nobody but the owner may have on the file itself.
    pub(super) closed: u32,
}

const ROOT: u32 = 0;
const STICKY: u32 = 0o1000;
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;

/// The path, resolved, and all directories above it, from the inside out; `None` where it cannot be looked at.
#[cfg(unix)]
pub(super) fn steps(path: &Path) -> Option<Vec<Step>> {
    use std::os::unix::fs::MetadataExt as _;
    let path = path.canonicalize().ok()?;
    let look = |path: &Path| {
        let meta = std::fs::symlink_metadata(path).ok()?;
        let (uid, gid, mode) = (meta.uid(), meta.gid(), meta.mode() & 0o7777);
        Some(Step { path: path.to_owned(), uid, gid, mode })
    };
    path.ancestors().map(look).collect()
}

#[cfg(not(unix))]
pub(super) fn steps(_path: &Path) -> Option<Vec<Step>> {
    None
}

/// The user who should own what boxd uses: whom boxd runs as.
#[cfg(unix)]
pub(super) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
pub(super) fn own_uid() -> u32 {
    ROOT
}

/// What is wrong with a path or one of the directories above it; nothing where all is in order.
pub(super) fn judge(check: &'static str, steps: &[Step], rule: Rule) -> Vec<Finding> {
    let Some((first, above)) = steps.split_first() else { return Vec::new() };
    let mut findings = Vec::new();
    let shown = first.path.display().to_string();
    let word = shell_word(&shown);
    if first.uid != rule.owner && first.uid != ROOT {
        findings.push(Finding::fail(
            check,
            format!("{shown} belongs to uid {}, not to uid {}", first.uid, rule.owner),
            format!("chown {} {word}", rule.owner),
        ));
    }
    if first.mode & rule.closed != 0 {
        findings.push(Finding::fail(
            check,
            format!("{shown} is open to others (mode {:04o})", first.mode),
            format!("chmod {} {word}", chmod(rule.closed)),
        ));
    }
    findings.extend(above.iter().filter_map(|step| of_directory(check, step, rule.owner)));
    findings
}

fn chmod(closed: u32) -> &'static str {
    if closed & 0o044 == 0 { "go-w" } else { "go=" }
}

/// Whoever can write a directory can rename what is in it, unless it is sticky.
fn of_directory(check: &'static str, step: &Step, owner: u32) -> Option<Finding> {
    let shown = step.path.display().to_string();
    let word = shell_word(&shown);
    if step.uid != ROOT && step.uid != owner {
        return Some(Finding::warn(
            check,
            format!("{shown} above it belongs to uid {}, who can put something else there", step.uid),
            "move it below a directory of your own or root's",
        ));
    }
    if step.mode & STICKY != 0 {
        return None;
    }
    if step.mode & OTHERS_WRITE != 0 {
        let evidence = format!("{shown} above it can be written by everybody (mode {:04o})", step.mode);
        return Some(Finding::fail(check, evidence, format!("chmod o-w {word}")));
    }
    // A user's own group, by the convention that it has the user's number, has nobody else in it.
    let own_group = step.gid == step.uid;
    if step.mode & GROUP_WRITES != 0 && !own_group {
        let evidence =
            format!("{shown} above it can be written by the group {} (mode {:04o})", step.gid, step.mode);
        return Some(Finding::warn(check, evidence, format!("chmod g-w {word}")));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    const RULE: Rule = Rule { owner: 1000, closed: 0o022 };

    fn step(path: &str, uid: u32, mode: u32) -> Step {
        Step { path: path.into(), uid, gid: 100, mode }
    }

    fn states(steps: &[Step]) -> Vec<State> {
        judge("x", steps, RULE).into_iter().map(|finding| finding.state).collect()
    }

    #[test]
    fn what_is_ours_below_roots_is_in_order() {
        let steps = [step("/home/a/x", 1000, 0o700), step("/home/a", 1000, 0o755), step("/home", 0, 0o755)];
        assert!(states(&steps).is_empty());
        let in_tmp = [step("/tmp/x", 1000, 0o700), step("/tmp", 0, 0o1777), step("/", 0, 0o755)];
        assert!(states(&in_tmp).is_empty());
    }

    #[test]
    fn foreign_or_open_is_wrong_and_says_how_to_close_it() {
        assert_eq!(states(&[step("/x", 7, 0o700)]), [State::Fail]);
        let open = judge("x", &[step("/a b", 1000, 0o770)], RULE);
        assert_eq!(open[0].remedy.as_deref(), Some("chmod go-w '/a b'"));
        let readable = judge("x", &[step("/key", 1000, 0o640)], Rule { closed: 0o077, ..RULE });
        assert_eq!(readable[0].remedy.as_deref(), Some("chmod go= /key"));
    }

    #[test]
    fn directories_above_count_too() {
        let below = |mode, uid| states(&[step("/d/x", 1000, 0o700), step("/d", uid, mode)]);
        assert_eq!(below(0o777, 0), [State::Fail]);
        assert_eq!(below(0o775, 0), [State::Warn]);
        assert_eq!(below(0o755, 8), [State::Warn]);
        let own_group = Step { gid: 1000, ..step("/d", 1000, 0o775) };
        assert!(states(&[step("/d/x", 1000, 0o700), own_group]).is_empty());
    }
}
