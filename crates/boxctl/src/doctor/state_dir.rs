//! Check `state`: whether the sealed grants and their key are closed to others.

use std::path::{Path, PathBuf};

use super::{
    finding::Finding,
    path_safety::{self, Rule, own_uid},
    scene::Scene,
};

const NAME: &str = "state";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let Some(directory) = &scene.state_dir else {
        return vec![Finding::skipped(
            NAME,
            "where the state directory is, only a running boxd tells on this system",
        )];
    };
    let shown = directory.display();
    if !cfg!(unix) {
        return vec![Finding::ok(NAME, format!("{shown}; its access list is inherited from your profile"))];
    }
    if directory.symlink_metadata().is_err() {
        return vec![Finding::skipped(NAME, format!("{shown} is not there yet: boxd makes it"))];
    }
    let Some(steps) = path_safety::steps(directory) else {
        return vec![Finding::skipped(NAME, format!("{shown} cannot be looked at"))];
    };
    let owner = if scene.system { steps.first().map_or(0, |step| step.uid) } else { own_uid() };
    let mut found = path_safety::judge(NAME, &steps, Rule { owner, closed: 0o022 });
    for key in keys(directory) {
        found.extend(of_key(&key, owner));
    }
    if found.is_empty() {
        let mode = steps.first().map_or(0, |step| step.mode);
        found.push(Finding::ok(NAME, format!("{shown}, mode {mode:04o}")));
    }
    found
}

/// Where keys are kept in files: the first one, and those that came after it by name.
fn keys(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let is_key = |name: &std::ffi::OsStr| name == "key" || name.to_string_lossy().starts_with("key-");
    entries.filter(|entry| is_key(&entry.file_name())).map(|entry| entry.path()).collect()
}

/// The key file, where there is one; what is above it was judged already.
fn of_key(key: &Path, owner: u32) -> Vec<Finding> {
    match path_safety::steps(key) {
        Some(steps) => {
            path_safety::judge(NAME, steps.get(..1).unwrap_or_default(), Rule { owner, closed: 0o077 })
        }
        None => Vec::new(),
    }
}
