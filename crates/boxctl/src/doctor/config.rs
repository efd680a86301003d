//! Check `config`: whether others can change what boxd is told.

use super::{
    finding::Finding,
    path_safety::{self, Rule, own_uid},
    scene::Scene,
};

const NAME: &str = "config";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let Some(file) = &scene.config else {
        return vec![Finding::skipped(
            NAME,
            "where the config file is, only a running boxd tells on this system",
        )];
    };
    let shown = file.display();
    if !cfg!(unix) {
        return vec![Finding::ok(NAME, format!("{shown}; its access list is inherited from your profile"))];
    }
    let missing = file.symlink_metadata().is_err();
    if missing {
        return vec![Finding::ok(NAME, format!("{shown} is not there: boxd takes its defaults"))];
    }
    let Some(steps) = path_safety::steps(file) else {
        return vec![Finding::skipped(NAME, format!("{shown} cannot be looked at"))];
    };
    let owner = if scene.system { steps.first().map_or(0, |step| step.uid) } else { own_uid() };
    let mut found = path_safety::judge(NAME, &steps, Rule { owner, closed: 0o022 });
    if found.is_empty() {
        let mode = steps.first().map_or(0, |step| step.mode);
        found.push(Finding::ok(NAME, format!("{shown}, mode {mode:04o}")));
    }
    found
}
